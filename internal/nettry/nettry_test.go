package nettry_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"net/netip"
	"os"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/kernel"
	"github.com/anyio-go/anyio/internal/nettry"
	"github.com/anyio-go/anyio/internal/testkit"
	"github.com/anyio-go/anyio/lowlevel"
)

var loopback = kernel.Addr{IP: netip.MustParseAddrPort("127.0.0.1:0")}

// run runs f on the event loop, with a network that need not be the loop's.
func run(t *testing.T, f func(ctx context.Context, n *nettry.Network) error) {
	t.Helper()
	err := anyio.Run(t.Context(), func(ctx context.Context) error {
		n := &nettry.Network{}
		defer n.End()
		return f(ctx, n)
	}, anyio.On(anyio.EventLoop()))
	testkit.Must(t, err)
}

// pair is a connection, both ends watched.
func pair(t *testing.T, ctx context.Context, n *nettry.Network) (ends [2]kernel.TryStream, bells [2]*testkit.Bell) {
	t.Helper()
	l, err := n.ListenStream(ctx, kernel.SocketOptions{Network: "tcp4", Local: loopback})
	testkit.Must(t, err)
	defer l.Close()
	a, err := n.DialStream(ctx, kernel.SocketOptions{Network: "tcp4", Remote: l.LocalAddr()})
	testkit.Must(t, err)
	b, err := l.Accept(ctx)
	testkit.Must(t, err)
	for i, c := range []kernel.StreamConn{a, b} {
		ends[i], bells[i] = c.(kernel.TryStream), testkit.NewBell()
		ends[i].Watch(bells[i])
	}
	return ends, bells
}

// Both ends send and receive at once, in random pieces, by attempts and by calls that block.
func TestBothDirectionsInRandomPieces(t *testing.T) {
	const size = 1 << 20
	data := make([]byte, size)
	for i := range data {
		data[i] = byte(rand.Uint32())
	}
	run(t, func(ctx context.Context, n *nettry.Network) error {
		ends, bells := pair(t, ctx, n)
		defer ends[0].Close()
		defer ends[1].Close()
		return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			for i, c := range ends {
				tg.Go(func(ctx context.Context) error {
					for sent := 0; sent < size; {
						piece := data[sent:min(size, sent+1+rand.IntN(300<<10))]
						n := 0
						var err error
						if rand.IntN(4) == 0 { // also after an attempt that has left something
							n, err = c.TryWrite(piece)
							if err == kernel.ErrWouldBlock {
								var k int
								k, err = c.Write(ctx, piece[n:])
								n += k
							}
						} else {
							err = bells[i].Until(ctx, true, func() error { k, err := c.TryWrite(piece[n:]); n += k; return err })
						}
						if sent += n; err != nil {
							return err
						}
					}
					return c.CloseWrite()
				})
				tg.Go(func(ctx context.Context) error {
					buf := make([]byte, 100<<10)
					for got := 0; ; {
						n, p := 0, buf[:1+rand.IntN(len(buf))]
						var err error
						if rand.IntN(4) == 0 {
							n, err = c.Read(ctx, p)
						} else {
							err = bells[i].Until(ctx, false, func() (err error) { n, err = c.TryRead(p); return err })
						}
						if err == io.EOF && got == size {
							return nil
						}
						if err != nil {
							return err
						}
						if !bytes.Equal(p[:n], data[got:got+n]) {
							return errors.New("other bytes")
						}
						got += n
					}
				})
			}
			return nil
		})
	})
}

// Whenever a socket is closed, who was to be told is told, and nothing is left behind.
func TestClosesAtAnyMoment(t *testing.T) {
	run(t, func(ctx context.Context, n *nettry.Network) error {
		for range 6 {
			ends, bells := pair(t, ctx, n)
			err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
				for i, c := range ends {
					tg.Go(func(ctx context.Context) error {
						for {
							if err := bells[i].Until(ctx, true, func() error { _, err := c.TryWrite(make([]byte, 200<<10)); return err }); err != nil {
								return nil
							}
						}
					})
					tg.Go(func(ctx context.Context) error {
						for buf := make([]byte, 50<<10); ; {
							if err := bells[i].Until(ctx, false, func() error { _, err := c.TryRead(buf); return err }); err != nil {
								return nil
							}
						}
					})
				}
				for range rand.IntN(20) {
					if err := lowlevel.Checkpoint(ctx); err != nil {
						return err
					}
				}
				if i := rand.IntN(2); rand.IntN(2) == 0 {
					return errors.Join(ends[i].Close(), ends[i].Close())
				} else {
					return ends[i].Abort()
				}
			})
			if err := errors.Join(err, ends[0].Close(), ends[1].Close()); err != nil {
				return err
			}
		}
		return nil
	})
}

// A call that blocks and is canceled interrupts a wait for news beside it, which goes on.
func TestCanceledReadBesideAWait(t *testing.T) {
	run(t, func(ctx context.Context, n *nettry.Network) error {
		ends, bells := pair(t, ctx, n)
		defer ends[0].Close()
		defer ends[1].Close()
		for range 20 {
			if _, err := ends[0].TryRead(make([]byte, 1)); err != kernel.ErrWouldBlock {
				t.Fatal(err)
			}
			err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
				h := tg.Go(func(ctx context.Context) error {
					_, err := ends[0].Read(ctx, make([]byte, 1))
					if !errors.Is(err, anyio.ErrCanceled) {
						t.Errorf("got %v, want a cancellation", err)
					}
					return err
				})
				err := anyio.WaitAllTasksBlocked(ctx)
				h.Cancel("test")
				return err
			})
			if err != nil {
				return err
			}
			if _, err := ends[1].Write(ctx, []byte("x")); err != nil {
				return err
			}
			if err := bells[0].Until(ctx, false, func() error { _, err := ends[0].TryRead(make([]byte, 1)); return err }); err != nil {
				return err
			}
		}
		return nil
	})
}

// What was accepted and taken by nobody is closed with the listener, and the end of the run
// closes what is watched.
func TestWhatNobodyTakesIsClosed(t *testing.T) {
	run(t, func(ctx context.Context, n *nettry.Network) error {
		for i := range 20 {
			l, err := n.ListenStream(ctx, kernel.SocketOptions{Network: "tcp4", Local: loopback})
			testkit.Must(t, err)
			tl, b := l.(kernel.TryListener), testkit.NewBell()
			tl.Watch(b)
			if _, err := tl.TryAccept(); err != kernel.ErrWouldBlock {
				t.Fatal(err)
			}
			c, err := n.DialStream(ctx, kernel.SocketOptions{Network: "tcp4", Remote: l.LocalAddr()})
			testkit.Must(t, err)
			if i%2 == 0 {
				testkit.Must(t, l.Close())
			} else {
				n.End()
				n = &nettry.Network{}
			}
			if _, err := c.Read(ctx, make([]byte, 1)); err == nil { // the end, or a reset
				t.Error("it is still open")
			}
			if _, err := tl.TryAccept(); !errors.Is(err, net.ErrClosed) {
				t.Errorf("TryAccept: %v", err)
			}
			testkit.Must(t, c.Close())
		}
		return nil
	})
}

func TestPipe(t *testing.T) {
	run(t, func(ctx context.Context, n *nettry.Network) error {
		for range 20 {
			rf, wf, err := os.Pipe()
			testkit.Must(t, err)
			r, rb := file(t, n, rf)
			w, wb := file(t, n, wf)
			data := bytes.Repeat([]byte("0123456789abcdef"), 20<<10)
			var got []byte
			err = anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
				tg.Go(func(ctx context.Context) error {
					sent := 0
					err := wb.Until(ctx, true, func() error { k, err := w.TryWrite(data[sent:]); sent += k; return err })
					return errors.Join(err, w.Close())
				})
				for buf := make([]byte, 5000); ; {
					k := 0
					err := rb.Until(ctx, false, func() (err error) { k, err = r.TryRead(buf); return err })
					if got = append(got, buf[:k]...); err == io.EOF {
						return r.Close()
					}
					if err != nil {
						return err
					}
				}
			})
			if err != nil || !bytes.Equal(got, data) {
				t.Errorf("%d bytes, %v", len(got), err)
			}
			if _, err := r.TryRead(make([]byte, 1)); !errors.Is(err, net.ErrClosed) {
				t.Errorf("TryRead after Close: %v", err)
			}
		}
		return nil
	})
}
