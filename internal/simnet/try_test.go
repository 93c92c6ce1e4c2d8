package simnet_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"syscall"
	"testing"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/kernel"
	"github.com/anyio-go/anyio/internal/testkit"
	"github.com/anyio-go/anyio/sim"
)

func watched(c kernel.StreamConn) (kernel.TryStream, *testkit.Bell) {
	b := testkit.NewBell()
	w := c.(kernel.TryStream)
	w.Watch(b)
	return w, b
}

func TestLossReachesCallbacksAndSeedsRepeat(t *testing.T) {
	transfer := func(seed uint64) uint64 {
		lossy := sim.Link{Loss: 0.1, Reorder: 0.1, Duplicate: 0.1}
		s := connected(t, sim.Config{Seed: seed}, func(n *sim.Network) { n.Link("a", "b", lossy) },
			func(ctx context.Context, n *sim.Network, a, b kernel.StreamConn) error {
				const size = 300 << 10
				return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
					tg.Go(func(ctx context.Context) error {
						w, bell := watched(a)
						for sent, buf := 0, make([]byte, 8<<10); sent < size; {
							err := bell.Until(ctx, true, func() error {
								for i := range buf {
									buf[i] = byte((sent + i) / 100)
								}
								k, err := w.TryWrite(buf[:min(len(buf), size-sent)])
								sent += k
								return err
							})
							if err != nil {
								return err
							}
						}
						return w.CloseWrite()
					})
					r, bell := watched(b)
					for got, buf := 0, make([]byte, 5000); ; {
						var k int
						err := bell.Until(ctx, false, func() (err error) { k, err = r.TryRead(buf); return err })
						if err == io.EOF && got == size {
							return nil
						}
						if err != nil {
							return fmt.Errorf("after %d bytes: %w", got, err)
						}
						for i := range k {
							if buf[i] != byte((got+i)/100) {
								return fmt.Errorf("byte %d is another", got+i)
							}
						}
						got += k
					}
				})
			})
		return s.Hash()
	}
	if a, b := transfer(1), transfer(1); a != b {
		t.Errorf("the same seed gave %x and %x", a, b)
	}
	if a, b := transfer(1), transfer(2); a == b {
		t.Errorf("two seeds gave %x", a)
	}
}

func TestFaultsReachCallbacks(t *testing.T) {
	for name, c := range map[string]struct {
		fault func(n *sim.Network)
		want  error
	}{
		"reset":    {func(n *sim.Network) { n.Reset("a", "b") }, syscall.ECONNRESET},
		"killed":   {func(n *sim.Network) { n.Kill("a", "test") }, syscall.ECONNRESET},
		"itself":   {func(n *sim.Network) { n.Kill("b", "test") }, net.ErrClosed},
		"powerOff": {func(n *sim.Network) { n.PowerOff("a", "test") }, context.DeadlineExceeded},
	} {
		t.Run(name, func(t *testing.T) {
			connected(t, sim.Config{Seed: 1}, nil, func(ctx context.Context, n *sim.Network, a, b kernel.StreamConn) error {
				w, bell := watched(b)
				err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
					tg.Go(func(ctx context.Context) error {
						c.fault(n)
						return nil
					})
					return anyio.FailAfter(ctx, time.Hour, func(ctx context.Context) error {
						return bell.Until(ctx, false, func() error { _, err := w.TryRead(make([]byte, 1)); return err })
					})
				})
				if !errors.Is(err, c.want) {
					t.Errorf("got %v, want %v", err, c.want)
				}
				return nil
			})
		})
	}
}

func TestNoDescriptorsInASimulation(t *testing.T) {
	run(t, sim.Config{}, func(ctx context.Context, n *sim.Network) error {
		_, err := kernel.NetworkOf(ctx).(kernel.TryNetwork).TryFile(0, true)
		wantErr(t, "TryFile", err, errors.ErrUnsupported)
		return nil
	})
}
