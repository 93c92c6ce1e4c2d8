//go:build linux || darwin || dragonfly || freebsd || netbsd || openbsd

package eventloop_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/kernel"
	"golang.org/x/sys/unix"
)

// Reads are canceled at random while data comes at random, by tasks of the loop
// and by goroutines. Every byte must arrive, in order, once.
func TestCancelAndDataRace(t *testing.T) {
	const total = 200_000
	eachPair(t, func(t *testing.T, ctx context.Context, a, b kernel.StreamConn) {
		group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
			tg.Go(func(ctx context.Context) error {
				defer a.Close()
				chunk := make([]byte, 400)
				for sent := 0; sent < total; {
					n := min(1+rand.IntN(len(chunk)), total-sent)
					for i := range n {
						chunk[i] = byte((sent + i) % 251)
					}
					if _, err := a.Write(ctx, chunk[:n]); err != nil {
						return err
					}
					sent += n
					if rand.IntN(3) == 0 {
						if err := anyio.Sleep(ctx, time.Duration(rand.IntN(50))*time.Microsecond); err != nil {
							return err
						}
					}
				}
				return nil
			})
			got, canceled := 0, 0
			buf := make([]byte, 300)
			for got < total {
				ctx, s := anyio.OpenCancelScope(ctx)
				switch rand.IntN(3) {
				case 0:
					go s.Cancel("from outside")
				case 1:
					s.SetDeadline(time.Now().Add(time.Duration(rand.IntN(50)) * time.Microsecond))
				}
				n, err := b.Read(ctx, buf[:1+rand.IntN(len(buf))])
				if err != nil && (n != 0 || !errors.Is(err, anyio.ErrCanceled)) {
					t.Fatalf("read: %d, %v", n, err)
				}
				if err != nil {
					canceled++
				}
				for i := range n {
					if buf[i] != byte((got+i)%251) {
						t.Fatalf("byte %d is %d", got+i, buf[i])
					}
				}
				got += n
				_ = s.End(err)
			}
			if canceled == 0 {
				t.Error("no read was canceled")
			}
			wantEnd(t, ctx, b)
		})
	})
}

// No connection is lost when Accept is canceled at random.
func TestCancelAndAcceptRace(t *testing.T) {
	const total = 200
	run(t, func(ctx context.Context, n kernel.Network) error {
		l := listenTCP(t, ctx)
		defer l.Close()
		group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
			for i := range total {
				tg.Go(func(ctx context.Context) error {
					c, err := dial(ctx, l, "tcp")
					if err != nil {
						return err
					}
					defer c.Close()
					want(t, ctx, c, "hello")
					return nil
				})
				if i%10 == 0 {
					if err := kernel.Checkpoint(ctx); err != nil {
						t.Error(err)
					}
				}
			}
			for accepted := 0; accepted < total; {
				var c kernel.StreamConn
				_, err := anyio.MoveOnAfter(ctx, time.Duration(rand.IntN(30))*time.Microsecond, func(ctx context.Context) (err error) {
					c, err = l.Accept(ctx)
					return err
				})
				if err != nil {
					t.Fatal(err)
				}
				if c != nil {
					accepted++
					write(t, ctx, c, "hello")
					c.Close()
				}
			}
		})
		return nil
	})
}

func TestThousandConnectionsAtOnce(t *testing.T) {
	const total = 1000
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil || limit.Cur < 2*total+100 {
		t.Skipf("only %d descriptors are allowed here", limit.Cur)
	}
	run(t, func(ctx context.Context, n kernel.Network) error {
		l := listenTCP(t, ctx)
		defer l.Close()
		group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
			tg.Go(func(ctx context.Context) error { return serve(ctx, tg, l) })
			group(t, ctx, func(ctx context.Context, clients *anyio.TaskGroup) {
				all := make(chan bool, total)
				var everybody anyio.Event
				for i := range total {
					clients.Go(func(ctx context.Context) error {
						c, err := dial(ctx, l, "tcp")
						if err != nil {
							return err
						}
						defer c.Close()
						if all <- true; len(all) == total {
							everybody.Set()
						}
						if err := everybody.Wait(ctx); err != nil {
							return err
						}
						text := fmt.Sprint("hello from ", i)
						for range 3 {
							write(t, ctx, c, text)
							want(t, ctx, c, text)
						}
						return nil
					})
				}
			})
			tg.Cancel("done")
		})
		return nil
	})
}
