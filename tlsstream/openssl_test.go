package tlsstream_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/tlsstream"
)

// eachOpenSSL runs f on the backends that have real sockets.
func eachOpenSSL(t *testing.T, f func(t *testing.T, ctx context.Context, version uint16)) {
	if _, err := exec.LookPath("openssl"); err != nil {
		t.Skipf("the program openssl is not here: %v", err)
	}
	eachVersion(t, f, anyiotest.Skip("sim", "openssl is not part of the simulation"))
}

// opensslVersion is the flag for a version of TLS.
func opensslVersion(version uint16) string {
	return strings.NewReplacer("TLS ", "-tls", ".", "_").Replace(tls.VersionName(version))
}

// pemFile writes a file that openssl reads.
func pemFile(t *testing.T, blocks ...*pem.Block) string {
	t.Helper()
	var b bytes.Buffer
	for _, block := range blocks {
		if err := pem.Encode(&b, block); err != nil {
			t.Fatal(err)
		}
	}
	name := filepath.Join(t.TempDir(), "file.pem")
	if err := os.WriteFile(name, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// An opensslProcess is a running openssl.
type opensslProcess struct {
	*exec.Cmd
	in  io.WriteCloser
	out *bufio.Reader // what it has printed
}

func startOpenSSL(t *testing.T, args ...string) *opensslProcess {
	t.Helper()
	p := &opensslProcess{Cmd: exec.Command("openssl", args...)}
	var err error
	if p.in, err = p.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	out, err := p.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	p.Stderr = p.Stdout
	p.out = bufio.NewReader(out)
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	return p
}

// until reads what the process prints, up to a line with that in it.
func (p *opensslProcess) until(ctx context.Context, part string) (line string, err error) {
	return anyio.RunBlockingValue(ctx, func() (string, error) {
		for {
			line, err := p.out.ReadString('\n')
			if strings.Contains(line, part) || err != nil {
				return line, err
			}
		}
	})
}

// end closes the input and waits for the end of the process.
func (p *opensslProcess) end(ctx context.Context) error {
	_ = p.in.Close()
	_, err := anyio.RunBlockingValue(ctx, func() (struct{}, error) {
		_, _ = io.Copy(io.Discard, p.out)
		return struct{}{}, p.Wait()
	})
	return err
}

func TestOpenSSLClient(t *testing.T) {
	eachOpenSSL(t, func(t *testing.T, ctx context.Context, version uint16) {
		ca := pemFile(t, &pem.Block{Type: "CERTIFICATE", Bytes: trusted().cert.Raw})
		for _, killed := range []bool{false, true} {
			inner, port := listen(t, ctx)
			l, err := tlsstream.NewListener(inner, of(version, serverConfig()), nil)
			if err != nil {
				t.Fatal(err)
			}
			p := startOpenSSL(t, "s_client", "-connect", "127.0.0.1:"+strconv.Itoa(port), opensslVersion(version),
				"-servername", "server.test", "-verify_hostname", "server.test", "-CAfile", ca, "-verify_return_error")
			conn, err := l.Accept(ctx)
			if err != nil {
				t.Fatal(err)
			}
			fmt.Fprintln(p.in, "hello from outside")
			receive(t, ctx, conn, "hello from outside\n")
			send(t, ctx, conn, "hello from inside\n")
			if line, err := p.until(ctx, "hello"); err != nil || line != "hello from inside\n" {
				t.Errorf("openssl prints %q, %v", line, err)
			}
			if version == tls.VersionTLS13 { // openssl changes its keys, and wants ours changed
				fmt.Fprintln(p.in, "K")
				if line, err := p.until(ctx, "KEYUPDATE"); err != nil {
					t.Errorf("openssl prints %q, %v", line, err)
				}
				fmt.Fprintln(p.in, "hello with new keys")
				receive(t, ctx, conn, "hello with new keys\n")
				send(t, ctx, conn, "hello with new keys, too\n")
				if line, err := p.until(ctx, "hello"); err != nil || line != "hello with new keys, too\n" {
					t.Errorf("openssl prints %q, %v", line, err)
				}
			}
			if killed { // no alert
				if err := p.Process.Kill(); err != nil {
					t.Error(err)
				}
				wantEnd(t, ctx, conn, anyio.ErrBroken)
				_ = p.end(ctx)
			} else {
				if err := p.end(ctx); err != nil {
					t.Errorf("openssl: %v", err)
				}
				wantEnd(t, ctx, conn, io.EOF)
			}
			closeAll(t, ctx, conn, l)
		}
	})
}

func TestOpenSSLServer(t *testing.T) {
	eachOpenSSL(t, func(t *testing.T, ctx context.Context, version uint16) {
		cert := serverCertificate()
		key, err := x509.MarshalPKCS8PrivateKey(cert.PrivateKey)
		if err != nil {
			t.Fatal(err)
		}
		file := pemFile(t, &pem.Block{Type: "CERTIFICATE", Bytes: cert.Certificate[0]}, &pem.Block{Type: "PRIVATE KEY", Bytes: key})
		p := startOpenSSL(t, "s_server", "-accept", "127.0.0.1:0", "-naccept", "1", "-rev", opensslVersion(version), "-cert", file, "-key", file)
		line, err := p.until(ctx, "ACCEPT ")
		if err != nil {
			t.Fatal(err)
		}
		port, err := strconv.Atoi(strings.TrimSpace(line[strings.LastIndex(line, ":")+1:]))
		if err != nil {
			t.Fatalf("openssl prints %q", line)
		}
		conn, err := tlsstream.Dial(ctx, "127.0.0.1", port, clientConfig(), nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, word := range []string{"hello\n", strings.Repeat("0123456789", 100) + "\n"} {
			send(t, ctx, conn, word)
			b := []byte(strings.TrimSuffix(word, "\n"))
			for i, j := 0, len(b)-1; i < j; i, j = i+1, j-1 {
				b[i], b[j] = b[j], b[i]
			}
			receive(t, ctx, conn, string(b)+"\n")
		}
		closeAll(t, ctx, conn)
		if err := p.end(ctx); err != nil {
			var exit *exec.ExitError
			if !errors.As(err, &exit) {
				t.Errorf("openssl: %v", err)
			}
		}
	})
}
