package asyncio_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"testing"

	"github.com/anyio-go/anyio/asyncio"
	"github.com/anyio-go/anyio/internal/testkit"
	"github.com/anyio-go/anyio/socket"
)

func TestTLSOverUnixSockets(t *testing.T) {
	path := socketPath(t)
	onLoops(t, func(t *testing.T, ctx context.Context) {
		server, client := configs()
		s, err := asyncio.StartUnixServer(ctx, echoLines, asyncio.UnixServerOptions{Path: path, TLS: server}, 0)
		testkit.Must(t, err)
		for _, to := range []asyncio.UnixConnectionOptions{
			{Path: path, TLS: client},
			{Socket: must[*socket.UnixStream](t)(socket.DialUnix(ctx, path)), TLS: client, HandshakeTimeout: asyncio.DefaultHandshakeTimeout},
		} {
			r, w, err := asyncio.OpenUnixConnection(ctx, to, 0)
			testkit.Must(t, err)
			if cert, ok := w.ExtraInfo("peercert").(*x509.Certificate); !ok || cert.DNSNames[0] != "test" {
				t.Errorf("peercert is %v", w.ExtraInfo("peercert"))
			}
			_, _ = w.Write([]byte("line\n"))
			got, err := r.ReadLine(ctx)
			wantData(t, "echo", got, err, "line\n")
			w.Close()
			testkit.WantNil(t, "WaitClosed", w.WaitClosed(ctx))
		}
		wantShut(t, ctx, s)
	})
}

func TestTLSOfAnAcceptedSocket(t *testing.T) {
	onLoops(t, func(t *testing.T, ctx context.Context) {
		server, client := configs()
		l := loopOf(t, ctx)
		listener := must[*socket.TCPListener](t)(socket.ListenTCP(ctx, "127.0.0.1", 0))
		defer listener.Close(ctx)
		p := newLogger(t, ctx)
		accepted := asyncio.CreateTask(ctx, func(ctx context.Context) (asyncio.Transport, error) {
			c, err := listener.Accept(ctx)
			if err != nil {
				return nil, err
			}
			tr, _, err := l.ConnectAcceptedSocket(ctx, p.factory, c, asyncio.AcceptedOptions{TLS: server})
			return tr, err
		})
		r, w, err := asyncio.OpenConnection(ctx, asyncio.ConnectionOptions{Host: "127.0.0.1", Port: listener.Port(), TLS: client}, 0)
		testkit.Must(t, err)
		tr, err := accepted.Await(ctx)
		testkit.Must(t, err)
		if tr != p.tr || tr.ExtraInfo("sslcontext") == nil {
			t.Error("the protocol has another transport, or a plain one")
		}
		_, _ = w.Write([]byte("to the server"))
		until(t, ctx, func() bool { return p.got.String() == "to the server" })
		_, _ = tr.Write([]byte("to the client"))
		got, err := r.ReadExactly(ctx, 13)
		wantData(t, "answer", got, err, "to the client")
		w.Close()
		p.wantLost(ctx, nil)
		p.wantLog("made data eof lost")

		c := must[*socket.Stream](t)(socket.DialTCP(ctx, "127.0.0.1", listener.Port()))
		_, _, err = l.ConnectAcceptedSocket(ctx, p.factory, c, asyncio.AcceptedOptions{HandshakeTimeout: 1})
		testkit.WantMisuse(t, "a timeout without TLS", err)
		testkit.Must(t, c.Close(ctx))
	})
}

// A client that does not believe the server tells it so; the server's protocol hears of
// no connection.
func TestCertificatesThatAreNotTrusted(t *testing.T) {
	onLoops(t, func(t *testing.T, ctx context.Context) {
		server, client := configs()
		var told []error
		l := loopOf(t, ctx)
		l.SetExceptionHandler(func(_ *asyncio.Loop, c asyncio.ErrorContext) { told = append(told, c.Err) })
		p := newLogger(t, ctx)
		s := must[*asyncio.Server](t)(l.CreateServer(ctx, p.factory, asyncio.ServerOptions{Hosts: []string{"127.0.0.1"}, TLS: server}))
		dial := func(config *tls.Config) error {
			_, _, err := asyncio.OpenConnection(ctx, asyncio.ConnectionOptions{Host: "127.0.0.1", Port: portOf(s), TLS: config}, 0)
			return err
		}
		other := client.Clone()
		other.ServerName = "other"
		var name x509.HostnameError
		if err := dial(other); !errors.As(err, &name) {
			t.Errorf("another name gives %v", err)
		}
		var unknown x509.UnknownAuthorityError
		if err := dial(&tls.Config{RootCAs: x509.NewCertPool(), ServerName: "test"}); !errors.As(err, &unknown) {
			t.Errorf("an unknown authority gives %v", err)
		}
		wantShut(t, ctx, s)
		p.wantLog("")
		if len(told) != 2 {
			t.Errorf("the exception handler was told %v", told)
		}
	})
}
