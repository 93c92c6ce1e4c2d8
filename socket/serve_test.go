package socket_test

import (
	"context"
	"net"
	"os"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/attr"
	"github.com/anyio-go/anyio/internal/race"
	"github.com/anyio-go/anyio/internal/testkit"
	"github.com/anyio-go/anyio/socket"
)

// A shortOfFDs is a net.Listener whose Accept fails a few times.
type shortOfFDs struct {
	net.Listener
	failures atomic.Int32
}

func (l *shortOfFDs) Accept() (net.Conn, error) {
	if l.failures.Add(-1) >= 0 {
		return nil, &net.OpError{Op: "accept", Net: "tcp", Err: os.NewSyscallError("accept4", syscall.EMFILE)}
	}
	return l.Listener.Accept()
}

func TestServeGoesOnAfterFailuresThatPass(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		std, err := net.Listen("tcp", "127.0.0.1:0")
		testkit.Must(t, err)
		short := &shortOfFDs{Listener: std}
		short.failures.Store(3)
		l := socket.FromListener(short)
		group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
			tg.Go(func(ctx context.Context) error {
				err := l.Serve(ctx, nil, func(ctx context.Context, s *socket.Stream) error {
					defer s.Close(ctx)
					return s.Send(ctx, []byte("served"))
				})
				testkit.WantErr(t, err, anyio.ErrClosed)
				return nil
			})
			s, err := socket.Dial(ctx, "tcp", std.Addr().String())
			testkit.Must(t, err)
			want(t, ctx, s, "served")
			wantEnd(t, ctx, s)
			testkit.Must(t, s.Close(ctx))
			testkit.Must(t, l.Close(ctx))
		})
		if short.failures.Load() >= 0 {
			t.Error("accepting did not fail")
		}
	}, anyiotest.Skip("sim", "it is a listener of package net"))
}

func TestNetConnsAreStreams(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		x, y := net.Pipe()
		a, b := socket.FromConn(x), socket.FromConn(y)
		group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
			tg.Go(func(ctx context.Context) error { return a.Send(ctx, []byte("hello")) })
			want(t, ctx, b, "hello")
		})
		if got := a.LocalAddr().Network(); got != "pipe" {
			t.Errorf("the network is %q", got)
		}
		family, err := attr.Get(a, socket.AttrFamily)
		if err != nil || family != socket.Unspecified {
			t.Errorf("the family is %v, %v", family, err)
		}
		testkit.Must(t, a.Close(ctx))
		wantEnd(t, ctx, b)
		testkit.Must(t, b.Close(ctx))

		pc, err := net.ListenPacket("udp", "127.0.0.1:0")
		testkit.Must(t, err)
		u := socket.FromPacketConn(pc)
		testkit.Must(t, u.SendTo(ctx, []byte("to myself"), addrOf(t, u)))
		p, err := u.Receive(ctx)
		testkit.Must(t, err)
		if string(p.Data) != "to myself" {
			t.Errorf("received %q", p.Data)
		}
		testkit.Must(t, u.Close(ctx))
	})
}

// Connections that are opened and dropped leave nothing behind; the leak check
// after all tests looks at descriptors and goroutines.
func TestManyConnectionsAreOpenedAndDropped(t *testing.T) {
	count := 10_000
	if testing.Short() || race.Enabled {
		count = 500
	}
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		l := configured(t, ctx, socket.ListenConfig{Backlog: 1000})
		handled := 0
		group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
			tg.Go(func(ctx context.Context) error {
				buf := make([]byte, 1)
				for range count {
					s, err := l.Accept(ctx)
					if err != nil {
						return err
					}
					handled++
					if _, err := s.Receive(ctx, buf); err == nil {
						t.Error("data came, which nobody has sent")
					}
					if err := s.Close(ctx); err != nil {
						return err
					}
				}
				return nil
			})
			for i := range count {
				s, err := socket.DialTCP(ctx, "127.0.0.1", l.Port())
				testkit.Must(t, err)
				if i%2 == 0 {
					testkit.Must(t, s.Close(ctx))
				} else {
					testkit.Must(t, s.Abort(ctx))
				}
			}
		})
		if handled != count {
			t.Errorf("%d connections were accepted, want %d", handled, count)
		}
	}, anyiotest.Skip("sim", "the simulated network has a test of its own with as many"))
}

// TestServeLimitsConnections has clients come at once, and in turns of the limit.
func TestServeLimitsConnections(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		const limit, clients = 2, 7
		l := configured(t, ctx, socket.ListenConfig{MaxConnections: limit})
		var inside, most, all atomic.Int32
		let := anyio.NewSemaphore(0)
		group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
			tg.Go(func(ctx context.Context) error {
				err := l.Serve(ctx, nil, func(ctx context.Context, s *socket.Stream) error {
					defer s.Close(ctx)
					defer inside.Add(-1)
					all.Add(1)
					if n := inside.Add(1); n > most.Load() {
						most.Store(n)
					}
					return let.Acquire(ctx)
				})
				testkit.WantErr(t, err, anyio.ErrClosed)
				return nil
			})
			for range clients {
				tg.Go(func(ctx context.Context) error {
					s, err := socket.DialTCP(ctx, "127.0.0.1", l.Port())
					if err != nil {
						return err
					}
					wantEnd(t, ctx, s)
					return s.Close(ctx)
				})
			}
			for range clients - limit {
				for let.TasksWaiting() < limit {
					testkit.Must(t, anyio.Sleep(ctx, 0))
				}
				let.Release()
			}
			for all.Load() < clients {
				testkit.Must(t, anyio.Sleep(ctx, 0))
			}
			for range limit {
				let.Release()
			}
			for inside.Load() > 0 {
				testkit.Must(t, anyio.Sleep(ctx, 0))
			}
			testkit.Must(t, l.Close(ctx))
		})
		if n := most.Load(); n != limit {
			t.Errorf("at most %d connections were handled at the same time, want %d", n, limit)
		}
	})
}

// A connection that waits for room is closed with the listener, and kept for the next
// Serve if this one is canceled.
func TestConnectionThatWaitsForRoom(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		l := configured(t, ctx, socket.ListenConfig{MaxConnections: 1})
		dial := func() *socket.Stream {
			s, err := socket.DialTCP(ctx, "127.0.0.1", l.Port())
			testkit.Must(t, err)
			return s
		}
		group(t, ctx, func(ctx context.Context, handlers *anyio.TaskGroup) {
			hold := func(ctx context.Context, s *socket.Stream) error {
				defer s.Close(ctx)
				return anyio.SleepForever(ctx)
			}
			serve := func(ctx context.Context) error { return l.Serve(ctx, handlers, hold) }
			group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
				first, second := dial(), dial()
				defer first.Close(ctx)
				defer second.Close(ctx)
				h := tg.Go(serve)
				testkit.UntilWaits(t, ctx, "Listener.Serve") // the second one has been accepted
				h.Cancel("test")
				idle(t, ctx)
				tg.Go(func(ctx context.Context) error {
					testkit.WantErr(t, serve(ctx), anyio.ErrClosed)
					return nil
				})
				idle(t, ctx)
				testkit.Must(t, l.Close(ctx))
				wantEnd(t, ctx, second)
			})
			handlers.Cancel("test")
		})
	})
}

// A connection that a canceled Serve had no room for is what Accept returns next.
func TestConnectionThatServeHadNoRoomForIsAccepted(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		l := configured(t, ctx, socket.ListenConfig{MaxConnections: 1})
		defer l.Close(ctx)
		group(t, ctx, func(ctx context.Context, handlers *anyio.TaskGroup) {
			h := handlers.Go(func(ctx context.Context) error {
				return l.Serve(ctx, handlers, func(ctx context.Context, s *socket.Stream) error {
					defer s.Close(ctx)
					return anyio.SleepForever(ctx)
				})
			})
			for range 2 {
				s, err := socket.DialTCP(ctx, "127.0.0.1", l.Port())
				testkit.Must(t, err)
				defer s.Close(ctx)
				idle(t, ctx)
				if err := s.Send(ctx, []byte("hello")); err != nil {
					t.Error(err)
				}
			}
			h.Cancel("test")
			idle(t, ctx)
			s, err := l.Accept(ctx)
			testkit.Must(t, err)
			want(t, ctx, s, "hello")
			testkit.Must(t, s.Close(ctx))
			handlers.Cancel("test")
		})
	})
}
