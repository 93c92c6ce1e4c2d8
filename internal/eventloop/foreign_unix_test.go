//go:build linux || darwin || dragonfly || freebsd || netbsd || openbsd

package eventloop_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"net/netip"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/kernel"
)

// echo sends back what it reads, until the end.
func echo(ctx context.Context, c kernel.StreamConn) error {
	defer c.Close()
	buf := make([]byte, 1000)
	for {
		n, err := c.Read(ctx, buf)
		if err == io.EOF {
			return nil
		}
		if err == nil {
			_, err = c.Write(ctx, buf[:n])
		}
		if err != nil {
			return err
		}
	}
}

// serve accepts until it is canceled and echoes in tasks of tg.
func serve(ctx context.Context, tg *anyio.TaskGroup, l kernel.StreamListener) error {
	for {
		c, err := l.Accept(ctx)
		if err != nil {
			return err
		}
		tg.Go(func(ctx context.Context) error { return echo(ctx, c) })
	}
}

// Goroutines and the tasks of other backends make sockets with the context of the
// loop, use them and close them, while the loop uses its own.
func TestSocketsAreUsedFromOutsideTheLoop(t *testing.T) {
	const rounds = 20
	visit := func(ctx context.Context, l kernel.StreamListener) error {
		for range rounds {
			c, err := dial(ctx, l, "tcp")
			if err != nil {
				return err
			}
			for range 3 {
				write(t, ctx, c, "from outside")
				want(t, ctx, c, "from outside")
			}
			if err := c.CloseWrite(); err != nil {
				return err
			}
			wantEnd(t, ctx, c)
			c.Close()
		}
		return nil
	}
	run(t, func(ctx context.Context, n kernel.Network) error {
		l := listenTCP(t, ctx)
		defer l.Close()
		group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
			tg.Go(func(ctx context.Context) error { return serve(ctx, tg, l) })
			var visitors sync.WaitGroup
			report := func(err error) {
				if err != nil {
					t.Error(err)
				}
			}
			for range 4 {
				visitors.Go(func() { report(visit(ctx, l)) })
			}
			for _, b := range []anyio.Backend{anyio.Parallel(), anyio.EventLoop()} {
				visitors.Go(func() {
					report(anyio.Run(context.Background(), func(context.Context) error { return visit(ctx, l) }, anyio.On(b)))
				})
			}
			report(visit(ctx, l)) // and a task of the loop
			var gone anyio.Event
			go func() { visitors.Wait(); gone.Set() }()
			report(gone.Wait(ctx))
			tg.Cancel("done")
		})
		return nil
	})
}

func TestGoroutineIsWokenByCloseAndByCancel(t *testing.T) {
	run(t, func(ctx context.Context, n kernel.Network) error {
		a, b := tcpPair(t, ctx)
		defer a.Close()
		defer b.Close()
		for _, test := range []struct {
			end  func(s *anyio.CancelScope)
			want error
		}{
			{func(s *anyio.CancelScope) { s.Cancel("test") }, anyio.ErrCanceled},
			{func(*anyio.CancelScope) { a.Close() }, net.ErrClosed},
		} {
			ctx, s := anyio.OpenCancelScope(ctx)
			var err error
			var ended anyio.Event
			begun := make(chan bool)
			go func() {
				close(begun)
				_, err = a.Read(ctx, make([]byte, 10))
				ended.Set()
			}()
			<-begun
			if err := anyio.Sleep(ctx, time.Millisecond); err != nil {
				t.Error(err)
			}
			test.end(s)
			_ = s.End(nil)
			_ = anyio.Shielded(ctx, time.Minute, ended.Wait)
			if !errors.Is(err, test.want) {
				t.Errorf("read: %v, want %v", err, test.want)
			}
		}
		return nil
	})
}

func TestSocketsEndWithTheRun(t *testing.T) {
	var a, b kernel.StreamConn
	var l kernel.StreamListener
	var network kernel.Network
	var fd uintptr
	ended := make(chan error, 2)
	run(t, func(ctx context.Context, n kernel.Network) error {
		network = n
		a, b = tcpPair(t, ctx)
		l = listenTCP(t, ctx)
		raw := must[interface {
			Control(func(uintptr)) error
		}](t)(b.SyscallConn())
		_ = raw.Control(func(n uintptr) { fd = n })
		go func() {
			_, err := a.Read(context.Background(), make([]byte, 10))
			ended <- err
		}()
		go func() { ended <- n.WaitFD(context.Background(), fd, false) }()
		return anyio.Sleep(ctx, time.Millisecond)
	})
	ctx := context.Background()
	for range 2 {
		if err := <-ended; !errors.Is(err, net.ErrClosed) {
			t.Errorf("a goroutine that waited at the end of the run: %v", err)
		}
	}
	_, read := b.Read(ctx, make([]byte, 10))
	_, write := b.Write(ctx, []byte("x"))
	_, accept := l.Accept(ctx)
	_, dial := network.DialStream(ctx, kernel.SocketOptions{Network: "tcp", Remote: l.LocalAddr()})
	_, listen := network.ListenStream(ctx, kernel.SocketOptions{Network: "tcp"})
	for op, err := range map[string]error{"read": read, "write": write, "accept": accept, "dial": dial, "listen": listen,
		"wait": network.WaitFD(ctx, 0, true)} {
		if !errors.Is(err, net.ErrClosed) {
			t.Errorf("%s after the run: %v, want net.ErrClosed", op, err)
		}
	}
	if err := b.Close(); err != nil {
		t.Error(err)
	}
}

func TestForgottenSocketIsClosed(t *testing.T) {
	run(t, func(ctx context.Context, n kernel.Network) error {
		kept := func() kernel.StreamConn {
			a, b := tcpPair(t, ctx)
			if _, err := anyio.MoveOnAfter(ctx, time.Microsecond, func(ctx context.Context) error {
				_, err := a.Read(ctx, make([]byte, 1)) // so that the poller knows it
				return err
			}); err != nil {
				t.Error(err)
			}
			return b
		}()
		defer kept.Close()
		var seen anyio.Event
		go func() {
			for !seen.IsSet() {
				runtime.GC()
			}
		}()
		defer seen.Set()
		return anyio.FailAfter(ctx, time.Minute, func(ctx context.Context) error {
			wantEnd(t, ctx, kept)
			return nil
		})
	})
}

// Whoever closes a socket takes its number away from those who are about to use it
// for a system call. Numbers are given again at once, so a mistake would mix up the
// pairs: each carries a byte of its own.
func TestCloseRacesWithUse(t *testing.T) {
	const pairs, rounds = 8, 30
	run(t, func(ctx context.Context, n kernel.Network) error {
		l := listenTCP(t, ctx)
		defer l.Close()
		use := func(ctx context.Context, c kernel.StreamConn, mark byte) {
			out, in := bytes.Repeat([]byte{mark}, 100), make([]byte, 100)
			for {
				if _, err := c.Write(ctx, out); err != nil {
					break
				}
				n, err := c.Read(ctx, in)
				if err != nil {
					break
				}
				if i := bytes.IndexFunc(in[:n], func(r rune) bool { return r != rune(mark) }); i >= 0 {
					t.Errorf("pair %c got %q", mark, in[:n])
				}
			}
			c.Close()
		}
		group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
			var turn anyio.Lock // so that the listener's other end is known
			for i := range pairs {
				tg.Go(func(ctx context.Context) error {
					mark := byte('a' + i)
					for range rounds {
						if err := turn.Acquire(ctx); err != nil {
							return err
						}
						a, err := dial(ctx, l, "tcp")
						if err != nil {
							return err
						}
						b, err := l.Accept(ctx)
						turn.Release()
						if err != nil {
							return err
						}
						var users sync.WaitGroup
						users.Go(func() { use(ctx, a, mark) })
						users.Go(func() { use(ctx, b, mark) })
						if err := anyio.Sleep(ctx, time.Duration(rand.IntN(200))*time.Microsecond); err != nil {
							return err
						}
						a.Close()
						b.Close()
						if _, err := anyio.RunBlockingValue(ctx, func() (int, error) { users.Wait(); return 0, nil }); err != nil {
							return err
						}
					}
					return nil
				})
			}
		})
		return nil
	})
}

// The run ends while goroutines are in the middle of making sockets.
func TestRunEndsWhileSocketsAreMade(t *testing.T) {
	l := must[net.Listener](t)(net.Listen("tcp4", "127.0.0.1:0"))
	defer l.Close()
	to := kernel.Addr{IP: netip.MustParseAddrPort(l.Addr().String())}
	for range 20 {
		var makers sync.WaitGroup
		run(t, func(ctx context.Context, n kernel.Network) error {
			var begun anyio.Event
			for range 2 {
				makers.Go(func() {
					for i := 0; ; i++ {
						c, err := n.DialStream(context.Background(), kernel.SocketOptions{Network: "tcp", Remote: to})
						if err != nil {
							if !errors.Is(err, net.ErrClosed) {
								t.Errorf("dial: %v", err)
							}
							return
						}
						if peer, err := l.Accept(); err == nil {
							peer.Close()
						}
						if i == 2 {
							begun.Set()
						}
						c.Close()
					}
				})
			}
			return begun.Wait(ctx)
		})
		makers.Wait()
	}
}
