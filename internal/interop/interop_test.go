// Package interop has no code: its tests let this library talk to programs that
// others wrote. A program that is not installed skips its tests.
package interop_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/process"
	"github.com/anyio-go/anyio/socket"
	"github.com/anyio-go/anyio/stream"
)

func TestMain(m *testing.M) { os.Exit(anyiotest.Main(m)) }

// with runs f on the real backends if the program is there.
func with(t *testing.T, program string, f func(t *testing.T, ctx context.Context)) {
	if _, err := exec.LookPath(program); err != nil {
		t.Skipf("the program %s is not installed", program)
	}
	anyiotest.Run(t, f, anyiotest.Skip("sim", "other programs are not part of a simulation"))
}

func must(t *testing.T, what string, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("%s: %v", what, err)
	}
}

// output runs a program to its end and returns what it has printed.
func output(t *testing.T, ctx context.Context, input string, args ...string) string {
	t.Helper()
	res, err := process.Run(ctx, process.Command{Args: args, Input: []byte(input), KillGroup: true})
	must(t, args[0], err)
	return string(res.Stdout)
}

// upper answers each piece of data in capitals, to the end of the stream.
func upper(ctx context.Context, s stream.ByteStream) error {
	buf := make([]byte, 4096)
	for {
		n, err := s.Receive(ctx, buf)
		if err == io.EOF {
			return errors.Join(s.SendEOF(ctx), s.Close(ctx))
		}
		if err != nil {
			return err
		}
		if err := s.Send(ctx, []byte(strings.ToUpper(string(buf[:n])))); err != nil {
			return err
		}
	}
}

// serving serves upper on l while body runs.
func serving[S stream.ByteStream](t *testing.T, ctx context.Context, l stream.Listener[S], body func(ctx context.Context)) {
	t.Helper()
	err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
		tg.Go(func(ctx context.Context) error {
			return l.Serve(ctx, nil, func(ctx context.Context, s S) error { return upper(ctx, s) })
		})
		body(ctx)
		tg.Cancel("the clients are done")
		return nil
	})
	must(t, "serving", errors.Join(err, l.Close(ctx)))
}

func TestSocatTalksToOurTCPServer(t *testing.T) {
	with(t, "socat", func(t *testing.T, ctx context.Context) {
		l, err := socket.ListenTCP(ctx, "127.0.0.1", 0)
		must(t, "listen", err)
		serving(t, ctx, l, func(ctx context.Context) {
			for range 3 { // socat's end of input is a half-close
				if got := output(t, ctx, "hello tcp", "socat", "-t", "20", "-", "TCP:"+l.Addr().String()); got != "HELLO TCP" {
					t.Errorf("got %q", got)
				}
			}
		})
	})
}

func TestSocatTalksToOurUnixServer(t *testing.T) {
	with(t, "socat", func(t *testing.T, ctx context.Context) {
		path := filepath.Join(t.TempDir(), "socket")
		l, err := socket.ListenUnix(ctx, path)
		must(t, "listen", err)
		serving(t, ctx, l, func(ctx context.Context) {
			big := strings.Repeat("0123456789abcdef", 1<<15)
			if got := output(t, ctx, big, "socat", "-t", "20", "-", "UNIX-CONNECT:"+path); got != strings.ToUpper(big) {
				t.Errorf("got %d bytes of %d", len(got), len(big))
			}
		})
	})
}

// serverProcess starts a program that serves, and returns when it is ready, which
// it says with a line on one of its outputs that has ready in it.
func serverProcess(t *testing.T, ctx context.Context, ready string, args ...string) (p *process.Process, line string) {
	t.Helper()
	p, err := process.Start(ctx, process.Command{Args: args, Stderr: process.ToStdout, KillGroup: true})
	must(t, args[0], err)
	lines := stream.NewBufferedReceiver(p.Stdout)
	for l, err := range lines.Lines(ctx, 1<<16) {
		must(t, args[0], err)
		if strings.Contains(string(l), ready) {
			return p, string(l)
		}
	}
	t.Fatalf("%s ended before it was ready", args[0])
	return nil, ""
}

func end(t *testing.T, ctx context.Context, p *process.Process) {
	t.Helper()
	if err := p.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		t.Error(err)
	}
	must(t, "end", p.Close(ctx))
}

// talk sends, ends its side, and reads to the end.
func talk(t *testing.T, ctx context.Context, s stream.ByteStream, text string) string {
	t.Helper()
	must(t, "send", s.Send(ctx, []byte(text)))
	must(t, "send EOF", s.SendEOF(ctx))
	var got []byte
	buf := make([]byte, 4096)
	for {
		n, err := s.Receive(ctx, buf)
		got = append(got, buf[:n]...)
		if err == io.EOF {
			must(t, "close", s.Close(ctx))
			return string(got)
		}
		must(t, "receive", err)
	}
}

func TestWeTalkToSocatOverTCP(t *testing.T) {
	with(t, "socat", func(t *testing.T, ctx context.Context) {
		p, line := serverProcess(t, ctx, "listening on", "socat", "-d", "-d", "-t", "20", "TCP-LISTEN:0,bind=127.0.0.1", "EXEC:tr a-z A-Z")
		defer end(t, ctx, p)
		s, err := socket.Dial(ctx, "tcp", line[strings.LastIndexByte(line, ' ')+1:])
		must(t, "dial", err)
		if got := talk(t, ctx, s, "hello socat"); got != "HELLO SOCAT" {
			t.Errorf("got %q", got)
		}
	})
}

func TestWeTalkToSocatOverUnixSockets(t *testing.T) {
	with(t, "socat", func(t *testing.T, ctx context.Context) {
		path := filepath.Join(t.TempDir(), "socket")
		p, _ := serverProcess(t, ctx, "listening on", "socat", "-d", "-d", "-t", "20", "UNIX-LISTEN:"+path, "EXEC:tr a-z A-Z")
		defer end(t, ctx, p)
		s, err := socket.DialUnix(ctx, path)
		must(t, "dial", err)
		if got := talk(t, ctx, s, "hello unix"); got != "HELLO UNIX" {
			t.Errorf("got %q", got)
		}
	})
}

func TestSocatAndWeExchangeDatagrams(t *testing.T) {
	with(t, "socat", func(t *testing.T, ctx context.Context) {
		u, err := socket.ListenUDP(ctx, "127.0.0.1", 0)
		must(t, "udp", err)
		defer u.Close(ctx)
		err = anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			tg.Go(func(ctx context.Context) error {
				buf := make([]byte, 100)
				n, from, err := u.ReceiveFrom(ctx, buf)
				if err != nil {
					return err
				}
				return u.SendTo(ctx, []byte("got "+string(buf[:n])), from)
			})
			// It ends after the first answer.
			if got := output(t, ctx, "ping", "socat", "-T", "20", "-", "UDP:"+u.LocalAddr().String()+",readbytes=8"); got != "got ping" {
				t.Errorf("got %q", got)
			}
			return nil
		})
		must(t, "group", err)
	})
}

// --- net/http over our listener ---

// httpServer serves pages while body runs. The handlers run on goroutines of net/http.
func httpServer(t *testing.T, ctx context.Context, body func(ctx context.Context, url string)) {
	t.Helper()
	l, err := socket.ListenTCP(ctx, "127.0.0.1", 0)
	must(t, "listen", err)
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		data, _ := io.ReadAll(r.Body)
		fmt.Fprintf(w, "%s %s %d", r.Method, r.URL.Path, len(data))
	})}
	served := make(chan error, 1)
	nl := stream.NetListener(ctx, l)
	go func() { served <- server.Serve(nl) }()
	body(ctx, "http://"+nl.Addr().String())
	_, err = anyio.RunBlockingValue(ctx, func() (struct{}, error) { return struct{}{}, server.Close() })
	must(t, "close", err)
	_, err = anyio.RunBlockingValue(ctx, func() (error, error) { return <-served, nil })
	must(t, "serve", err)
}

func TestCurlTalksToNetHTTPOnOurListener(t *testing.T) {
	with(t, "curl", func(t *testing.T, ctx context.Context) {
		httpServer(t, ctx, func(ctx context.Context, url string) {
			if got := output(t, ctx, "", "curl", "-sS", "-m", "20", url+"/a", url+"/b"); got != "GET /a 0GET /b 0" {
				t.Errorf("got %q", got)
			}
			data := strings.Repeat("x", 1<<20)
			if got := output(t, ctx, data, "curl", "-sS", "-m", "20", "--data-binary", "@-", url+"/post"); got != "POST /post "+strconv.Itoa(1<<20) {
				t.Errorf("got %q", got)
			}
		})
	})
}

func TestWrkLoadsNetHTTPOnOurListener(t *testing.T) {
	with(t, "wrk", func(t *testing.T, ctx context.Context) {
		httpServer(t, ctx, func(ctx context.Context, url string) {
			got := output(t, ctx, "", "wrk", "-t1", "-c20", "-d1s", url+"/")
			if !strings.Contains(got, "requests in") || strings.Contains(got, "Non-2xx") || strings.Contains(got, "Socket errors") {
				t.Errorf("%s", got)
			}
		})
	})
}
