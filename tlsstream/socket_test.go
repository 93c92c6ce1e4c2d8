package tlsstream_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"syscall"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/internal/testkit"
	"github.com/anyio-go/anyio/socket"
	"github.com/anyio-go/anyio/stream"
	"github.com/anyio-go/anyio/tlsstream"
)

// listen makes a TCP listener on 127.0.0.1, and tells its port.
func listen(t *testing.T, ctx context.Context) (*socket.TCPListener, int) {
	t.Helper()
	l, err := socket.ListenTCP(ctx, "127.0.0.1", 0)
	if err != nil {
		t.Fatal(err)
	}
	return l, l.Port()
}

func TestDialOverSockets(t *testing.T) {
	eachVersion(t, func(t *testing.T, ctx context.Context, version uint16) {
		inner, port := listen(t, ctx)
		server := &tls.Config{Certificates: []tls.Certificate{trusted().issue("127.0.0.1", longAgo, farOff)}}
		l, err := tlsstream.NewListener(inner, of(version, server), &tlsstream.Options{OnHandshakeError: func(context.Context, error, stream.ByteStream) {}})
		if err != nil {
			t.Fatal(err)
		}
		data := bytes.Repeat([]byte("0123456789abcdef"), 40<<10)
		group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
			serving := tg.Go(func(ctx context.Context) error {
				return l.Serve(ctx, nil, func(ctx context.Context, conn *tlsstream.Stream) error {
					defer conn.Close(ctx)
					buf := make([]byte, len(data))
					if _, err := readFull(ctx, conn, buf); err != nil {
						return nil // a client that did not like the certificate
					}
					return conn.Send(ctx, buf)
				})
			})
			client := &tls.Config{RootCAs: trusted().pool}
			conn, err := tlsstream.Dial(ctx, "127.0.0.1", port, client, &tlsstream.Options{Dialer: socket.Dialer{LocalHost: "127.0.0.1"}})
			if err != nil {
				t.Fatal(err)
			}
			if addr := extra(t, conn, stream.AttrRemoteAddr); addr.String() != extra(t, inner, stream.AttrLocalAddr).String() {
				t.Errorf("connected to %v", addr)
			}
			tg.Go(func(ctx context.Context) error { return conn.Send(ctx, data) })
			got, err := readAll(ctx, conn)
			if err != nil || !bytes.Equal(got, data) {
				t.Errorf("received %d bytes and %v", len(got), err)
			}
			closeAll(t, ctx, conn)

			_, err = tlsstream.Dial(ctx, "127.0.0.1", port, client, &tlsstream.Options{Hostname: "other.test"})
			var host x509.HostnameError
			if !errors.As(err, &host) {
				t.Errorf("a wrong name gives %v", err)
			}
			serving.Cancel("done")
		})
		closeAll(t, ctx, l)
		_, err = tlsstream.Dial(ctx, "127.0.0.1", port, serverConfig(), nil)
		testkit.WantErr(t, err, syscall.ECONNREFUSED)
	})
}

// What the other side receives when a socket is closed without an alert.
func TestSocketClosedWithoutAlert(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		for _, standard := range []bool{true, false} {
			inner, port := listen(t, ctx)
			group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
				tg.Go(func(ctx context.Context) error {
					transport, err := inner.Accept(ctx)
					if err != nil {
						return err
					}
					conn, err := tlsstream.Server(ctx, transport, serverConfig(), &tlsstream.Options{NoCloseNotify: !standard})
					if err != nil {
						return err
					}
					all, err := readAll(ctx, conn)
					if string(all) != "data" || standard != errors.Is(err, io.ErrUnexpectedEOF) || !standard && err != nil {
						t.Errorf("standard %v: received %q and %v", standard, all, err)
					}
					return conn.Close(ctx)
				})
				conn, err := tlsstream.Dial(ctx, "127.0.0.1", port, clientConfig(), &tlsstream.Options{NoCloseNotify: true})
				if err != nil {
					t.Fatal(err)
				}
				send(t, ctx, conn, "data")
				closeAll(t, ctx, conn)
			})
			closeAll(t, ctx, inner)
		}
	})
}
