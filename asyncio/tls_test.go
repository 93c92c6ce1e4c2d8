package asyncio_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"math/big"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/asyncio"
	"github.com/anyio-go/anyio/internal/testkit"
	"github.com/anyio-go/anyio/socket"
	"github.com/anyio-go/anyio/tlsstream"
)

// configs are those of a server called test, and of a client that trusts it. The
// certificate is valid in the time of simulations, too.
var configs = sync.OnceValues(func() (server, client *tls.Config) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	cert := &x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: []string{"test"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Date(1999, 1, 1, 0, 0, 0, 0, time.UTC), NotAfter: time.Date(2099, 1, 1, 0, 0, 0, 0, time.UTC)}
	der, err := x509.CreateCertificate(rand.Reader, cert, cert, &key.PublicKey, key)
	if err != nil {
		panic(err)
	}
	if cert, err = x509.ParseCertificate(der); err != nil {
		panic(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(cert)
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}},
		&tls.Config{RootCAs: pool, ServerName: "test"}
})

// untilOver returns h, and a future that is done when h has returned once.
func untilOver(ctx context.Context, h asyncio.StreamHandler) (asyncio.StreamHandler, *asyncio.Future[struct{}]) {
	over := asyncio.NewFuture[struct{}](ctx)
	return func(ctx context.Context, r *asyncio.StreamReader, w *asyncio.StreamWriter) error {
		defer over.SetResult(struct{}{})
		return h(ctx, r, w)
	}, over
}

// encryptedServer serves by h over TLS.
func encryptedServer(t *testing.T, ctx context.Context, h asyncio.StreamHandler) *asyncio.Server {
	t.Helper()
	server, _ := configs()
	s, err := asyncio.StartServer(ctx, h, asyncio.ServerOptions{Hosts: []string{"127.0.0.1"}, TLS: server}, 0)
	testkit.Must(t, err)
	return s
}

func TestStreamsOverTLS(t *testing.T) {
	onLoops(t, func(t *testing.T, ctx context.Context) {
		h, over := untilOver(ctx, echoLines)
		s := encryptedServer(t, ctx, h)
		_, client := configs()
		r, w, err := asyncio.OpenConnection(ctx, asyncio.ConnectionOptions{Host: "127.0.0.1", Port: portOf(s), TLS: client}, 1<<20)
		testkit.Must(t, err)
		if cert, ok := w.ExtraInfo("peercert").(*x509.Certificate); !ok || cert.DNSNames[0] != "test" {
			t.Errorf("peercert is %v", w.ExtraInfo("peercert"))
		}
		if w.ExtraInfo("sslcontext") == nil || w.ExtraInfo("cipher") == "" || w.ExtraInfo("peername") == nil || w.CanWriteEOF() {
			t.Error("the transport is wrong about itself")
		}
		if !w.ExtraInfo("ssl_object").(tls.ConnectionState).HandshakeComplete {
			t.Error("no handshake")
		}
		testkit.WantMisuse(t, "WriteEOF", testkit.Recovered(w.WriteEOF))
		for _, size := range []int{1, 100, 50_000} {
			line := append(bytes.Repeat([]byte("x"), size), '\n')
			_, _ = w.Write(line)
			testkit.WantNil(t, "Drain", w.Drain(ctx))
			got, err := r.ReadLine(ctx)
			wantData(t, "echo", got, err, string(line))
		}
		w.Close()
		testkit.WantNil(t, "WaitClosed", w.WaitClosed(ctx))
		s.Close()
		_, err = over.Await(ctx)
		testkit.WantNil(t, "handler", err)
	})
}

func TestHandshakeThatFails(t *testing.T) {
	onLoops(t, func(t *testing.T, ctx context.Context) {
		var told []error
		loopOf(t, ctx).SetExceptionHandler(func(_ *asyncio.Loop, c asyncio.ErrorContext) { told = append(told, c.Err) })
		s := encryptedServer(t, ctx, echoLines)
		stranger := &tls.Config{RootCAs: x509.NewCertPool(), ServerName: "test"}
		_, _, err := asyncio.OpenConnection(ctx, asyncio.ConnectionOptions{Host: "127.0.0.1", Port: portOf(s), TLS: stranger}, 0)
		var unknown x509.UnknownAuthorityError
		if !errors.As(err, &unknown) {
			t.Errorf("%v", err)
		}
		r, w, err := asyncio.OpenConnection(ctx, asyncio.ConnectionOptions{Host: "127.0.0.1", Port: portOf(s)}, 0)
		testkit.Must(t, err)
		_, _ = w.Write([]byte("no handshake\n"))
		_, _ = r.ReadAll(ctx) // how it is told of the end is the system's affair
		w.Close()
		for len(told) < 2 { // the server has seen both
			if err := asyncio.Sleep(ctx, time.Millisecond); err != nil {
				t.Fatal(err)
			}
		}
		_, _, err = asyncio.OpenConnection(ctx, asyncio.ConnectionOptions{Socket: struct{}{}, TLS: &tls.Config{}}, 0)
		testkit.WantMisuse(t, "no name", err)
		s.Close()
	})
}

func TestHandshakeTakesTooLong(t *testing.T) {
	log := testkit.CaptureLog(t)
	onLoops(t, func(t *testing.T, ctx context.Context) {
		silent := func(ctx context.Context, r *asyncio.StreamReader, w *asyncio.StreamWriter) error {
			defer w.Close()
			_, err := r.ReadAll(ctx)
			if err != nil && !errors.Is(err, anyio.ErrCanceled) {
				return nil // it was aborted
			}
			return err
		}
		silent, over := untilOver(ctx, silent)
		s, err := asyncio.StartServer(ctx, silent, asyncio.ServerOptions{Hosts: []string{"127.0.0.1"}}, 0)
		testkit.Must(t, err)
		_, client := configs()
		_, _, err = asyncio.OpenConnection(ctx, asyncio.ConnectionOptions{
			Host: "127.0.0.1", Port: portOf(s), TLS: client, HandshakeTimeout: 5 * time.Millisecond}, 0)
		testkit.WantIs(t, "handshake", err, anyio.ErrTimeout)
		s.Close()
		_, err = over.Await(ctx)
		testkit.WantNil(t, "handler", err)
		timedOut, err := anyio.MoveOnAfter(ctx, 0, func(ctx context.Context) error {
			_, _, err := asyncio.OpenConnection(ctx, asyncio.ConnectionOptions{Host: "127.0.0.1", Port: 1, TLS: client}, 0)
			return err
		})
		if !timedOut || err != nil {
			t.Errorf("%v %v", timedOut, err)
		}
	})
	if text := log.Text(); strings.Contains(text, "asyncio") {
		t.Errorf("the log has %q", text)
	}
}

// A connection begins in the clear, as SMTP does.
func TestStartTLS(t *testing.T) {
	onLoops(t, func(t *testing.T, ctx context.Context) {
		server, client := configs()
		l := loopOf(t, ctx)
		upgraded := func(ctx context.Context, r *asyncio.StreamReader, w *asyncio.StreamWriter) error {
			if _, err := r.ReadLine(ctx); err != nil {
				return err
			}
			_, _ = w.Write([]byte("go ahead\n"))
			if err := w.StartTLS(ctx, server, asyncio.TLSOptions{Server: true}); err != nil {
				return err
			}
			return echoLines(ctx, r, w)
		}
		upgraded, over := untilOver(ctx, upgraded)
		s, err := asyncio.StartServer(ctx, upgraded, asyncio.ServerOptions{Hosts: []string{"127.0.0.1"}}, 0)
		testkit.Must(t, err)
		r, w, err := asyncio.OpenConnection(ctx, asyncio.ConnectionOptions{Host: "127.0.0.1", Port: portOf(s)}, 0)
		testkit.Must(t, err)
		_, _ = w.Write([]byte("STARTTLS\n"))
		got, err := r.ReadLine(ctx)
		wantData(t, "in the clear", got, err, "go ahead\n")
		testkit.Must(t, w.StartTLS(ctx, client, asyncio.TLSOptions{}))
		_, _ = w.Write([]byte("secret\n"))
		got, err = r.ReadLine(ctx)
		wantData(t, "encrypted", got, err, "secret\n")
		if w.ExtraInfo("sslcontext") == nil {
			t.Error("it is not encrypted")
		}
		w.Close()
		testkit.WantNil(t, "WaitClosed", w.WaitClosed(ctx))
		_, err = l.StartTLS(ctx, w.Transport(), client, asyncio.TLSOptions{})
		testkit.WantIs(t, "closed", err, anyio.ErrClosed)
		_, err = l.StartTLS(ctx, w.Transport(), nil, asyncio.TLSOptions{})
		testkit.WantMisuse(t, "no configuration", err)
		s.Close()
		_, err = over.Await(ctx)
		testkit.WantNil(t, "handler", err)
	})
}

// The other side is a stream of package tlsstream, which ends with and without an alert.
func TestTLSWithAnotherImplementation(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		errs := asyncio.NewFuture[error](ctx)
		s := encryptedServer(t, ctx, func(ctx context.Context, r *asyncio.StreamReader, w *asyncio.StreamWriter) error {
			defer w.Close()
			for {
				data, err := r.Read(ctx, 100)
				if err != nil {
					_ = errs.SetResult(err)
					return nil
				}
				_, _ = w.Write(data)
			}
		})
		_, client := configs()
		for _, alert := range []bool{true, false} {
			errs = asyncio.NewFuture[error](ctx)
			raw, err := socket.DialTCP(ctx, "127.0.0.1", portOf(s))
			testkit.Must(t, err)
			c, err := tlsstream.Client(ctx, raw, client, nil)
			testkit.Must(t, err)
			testkit.WantNil(t, "Send", c.Send(ctx, []byte("hello")))
			buf := make([]byte, 5)
			n, err := c.Receive(ctx, buf) // one record
			wantData(t, "Receive", buf[:n], err, "hello")
			if alert {
				testkit.WantNil(t, "Close", c.Close(ctx))
			} else {
				testkit.WantNil(t, "Close", raw.Close(ctx))
			}
			got, err := errs.Await(ctx)
			testkit.WantNil(t, "Await", err)
			want := io.EOF
			if !alert {
				want = io.ErrUnexpectedEOF
			}
			testkit.WantIs(t, "end", got, want)
		}
		s.Close()
	}, anyiotest.Only("eventloop", "sim"))
}
