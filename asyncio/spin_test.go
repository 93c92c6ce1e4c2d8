package asyncio_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/asyncio"
	"github.com/anyio-go/anyio/internal/loop"
	"github.com/anyio-go/anyio/internal/race"
	"github.com/anyio-go/anyio/lowlevel"
	"github.com/anyio-go/anyio/sim"
)

// waitsAgain calls wait, which fails, until it is called too often. Leaks with its name are
// expected, see TestMain.
//
//go:noinline
func waitsAgain(wait func() error) error {
	for range 20_000_000 {
		if err := wait(); err == nil {
			return errors.New("it did not fail")
		}
	}
	return nil
}

// A simulated run that cannot go on ends also if one of its tasks waits again and again,
// although each wait fails, and fails at once. The error tells which one, and where.
func TestTaskThatWaitsAgainInARunThatIsKilledIsAbandoned(t *testing.T) {
	for name, make := range map[string]func(ctx context.Context) (wait func(ctx context.Context) error){
		"future": func(ctx context.Context) func(ctx context.Context) error {
			f := asyncio.NewFuture[int](ctx)
			return func(ctx context.Context) error { _, err := f.Await(ctx); return err }
		},
		"sleep": func(context.Context) func(ctx context.Context) error {
			return func(ctx context.Context) error { return asyncio.Sleep(ctx, 1) }
		},
		"event": func(context.Context) func(ctx context.Context) error {
			var e asyncio.Event
			return func(ctx context.Context) error { return e.Wait(ctx) }
		},
		"lock": func(ctx context.Context) func(ctx context.Context) error {
			var l asyncio.Lock
			_ = l.Acquire(ctx)
			return l.Acquire
		},
		"queue": func(context.Context) func(ctx context.Context) error {
			q := asyncio.NewQueue[int](1)
			return func(ctx context.Context) error { _, err := q.Get(ctx); return err }
		},
		"checkpoint": func(context.Context) func(ctx context.Context) error {
			return lowlevel.CheckpointIfCanceled
		},
		"operation of package anyio": func(context.Context) func(ctx context.Context) error {
			var e anyio.Event
			return func(ctx context.Context) error { return e.Wait(ctx) }
		},
	} {
		t.Run(name, func(t *testing.T) {
			seeds := uint64(3)
			if race.Enabled { // with which a killed run takes a second
				seeds = 1
			}
			for seed := range seeds {
				n := 0
				err := anyio.Run(t.Context(), func(ctx context.Context) error {
					wait := make(ctx)
					asyncio.CreateTask(ctx, func(ctx context.Context) (int, error) {
						_ = anyio.SleepForever(ctx)
						return 0, waitsAgain(func() error { n++; return wait(ctx) })
					}, asyncio.Name("tireless"))
					return anyio.SleepForever(ctx)
				}, anyio.On(sim.New(sim.Config{Seed: seed, StepTimeout: -1})))
				var de *sim.DeadlockError
				if !errors.As(err, &de) || !errors.Is(err, loop.ErrStuck) {
					t.Fatalf("seed %d: %v, after %d waits", seed, err, n)
				}
				_, text, _ := strings.Cut(err.Error(), "abandoned")
				if !strings.Contains(text, `"tireless"`) || !strings.Contains(text, "spin_test.go:") {
					t.Errorf("seed %d: text: %v", seed, err)
				}
			}
		})
	}
}
