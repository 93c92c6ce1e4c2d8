package socket_test

import (
	"context"
	"errors"
	"net"
	"runtime"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/internal/testkit"
	"github.com/anyio-go/anyio/socket"
)

// A handing is a net.Listener without deadlines that hands out connections.
type handing struct {
	conns  chan net.Conn
	closed chan struct{}
}

func (l *handing) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *handing) Close() error { close(l.closed); return nil }
func (*handing) Addr() net.Addr { return &net.TCPAddr{} }

// A told is a net.Conn that tells whether it was closed.
type told struct {
	net.Conn
	closed anyio.Event
}

func (c *told) Close() error { c.closed.Set(); return c.Conn.Close() }

// A connection that comes while the listener is closed is Accept's, and open, or closed.
func TestAcceptedConnectionsAreNotClosedWithTheListener(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		for round := range 300 {
			a, b := net.Pipe()
			inner, conn := &handing{conns: make(chan net.Conn), closed: make(chan struct{})}, &told{Conn: a}
			l := socket.FromListener(inner)
			group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
				h := tg.Go(func(ctx context.Context) error {
					s, err := l.Accept(ctx)
					switch {
					case err == nil:
						if conn.closed.IsSet() {
							t.Error("Accept returned a connection that the listener has closed")
						}
						_ = s.Close(ctx)
					case !errors.Is(err, anyio.ErrClosed) && !errors.Is(err, anyio.ErrCanceled):
						t.Error(err)
					}
					return nil
				})
				idle(t, ctx)
				inner.conns <- conn
				for range round % 20 { // the goroutine that accepts hands it over, or not yet
					runtime.Gosched()
				}
				if round%3 == 0 {
					h.Cancel("test")
				}
				testkit.Must(t, l.Close(ctx))
			})
			testkit.Must(t, conn.closed.Wait(ctx)) // else it was lost
			_ = b.Close()
		}
	}, anyiotest.Skip("sim", "it is a listener of package net"))
}
