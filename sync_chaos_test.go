package anyio_test

import (
	"context"
	"math/rand/v2"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/kernel"
	"github.com/anyio-go/anyio/internal/race"
	"github.com/anyio-go/anyio/internal/testkit"
	"github.com/anyio-go/anyio/sim"
)

// A chaos runs operations of several tasks in scopes that somebody else cancels
// at random moments, so that cancellations meet grants.
type chaos struct {
	ops      int64        // to do altogether
	begun    atomic.Int64 // operations
	granted  atomic.Int64 // operations that returned nil
	canceled atomic.Int64 // operations that returned a cancellation
	seed     uint64
	slots    [8]atomic.Pointer[anyio.CancelScope] // one per worker, to be canceled
	over     atomic.Bool                          // the workers have ended
}

func (c *chaos) rng(i int) *rand.Rand { return rand.New(rand.NewPCG(c.seed, uint64(i))) }

// run runs a worker for each slot, and beside them the one who cancels: a
// goroutine, or in the simulator a task.
func (c *chaos) run(t *testing.T, ctx context.Context, worker func(ctx context.Context, i int, rng *rand.Rand)) {
	t.Helper()
	var done anyio.Event
	group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
		if testkit.Simulated(ctx) {
			tg.Go(func(ctx context.Context) error {
				rng := c.rng(-1)
				for !c.over.Load() {
					if s := c.slots[rng.IntN(len(c.slots))].Swap(nil); s != nil {
						s.Cancel("chaos")
					}
					must(t, anyio.Sleep(ctx, 0))
				}
				return nil
			})
			done.Set()
		} else {
			go func() {
				defer done.Set()
				c.cancelAll()
			}()
		}
		must(t, anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			for i := range c.slots {
				tg.Go(func(ctx context.Context) error {
					worker(ctx, i, c.rng(i))
					return nil
				})
			}
			return nil
		}))
		c.over.Store(true)
	})
	must(t, done.Wait(ctx))
	equal(t, "operations with an outcome", c.granted.Load()+c.canceled.Load(), c.begun.Load())
	if c.ops >= 1000 && (c.granted.Load() == 0 || c.canceled.Load() == 0) {
		t.Errorf("%d granted, %d canceled: nothing was contended", c.granted.Load(), c.canceled.Load())
	}
}

// cancelAll cancels whatever shows up in the slots, after a random while.
func (c *chaos) cancelAll() {
	rng := c.rng(-1)
	for !c.over.Load() {
		for i := range c.slots {
			if s := c.slots[i].Swap(nil); s != nil {
				for range rng.IntN(300) {
					c.over.Load() // a few hundred nanoseconds
				}
				s.Cancel("chaos")
			}
		}
		runtime.Gosched()
	}
}

// more counts an operation; it returns false when there were enough.
func (c *chaos) more() bool {
	if c.begun.Add(1) > c.ops {
		c.begun.Add(-1)
		return false
	}
	return true
}

// try does an operation in a scope that may be canceled meanwhile, and reports
// whether it was done. The operation must have had no effect if it was not.
func (c *chaos) try(t *testing.T, ctx context.Context, i int, rng *rand.Rand, op func(ctx context.Context) error) bool {
	if rng.IntN(4) == 0 { // also by a task of the same loop
		if s := c.slots[rng.IntN(len(c.slots))].Swap(nil); s != nil {
			s.Cancel("chaos")
		}
	}
	var err error
	body := func(ctx context.Context) error {
		err = op(ctx)
		return err
	}
	switch rng.IntN(8) {
	case 0:
		_, outer := anyio.MoveOnAfter(ctx, time.Duration(rng.IntN(4))*time.Microsecond, body)
		must(t, outer)
	case 1, 2:
		_ = body(ctx) // not to be canceled
	default:
		must(t, anyio.WithCancelScope(ctx, func(ctx context.Context, scope *anyio.CancelScope) error {
			c.slots[i].Store(scope)
			defer c.slots[i].Store(nil)
			return body(ctx)
		}))
	}
	if err != nil {
		testkit.WantErr(t, err, anyio.ErrCanceled)
		c.canceled.Add(1)
		return false
	}
	c.granted.Add(1)
	return true
}

// dawdle sometimes lets others run while something is held.
func dawdle(ctx context.Context, rng *rand.Rand) {
	if rng.IntN(4) == 0 {
		kernel.CheckpointShielded(ctx)
	}
}

// underChaos runs a scenario on real threads, on an event loop that a goroutine
// cancels tasks of, and in many simulations.
func underChaos(t *testing.T, scenario func(t *testing.T, ctx context.Context, c *chaos)) {
	ops, seeds := int64(300_000), uint64(400)
	switch {
	case testing.Short():
		ops, seeds = 20_000, 50
	case race.Enabled:
		ops, seeds = 100_000, 100
	}
	on := func(t *testing.T, b anyio.Backend, c *chaos) {
		must(t, anyio.Run(context.Background(), func(ctx context.Context) error {
			scenario(t, ctx, c)
			return nil
		}, anyio.On(b)))
	}
	for _, b := range []anyio.Backend{anyio.Parallel(), anyio.EventLoop()} {
		t.Run(b.Name(), func(t *testing.T) {
			c := &chaos{ops: ops, seed: rand.Uint64()}
			if b.Name() == "eventloop" { // there a grant and a cancel seldom meet
				c.ops /= 10
			}
			on(t, b, c)
			t.Logf("%d operations: %d granted, %d canceled", c.begun.Load(), c.granted.Load(), c.canceled.Load())
		})
	}
	t.Run("sim", func(t *testing.T) {
		var granted, canceled int64
		for seed := range seeds {
			c := &chaos{ops: 100, seed: seed}
			on(t, sim.New(sim.Config{Seed: seed}), c)
			granted, canceled = granted+c.granted.Load(), canceled+c.canceled.Load()
			if t.Failed() {
				t.Fatalf("seed %d", seed)
			}
		}
		if granted == 0 || canceled == 0 {
			t.Errorf("%d granted, %d canceled: nothing was contended", granted, canceled)
		}
		t.Logf("%d simulations: %d operations granted, %d canceled", seeds, granted, canceled)
	})
}
