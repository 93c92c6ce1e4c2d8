package anyio_test

import (
	"context"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/testkit"
)

// Those who wait are served in the order of their coming, whoever of them is
// canceled while the thing passes from one to the next.
func TestFIFOUnderCancellation(t *testing.T) {
	for name, mk := range map[string]func() fifo{
		"Lock": func() fifo {
			l := &anyio.Lock{}
			return fifo{l.Acquire, l.Release, func() int { return l.Statistics().TasksWaiting }}
		},
		"RWLock": func() fifo {
			l := &anyio.RWLock{}
			return fifo{l.Acquire, l.Release, func() int { return l.Statistics().TasksWaiting }}
		},
		"Semaphore": func() fifo {
			s := anyio.NewSemaphore(1)
			return fifo{s.Acquire, s.Release, func() int { return s.TasksWaiting() }}
		},
		"CapacityLimiter": func() fifo {
			l := anyio.NewCapacityLimiter(1)
			return fifo{l.Acquire, l.Release, func() int { return l.Statistics().TasksWaiting }}
		},
	} {
		t.Run(name, func(t *testing.T) {
			underChaos(t, func(t *testing.T, ctx context.Context, c *chaos) {
				p, rng := mk(), c.rng(0)
				for range 1 + c.ops/200 {
					p.round(t, ctx, c, rng)
				}
			})
		})
	}
}

// A fifo is a primitive that lets in one at a time.
type fifo struct {
	acquire func(ctx context.Context) error
	release func()
	waiting func() int
}

// round lets eight tasks queue up one after the other, and then go, while some of
// them are canceled.
func (p fifo) round(t *testing.T, ctx context.Context, c *chaos, rng *rand.Rand) {
	t.Helper()
	const n = 8
	var order []int // guarded by the primitive
	var done anyio.Event
	seed := rng.Uint64()
	must(t, p.acquire(ctx))
	group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
		var tasks [n]*anyio.TaskHandle
		for i := range tasks {
			c.begun.Add(1)
			tasks[i] = tg.Go(func(ctx context.Context) error {
				if err := p.acquire(ctx); err != nil {
					c.canceled.Add(1)
					return err
				}
				c.granted.Add(1)
				order = append(order, i)
				dawdle(ctx, rand.New(rand.NewPCG(seed, uint64(i))))
				p.release()
				return nil
			})
			for p.waiting() <= i {
				must(t, anyio.Sleep(ctx, 0))
			}
		}
		cancelSome := func() {
			defer done.Set()
			rng := rand.New(rand.NewPCG(seed, n))
			for range rng.IntN(n) {
				tasks[rng.IntN(n)].Cancel("chaos")
			}
		}
		if seed%2 == 0 || testkit.Simulated(ctx) {
			tg.Go(func(context.Context) error { cancelSome(); return nil })
		} else {
			go cancelSome()
		}
		p.release()
	})
	must(t, done.Wait(ctx))
	if !slices.IsSorted(order) {
		t.Fatalf("served in the order %v", order)
	}
}
