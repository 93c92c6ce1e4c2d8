package asyncio_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/asyncio"
	"github.com/anyio-go/anyio/internal/testkit"
	"github.com/anyio-go/anyio/sim"
)

// stubborn is a task that does not end when it is asked to, but waits again, for what does
// not come.
func stubborn(ctx context.Context) error {
	return anyio.Shielded(ctx, anyio.Forever, func(ctx context.Context) (err error) {
		for range 5 { // more often than it is asked
			_, err = asyncio.NewFuture[int](ctx).Await(ctx)
		}
		return err
	})
}

// A simulated run that cannot go on ends, also where it waits for what no cancellation of
// the program ends: what it waits for ends then.
func TestWaitsThatNothingCancelsEndInARunThatIsKilled(t *testing.T) {
	group := func(ctx context.Context, body func() error) error {
		return asyncio.WithTaskGroup(ctx, func(ctx context.Context, tg *asyncio.TaskGroup) error {
			waits := false
			tg.Go(ctx, func(ctx context.Context) error {
				waits = true
				return stubborn(ctx)
			})
			for !waits { // whatever cancels this task meanwhile
				_ = asyncio.Sleep(ctx, 0)
			}
			return body()
		})
	}
	left := func(ctx context.Context, f func(ctx context.Context) error) {
		asyncio.CreateTask(ctx, func(ctx context.Context) (int, error) { return 0, f(ctx) })
		anyioWaits(t, ctx)
	}
	log := testkit.CaptureLog(t)
	for name, main := range map[string]func(ctx context.Context) error{
		"end of a group": func(ctx context.Context) error {
			return group(ctx, func() error { return testkit.ErrBoom })
		},
		"group whose body panics": func(ctx context.Context) error {
			defer func() { _ = recover() }()
			return group(ctx, func() error { panic("body") })
		},
		"group in a canceled scope": func(ctx context.Context) error {
			_, err := anyio.MoveOnAfter(ctx, time.Millisecond, func(ctx context.Context) error {
				return group(ctx, func() error { return nil })
			})
			return err
		},
		"lock of a condition": func(ctx context.Context) error {
			var c asyncio.Condition
			left(ctx, func(ctx context.Context) error { return c.Do(ctx, c.Wait) })
			testkit.Must(t, c.Acquire(ctx))
			c.NotifyAll()
			_, err := asyncio.NewFuture[int](ctx).Await(ctx)
			return err
		},
		"lock of a condition whose wait was canceled": func(ctx context.Context) error {
			var c asyncio.Condition
			return c.Do(ctx, func(ctx context.Context) error {
				left(ctx, func(ctx context.Context) error { return c.Do(ctx, anyio.SleepForever) })
				_, err := anyio.MoveOnAfter(ctx, time.Millisecond, c.Wait)
				return err
			})
		},
		"end of Run": func(ctx context.Context) error {
			left(ctx, stubborn)
			return testkit.ErrBoom
		},
		"end of Run with a group": func(ctx context.Context) error {
			asyncio.CreateTask(ctx, func(ctx context.Context) (int, error) {
				return 0, group(ctx, func() error { return anyio.SleepForever(ctx) })
			})
			anyioWaits(t, ctx)
			return testkit.ErrBoom
		},
	} {
		t.Run(name, func(t *testing.T) {
			for seed := uint64(1); seed < 4; seed++ {
				err := asyncio.Run(t.Context(), main, onSim(seed))
				var de *sim.DeadlockError
				if !errors.As(err, &de) {
					t.Errorf("seed %d: %v", seed, err)
				}
			}
		})
		t.Run(name+", in a run of package anyio", func(t *testing.T) {
			for seed := uint64(1); seed < 4; seed++ {
				err := anyio.Run(t.Context(), func(ctx context.Context) error {
					asyncio.CreateTask(ctx, func(ctx context.Context) (int, error) { return 0, main(ctx) })
					return anyio.SleepForever(ctx)
				}, onSim(seed))
				var de *sim.DeadlockError
				if !errors.As(err, &de) {
					t.Errorf("seed %d: %v", seed, err)
				}
			}
		})
	}
	if text := log.Take(); strings.Contains(text, "panicked") { // by a lock that is not locked
		t.Error(text)
	}
}
