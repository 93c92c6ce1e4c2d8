package netconn_test

import (
	"context"
	"errors"
	"io"
	"net"
	"testing"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/kernel"
	"github.com/anyio-go/anyio/internal/netconn"
	"github.com/anyio-go/anyio/internal/testkit"
	"github.com/anyio-go/anyio/sim"
)

// stubborn is a net.Conn that knows no deadlines.
type stubborn struct{ net.Conn }

var errNone = errors.New("deadlines are not known here")

func (stubborn) SetDeadline(time.Time) error      { return errNone }
func (stubborn) SetReadDeadline(time.Time) error  { return errNone }
func (stubborn) SetWriteDeadline(time.Time) error { return errNone }

// plainListener hides the deadlines of a listener.
type plainListener struct{ net.Listener }

func eachPipe(t *testing.T, f func(t *testing.T, ctx context.Context, a, b kernel.StreamConn)) {
	for name, wrap := range map[string]func(net.Conn) net.Conn{
		"deadlines":    func(c net.Conn) net.Conn { return c },
		"no deadlines": func(c net.Conn) net.Conn { return stubborn{c} },
	} {
		t.Run(name, func(t *testing.T) {
			run(t, func(t *testing.T, ctx context.Context) {
				x, y := net.Pipe()
				a, b := netconn.FromConn(wrap(x)), netconn.FromConn(wrap(y))
				defer a.Close()
				defer b.Close()
				f(t, ctx, a, b)
			})
		})
	}
}

func TestAnyConnIsReadAgainAfterACancel(t *testing.T) {
	eachPipe(t, func(t *testing.T, ctx context.Context, a, b kernel.StreamConn) {
		for range 3 {
			canceledWhileBlocked(t, ctx, func(ctx context.Context) error {
				_, err := a.Read(ctx, make([]byte, 3))
				return err
			})
			testkit.Must(t, anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
				tg.Go(func(ctx context.Context) error {
					send(t, ctx, b, "hello world")
					return nil
				})
				readAll(t, ctx, a, "he")
				readAll(t, ctx, a, "llo world")
				return nil
			}))
		}
		testkit.Must(t, b.Close())
		if n, err := a.Read(ctx, make([]byte, 3)); n != 0 || err != io.EOF {
			t.Errorf("read %d, %v, want io.EOF", n, err)
		}
	})
}

func TestAnyConnIsWokenByClose(t *testing.T) {
	eachPipe(t, func(t *testing.T, ctx context.Context, a, b kernel.StreamConn) {
		wokenByClose(t, ctx, a, func(ctx context.Context) error {
			_, err := a.Read(ctx, make([]byte, 3))
			return err
		})
		wokenByClose(t, ctx, b, func(ctx context.Context) error {
			_, err := b.Write(ctx, []byte("nobody reads"))
			if errors.Is(err, io.ErrClosedPipe) { // the other end was closed before
				return net.ErrClosed
			}
			return err
		})
	})
}

func TestListenerWithoutDeadlinesKeepsTheConnection(t *testing.T) {
	run(t, func(t *testing.T, ctx context.Context) {
		inner, err := net.Listen("tcp4", "127.0.0.1:0")
		testkit.Must(t, err)
		l := netconn.FromListener(plainListener{inner})
		defer l.Close()
		canceledWhileBlocked(t, ctx, func(ctx context.Context) error {
			_, err := l.Accept(ctx)
			return err
		})
		a, err := network.DialStream(ctx, kernel.SocketOptions{Network: "tcp4", Remote: l.LocalAddr()})
		testkit.Must(t, err)
		defer a.Close()
		b, err := l.Accept(ctx)
		testkit.Must(t, err)
		defer b.Close()
		send(t, ctx, a, "hello")
		readAll(t, ctx, b, "hello")
		wokenByClose(t, ctx, l, func(ctx context.Context) error {
			_, err := l.Accept(ctx)
			return err
		})
	})
}

// The connection that an abandoned call accepts after Close is closed.
func TestListenerWithoutDeadlinesDropsWhatComesTooLate(t *testing.T) {
	x, y := net.Pipe()
	release := make(chan struct{})
	l := netconn.FromListener(&slowListener{release: release, conn: x})
	testkit.Must(t, anyio.Run(context.Background(), func(ctx context.Context) error {
		wokenByClose(t, ctx, l, func(ctx context.Context) error {
			_, err := l.Accept(ctx)
			return err
		})
		return nil
	}))
	close(release)
	if _, err := y.Read(make([]byte, 1)); err != io.EOF {
		t.Errorf("got %v, want io.EOF", err)
	}
	testkit.Must(t, y.Close())
}

// slowListener does not mind its Close.
type slowListener struct {
	release chan struct{}
	conn    net.Conn
}

func (l *slowListener) Accept() (net.Conn, error) { <-l.release; return l.conn, nil }
func (l *slowListener) Close() error              { return nil }
func (l *slowListener) Addr() net.Addr            { return &net.TCPAddr{} }

func TestAnyPacketConn(t *testing.T) {
	run(t, func(t *testing.T, ctx context.Context) {
		inner, err := net.ListenPacket("udp4", "127.0.0.1:0")
		testkit.Must(t, err)
		server := netconn.FromPacketConn(stubbornPackets{inner})
		defer server.Close()
		client := openUDP(t, ctx, kernel.Addr{})
		canceledWhileBlocked(t, ctx, func(ctx context.Context) error {
			_, _, err := server.ReadFrom(ctx, make([]byte, 8))
			return err
		})
		testkit.Must(t, client.WriteTo(ctx, []byte("hello"), server.LocalAddr()))
		buf := make([]byte, 8)
		n, from, err := server.ReadFrom(ctx, buf)
		testkit.Must(t, err)
		if string(buf[:n]) != "hello" || from != client.LocalAddr() {
			t.Errorf("read %q from %v", buf[:n], from)
		}
		testkit.Must(t, server.WriteTo(ctx, []byte("yes"), from))
		n, from, err = client.ReadFrom(ctx, buf)
		if err != nil || string(buf[:n]) != "yes" || from != server.LocalAddr() {
			t.Errorf("read %q from %v, %v", buf[:n], from, err)
		}
	})
}

type stubbornPackets struct{ net.PacketConn }

func (stubbornPackets) SetReadDeadline(time.Time) error  { return errNone }
func (stubbornPackets) SetWriteDeadline(time.Time) error { return errNone }

// The clock of a simulation stands still during calls to the world outside.
func TestRealConnectionsInASimulation(t *testing.T) {
	testkit.Must(t, anyio.Run(context.Background(), func(ctx context.Context) error {
		x, y := net.Pipe()
		a, b := netconn.FromConn(x), netconn.FromConn(stubborn{y})
		defer a.Close()
		defer b.Close()
		return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			var arrived anyio.Event
			reader := tg.Go(func(ctx context.Context) error {
				readAll(t, ctx, b, "hello")
				arrived.Set()
				_, err := a.Read(ctx, make([]byte, 8))
				if !errors.Is(err, anyio.ErrCanceled) {
					t.Errorf("got %v, want a cancellation", err)
				}
				return err
			})
			send(t, ctx, a, "hello")
			if err := arrived.Wait(ctx); err != nil {
				return err
			}
			reader.Cancel("test")
			return nil
		})
	}, anyio.On(sim.New(sim.Config{Seed: 1}))))
}
