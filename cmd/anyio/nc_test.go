package main

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/pem"
	"io"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
)

// A running is an nc that runs on a goroutine of its own.
type running struct {
	t        *testing.T
	args     []string
	out, err watched
	status   chan int
	cancel   func()
}

// startNC runs nc with something on its stdin.
func startNC(t *testing.T, stdin io.Reader, args ...string) *running {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	r := &running{t: t, args: args, status: make(chan int, 1), cancel: cancel}
	go func() {
		status := run(ctx, append([]string{"nc"}, args...), stdio{stdin, &r.out, &r.err})
		r.out.end()
		r.err.end()
		r.status <- status
	}()
	t.Cleanup(cancel)
	return r
}

// wait waits for the end and looks at the status and at what was printed.
func (r *running) wait(status int, stdout, stderr string) {
	r.t.Helper()
	if got := <-r.status; got != status {
		r.t.Errorf("nc %q: status %d, want %d: %s", r.args, got, status, &r.err)
	}
	if got := r.out.String(); got != stdout {
		r.t.Errorf("nc %q: stdout of %d bytes %.60q, want %d bytes %.60q", r.args, len(got), got, len(stdout), stdout)
	}
	if got := r.err.String(); !strings.Contains(got, stderr) || stderr == "" && got != "" {
		r.t.Errorf("nc %q: stderr %q, want %q", r.args, got, stderr)
	}
}

var listening = regexp.MustCompile(`listening on .*?:(\d+)\n`)

// port waits until an nc -l -v listens, and returns the port.
func (r *running) port() string {
	r.t.Helper()
	return r.err.until(r.t, listening)[1]
}

// A watched is a buffer that one can wait for.
type watched struct {
	mu      sync.Mutex
	buf     bytes.Buffer
	changed chan struct{}
	ended   bool // no more will come
}

func (w *watched) end() {
	w.mu.Lock()
	w.ended = true
	w.mu.Unlock()
	_, _ = w.Write(nil)
}

func (w *watched) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.changed != nil {
		close(w.changed)
		w.changed = nil
	}
	return w.buf.Write(p)
}

func (w *watched) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.buf.String()
}

// until waits until what was written matches.
func (w *watched) until(t *testing.T, pattern *regexp.Regexp) (match []string) {
	t.Helper()
	w.wait(t, pattern.String(), func(text string) bool {
		match = pattern.FindStringSubmatch(text)
		return match != nil
	})
	return match
}

// wait waits until what was written is accepted.
func (w *watched) wait(t *testing.T, what string, accept func(text string) bool) {
	t.Helper()
	for {
		w.mu.Lock()
		if w.changed == nil {
			w.changed = make(chan struct{})
		}
		changed, text, ended := w.changed, w.buf.String(), w.ended
		w.mu.Unlock()
		if accept(text) {
			return
		}
		if ended {
			t.Fatalf("no %s in %.2000q", what, text)
		}
		<-changed
	}
}

// long is more than what the buffers of a connection hold.
var long = strings.Repeat("All work and no play makes nc a dull program.\n", 50_000)

var ncBackends = []string{"parallel", "eventloop"}

// pemFiles writes a certificate for localhost and its key.
func pemFiles(t *testing.T) (cert, key string) {
	t.Helper()
	pair, err := selfSigned(time.Now(), "localhost", "127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(pair.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	write := func(name, kind string, der []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	return write("cert.pem", "CERTIFICATE", pair.Certificate[0]), write("key.pem", "PRIVATE KEY", der)
}

// The one that has nothing to say ends its direction at once and still gets
// everything that the other one sends, in both roles.
func TestNetcatHalfClose(t *testing.T) {
	cert, key := pemFiles(t)
	for i, test := range []struct{ listen, dial string }{
		{"127.0.0.1 0", "127.0.0.1"},
		{"-4 localhost 0", "-4 localhost"},
		{"-tls -cert " + cert + " -key " + key + " 127.0.0.1 0", "-tls -ca " + cert + " 127.0.0.1"},
		{"-tls 127.0.0.1 0", "-tls -insecure 127.0.0.1"},
		{"-tls -cert " + cert + " -key " + key + " -ca " + cert + " 127.0.0.1 0", "-tls -cert " + cert + " -key " + key + " -ca " + cert + " -name localhost 127.0.0.1"},
	} {
		for j, talker := range []string{"the listener talks", "the client talks"} {
			here, there := long, ""
			if j == 1 {
				here, there = there, here
			}
			server := startNC(t, strings.NewReader(here), strings.Fields("-l -v -backend "+ncBackends[(i+j)%2]+" "+test.listen)...)
			client := startNC(t, strings.NewReader(there), strings.Fields("-backend "+ncBackends[i%2]+" "+test.dial+" "+server.port())...)
			client.wait(exitOK, here, "")
			server.wait(exitOK, there, "connection from 127.0.0.1:")
			if t.Failed() {
				t.Fatalf("%s: nc -l %s, nc %s", talker, test.listen, test.dial)
			}
		}
	}
}

func TestNetcatOverUNIXSockets(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("UNIX sockets on Windows are not for all of its versions")
	}
	for _, name := range ncBackends {
		dir, err := os.MkdirTemp("", "nc") // t.TempDir is too long for a socket on macOS
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = os.RemoveAll(dir) }()
		path := filepath.Join(dir, "s")
		server := startNC(t, strings.NewReader("welcome\n"), "-l", "-v", "-U", "-backend", name, path)
		server.err.until(t, regexp.MustCompile("listening on "))
		client := startNC(t, strings.NewReader(long), "-U", "-backend", name, path)
		client.wait(exitOK, "welcome\n", "")
		server.wait(exitOK, long, "connection from an unnamed socket")
		if _, err := os.Lstat(path); !os.IsNotExist(err) {
			t.Errorf("the socket was left behind: %v", err)
		}
	}
}

func TestNetcatOverUDP(t *testing.T) {
	for _, name := range ncBackends {
		server := startNC(t, strings.NewReader("pong\n"), "-l", "-v", "-u", "-backend", name, "127.0.0.1", "0")
		port := server.port()
		stdin, typing := io.Pipe()
		client := startNC(t, stdin, "-u", "-backend", name, "127.0.0.1", port)
		if _, err := io.WriteString(typing, "ping\n"); err != nil {
			t.Fatal(err)
		}
		client.out.until(t, regexp.MustCompile("pong\n"))
		server.out.until(t, regexp.MustCompile("ping\n"))
		server.cancel() // datagrams have no end
		server.wait(exitInterrupted, "ping\n", "datagram from 127.0.0.1:")
		client.cancel()
		client.wait(exitInterrupted, "pong\n", "")
	}
}

func TestNetcatTimeouts(t *testing.T) {
	for _, name := range ncBackends {
		server := startNC(t, strings.NewReader(""), "-l", "-v", "-backend", name, "-timeout", "10ms", "127.0.0.1", "0")
		server.wait(exitFailed, "", "anyio nc: no connection within 10ms\n")

		l, err := net.Listen("tcp", "127.0.0.1:0") // says nothing
		if err != nil {
			t.Fatal(err)
		}
		_, port, _ := net.SplitHostPort(l.Addr().String())
		stdin, typing := io.Pipe()
		client := startNC(t, stdin, "-backend", name, "-timeout", "500ms", "127.0.0.1", port)
		client.wait(exitFailed, "", "anyio nc: nothing was sent or received for 500ms\n")
		client = startNC(t, strings.NewReader(""), "-tls", "-backend", name, "-timeout", "50ms", "127.0.0.1", port)
		client.wait(exitFailed, "", "anyio nc: no connection within 50ms\n")
		_, _ = typing.Close(), l.Close()
	}
}

func TestNetcatErrorsAreOneLineAndStatus1(t *testing.T) {
	cert, key := pemFiles(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	_, taken, _ := net.SplitHostPort(l.Addr().String())
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, refused, _ := net.SplitHostPort(free.Addr().String())
	_ = free.Close()
	inUse := "in use"
	if runtime.GOOS == "windows" { // which says it in many words
		inUse = "bind: "
	}
	for _, test := range []struct{ args, want string }{
		{"127.0.0.1 " + refused, "refused"},
		{"-l 127.0.0.1 " + taken, inUse},
		{"-U " + filepath.Join(t.TempDir(), "nosuch"), "dial unix"},
		{"-6 127.0.0.1 1", "127.0.0.1"},
		{"-tls -ca " + filepath.Join("no", "such") + " 127.0.0.1 " + taken, "anyio nc: -ca: "},
		{"-tls -ca " + key + " 127.0.0.1 " + taken, "anyio nc: -ca: no certificate in "},
		{"-l -tls -cert " + cert + " 127.0.0.1 0", "anyio nc: -cert: "},
	} {
		for _, name := range ncBackends {
			status, stdout, stderr := runMain(t, t.Context(), strings.Fields("nc -backend "+name+" "+test.args)...)
			if status != exitFailed || stdout != "" || !strings.HasPrefix(stderr, "anyio nc: ") || !strings.Contains(stderr, test.want) || strings.Count(stderr, "\n") != 1 {
				t.Errorf("nc %s: status %d, stdout %q, stderr %q", test.args, status, stdout, stderr)
			}
		}
	}
}

func TestNetcatDoesNotTrustStrangers(t *testing.T) {
	server := startNC(t, strings.NewReader("secret"), "-l", "-tls", "-v", "127.0.0.1", "0")
	port := server.port()
	startNC(t, strings.NewReader("secret"), "-tls", "127.0.0.1", port).wait(exitFailed, "", "certificate")
	server.err.until(t, regexp.MustCompile("handshake as server"))
	// The listener has said so and waits for the next one.
	startNC(t, strings.NewReader("hello"), "-tls", "-insecure", "127.0.0.1", port).wait(exitOK, "secret", "")
	server.wait(exitOK, "hello", "TLS 1.3 with ")
}

func TestNetcatConnectionIsReset(t *testing.T) {
	for _, name := range ncBackends {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		_, port, _ := net.SplitHostPort(l.Addr().String())
		stdin, typing := io.Pipe() // nobody types
		client := startNC(t, stdin, "-backend", name, "127.0.0.1", port)
		c, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		_, _ = c.Write([]byte("hello"))
		client.out.until(t, regexp.MustCompile("hello"))
		_ = c.(*net.TCPConn).SetLinger(0)
		_ = c.Close()
		client.wait(exitFailed, "hello", "reset")
		_, _ = typing.Close(), l.Close()
	}
}

func TestNetcatCannotWriteItsOutput(t *testing.T) {
	server := startNC(t, strings.NewReader(long), "-l", "-v", "127.0.0.1", "0")
	port := server.port()
	var stderr bytes.Buffer
	status := run(t.Context(), []string{"nc", "127.0.0.1", port}, stdio{strings.NewReader(""), brokenWriter{}, &stderr})
	if status != exitFailed || !strings.Contains(stderr.String(), "disk full") {
		t.Errorf("status %d, stderr %q", status, &stderr)
	}
	<-server.status // it may have given all to the system before the other side failed
}
