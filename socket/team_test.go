package socket_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/internal/testkit"
	"github.com/anyio-go/anyio/socket"
	"github.com/anyio-go/anyio/stream"
)

// onLoops runs main on several event loops.
func onLoops(t *testing.T, n int, main func(ctx context.Context) error) {
	t.Helper()
	anyiotest.CheckLeaks(t)
	testkit.WantNil(t, "run", anyio.Run(context.Background(), main, anyio.On(anyio.EventLoops(n))))
}

// echo sends back what it receives.
func echo[S stream.ByteStream](ctx context.Context, s S) error {
	defer s.Close(ctx)
	buf := make([]byte, 1024)
	for {
		n, err := s.Receive(ctx, buf)
		if err == anyio.ErrEndOfStream {
			return nil
		}
		if err != nil {
			return err
		}
		if err := s.Send(ctx, buf[:n]); err != nil {
			return err
		}
	}
}

// talk connects by package net and wants its words back.
func talk(network, addr string, rounds int) error {
	c, err := net.Dial(network, addr)
	if err != nil {
		return err
	}
	defer c.Close()
	for i := range rounds {
		word := fmt.Sprintf("%s %d", c.LocalAddr(), i)
		if _, err := io.WriteString(c, word); err != nil {
			return err
		}
		back := make([]byte, len(word))
		if _, err := io.ReadFull(c, back); err != nil || string(back) != word {
			return fmt.Errorf("sent %q, got %q, %w", word, back, err)
		}
	}
	return nil
}

// clients are goroutines outside of the run; the error is that of one that has failed.
func clients(ctx context.Context, n int, f func() error) error {
	return anyio.RunBlocking(ctx, func() error {
		errs := make([]error, n)
		var wg sync.WaitGroup
		for i := range n {
			wg.Go(func() { errs[i] = f() })
		}
		wg.Wait()
		return errors.Join(errs...)
	})
}

// listeners are the kinds of listeners that serve on several loops.
var listeners = map[string]func(t *testing.T, ctx context.Context) *socket.Listener[*socket.Stream]{
	"handed over": func(t *testing.T, ctx context.Context) *socket.TCPListener {
		return configured(t, ctx, socket.ListenConfig{})
	},
	"a socket each": func(t *testing.T, ctx context.Context) *socket.TCPListener {
		return configured(t, ctx, socket.ListenConfig{ReusePort: true})
	},
	"UNIX": func(t *testing.T, ctx context.Context) *socket.Listener[*socket.Stream] {
		l, err := socket.Listen(ctx, "unix", unixPath(t))
		testkit.Must(t, err)
		return closing(t, ctx, l)
	},
}

func eachListener(t *testing.T, f func(t *testing.T, ctx context.Context, l *socket.Listener[*socket.Stream]), loops int) {
	for name, listen := range listeners {
		t.Run(name, func(t *testing.T) {
			if runtime.GOOS == "windows" && name != "handed over" {
				t.Skip("the system has no such sockets")
			}
			onLoops(t, loops, func(ctx context.Context) error {
				f(t, ctx, listen(t, ctx))
				return nil
			})
		})
	}
}

func TestServeUsesAllLoops(t *testing.T) {
	const loops, conns = 3, 60
	eachListener(t, func(t *testing.T, ctx context.Context, l *socket.Listener[*socket.Stream]) {
		var on [loops]atomic.Int32
		group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
			tg.Go(func(ctx context.Context) error {
				return l.Serve(ctx, tg, func(ctx context.Context, s *socket.Stream) error {
					on[loopOf(ctx)].Add(1)
					return echo(ctx, s)
				})
			}, anyio.Name("serve"))
			var open [conns]net.Conn
			testkit.Must(t, anyio.RunBlocking(ctx, func() (err error) {
				for i := range open {
					if open[i], err = net.Dial(l.Addr().Network(), l.Addr().String()); err != nil {
						return err
					}
					if _, err := open[i].Write([]byte{'x'}); err != nil {
						return err
					}
					if _, err := open[i].Read(make([]byte, 1)); err != nil {
						return err
					}
				}
				return nil
			}))
			for i := range loops {
				switch n := on[i].Load(); {
				case t.Name() == "TestServeUsesAllLoops/a_socket_each":
					if n == 0 {
						t.Errorf("no connections on loop %d", i)
					}
				case n < conns/loops-1 || n > conns/loops+1:
					t.Errorf("%d connections on loop %d", n, i)
				}
			}
			for _, c := range open {
				c.Close()
			}
			tg.Cancel("seen")
		})
	}, loops)
}

// loopOf is the loop on which ctx runs.
func loopOf(ctx context.Context) int {
	info, _ := anyio.CurrentTask(ctx)
	return info.Loop
}

func TestManyTalkToManyLoops(t *testing.T) {
	const conns, rounds = 40, 30
	eachListener(t, func(t *testing.T, ctx context.Context, l *socket.Listener[*socket.Stream]) {
		group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
			tg.Go(func(ctx context.Context) error { return l.Serve(ctx, nil, echo) })
			testkit.WantNil(t, "clients", clients(ctx, conns, func() error {
				return talk(l.Addr().Network(), l.Addr().String(), rounds)
			}))
			tg.Cancel("done")
		})
	}, 3)
}

// Serve ends and begins again while clients come: all of them are served, some by a call
// of Serve that began after they had connected.
func TestNoConnectionIsLostBetweenTwoServes(t *testing.T) {
	const conns = 150
	eachListener(t, func(t *testing.T, ctx context.Context, l *socket.Listener[*socket.Stream]) {
		group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
			var served atomic.Bool
			serving := 0
			tg.Go(func(ctx context.Context) error {
				for !served.Load() {
					serving++
					if _, err := anyio.MoveOnAfter(ctx, time.Duration(serving%5)*100*time.Microsecond, func(ctx context.Context) error {
						return l.Serve(ctx, tg, echo)
					}); err != nil {
						return err
					}
				}
				return nil
			})
			testkit.WantNil(t, "clients", clients(ctx, conns, func() error {
				return talk(l.Addr().Network(), l.Addr().String(), 2)
			}))
			served.Store(true)
		})
	}, 3)
}

func TestCloseEndsServeOnAllLoops(t *testing.T) {
	eachListener(t, func(t *testing.T, ctx context.Context, l *socket.Listener[*socket.Stream]) {
		group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
			tg.Go(func(ctx context.Context) error {
				testkit.WantErr(t, l.Serve(ctx, tg, echo), anyio.ErrClosed)
				return nil
			})
			var open net.Conn
			testkit.Must(t, anyio.RunBlocking(ctx, func() (err error) {
				open, err = net.Dial(l.Addr().Network(), l.Addr().String())
				return err
			}))
			answered := func() error {
				if _, err := open.Write([]byte{'x'}); err != nil {
					return err
				}
				_, err := io.ReadFull(open, make([]byte, 1))
				return err
			}
			testkit.WantNil(t, "a connection", anyio.RunBlocking(ctx, answered)) // now it is accepted
			testkit.Must(t, l.Close(ctx))
			testkit.WantNil(t, "a connection that is open", anyio.RunBlocking(ctx, func() error {
				defer open.Close()
				return answered()
			}))
			if l.Addr().Network() == "tcp" { // all of its sockets have left the port
				std, err := net.Listen("tcp", l.Addr().String())
				for n := 0; err != nil && n < 1000; n++ { // somebody else may have it for a moment
					testkit.WantNil(t, "a pause", anyio.Sleep(ctx, time.Millisecond))
					std, err = net.Listen("tcp", l.Addr().String())
				}
				testkit.Must(t, err)
				std.Close()
			}
		})
	}, 3)
}

func TestTheFailureOfAHandlerEndsServeOnAllLoops(t *testing.T) {
	eachListener(t, func(t *testing.T, ctx context.Context, l *socket.Listener[*socket.Stream]) {
		err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			tg.Go(func(ctx context.Context) error {
				defer l.Close(ctx) // with the connections that nobody has accepted
				return l.Serve(ctx, nil, func(ctx context.Context, s *socket.Stream) error {
					defer s.Close(ctx)
					if _, err := s.Receive(ctx, make([]byte, 1)); err != nil {
						return err
					}
					return testkit.ErrBoom
				})
			})
			return clients(ctx, 7, func() error { // all but one see the end of the server
				c, err := net.Dial(l.Addr().Network(), l.Addr().String())
				if err != nil {
					return nil
				}
				defer c.Close()
				_, _ = c.Write([]byte{'x'})
				_, _ = c.Read(make([]byte, 1))
				return nil
			})
		})
		if !errors.Is(err, testkit.ErrBoom) {
			t.Error(err)
		}
	}, 3)
}

func TestMaxConnectionsCountsThoseOfAllLoops(t *testing.T) {
	const most, conns = 4, 40
	for _, reuse := range []bool{false, true} {
		if reuse && runtime.GOOS == "windows" {
			continue
		}
		onLoops(t, 3, func(ctx context.Context) error {
			l := configured(t, ctx, socket.ListenConfig{ReusePort: reuse, MaxConnections: most})
			var now, peak atomic.Int32
			group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
				tg.Go(func(ctx context.Context) error {
					return l.Serve(ctx, nil, func(ctx context.Context, s *socket.Stream) error {
						n := now.Add(1)
						defer now.Add(-1)
						for old := peak.Load(); n > old && !peak.CompareAndSwap(old, n); old = peak.Load() {
						}
						return echo(ctx, s)
					})
				})
				testkit.WantNil(t, "clients", clients(ctx, conns, func() error { return talk("tcp", l.Addr().String(), 5) }))
				tg.Cancel("done")
			})
			if n := peak.Load(); n > most || n < 2 {
				t.Errorf("%d connections at the same time", n)
			}
			return nil
		})
	}
}

// Tasks on all loops accept at one listener, each for itself.
func TestAcceptOnAnyLoop(t *testing.T) {
	const loops, each = 3, 10
	eachListener(t, func(t *testing.T, ctx context.Context, l *socket.Listener[*socket.Stream]) {
		var turn anyio.Lock
		group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
			for i := range loops {
				tg.Go(func(ctx context.Context) error {
					for range each {
						var s *socket.Stream
						err := turn.Do(ctx, func(ctx context.Context) (err error) {
							s, err = l.Accept(ctx)
							return err
						})
						if err != nil {
							return err
						}
						tg.Go(func(ctx context.Context) error { return echo(ctx, s) }, anyio.InLoop(i))
					}
					return nil
				}, anyio.InLoop(i))
			}
			testkit.WantNil(t, "clients", clients(ctx, loops*each, func() error {
				return talk(l.Addr().Network(), l.Addr().String(), 10)
			}))
		})
	}, loops)
}

// A connection may be used by a task of another loop than its own, and closed by a third.
func TestConnectionsAreUsedFromOtherLoops(t *testing.T) {
	onLoops(t, 3, func(ctx context.Context) error {
		a, b := tcpPair(t, ctx, "127.0.0.1")
		group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
			tg.Go(func(ctx context.Context) error { return echo(ctx, b) }, anyio.InLoop(1))
			sending := tg.Go(func(ctx context.Context) error {
				for i := range 50 {
					word := fmt.Sprintf("word %02d", i)
					if err := a.Send(ctx, []byte(word)); err != nil {
						return err
					}
					want(t, ctx, a, word)
				}
				return nil
			}, anyio.InLoop(2))
			testkit.Must(t, sending.Await(ctx))
			waiting := tg.Go(func(ctx context.Context) error {
				_, err := a.Receive(ctx, make([]byte, 1))
				testkit.WantErr(t, err, anyio.ErrClosed)
				return nil
			}, anyio.InLoop(2))
			idle(t, ctx)
			tg.Go(func(ctx context.Context) error { return a.Close(ctx) }, anyio.InLoop(1))
			testkit.Must(t, waiting.Await(ctx))
		})
		return nil
	})
}
