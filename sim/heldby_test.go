package sim_test

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/sim"
)

// A deadlock tells of a task who holds what it waits for.
func TestDeadlockTellsWhoHoldsWhat(t *testing.T) {
	var a, b anyio.Lock
	var never anyio.Event
	hold := func(first, second *anyio.Lock) func(ctx context.Context) error {
		return func(ctx context.Context) error {
			return first.Do(ctx, func(ctx context.Context) error {
				if err := anyio.Sleep(ctx, 1); err != nil {
					return err
				}
				return second.Do(ctx, func(ctx context.Context) error { return nil })
			})
		}
	}
	err := anyio.Run(context.Background(), func(ctx context.Context) error {
		return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			tg.Go(hold(&a, &b))
			tg.Go(hold(&b, &a))
			tg.Go(func(ctx context.Context) error { return never.Wait(ctx) })
			return nil
		})
	}, anyio.On(sim.New(sim.Config{})))
	deadlock, ok := errors.AsType[*sim.DeadlockError](err)
	if !ok {
		t.Fatal(err)
	}
	for i, want := range [][]uint64{nil, {3}, {2}, nil} {
		if got := deadlock.Tasks[i].HeldBy; !slices.Equal(got, want) {
			t.Errorf("what task %d waits for is held by %d, want %d", i+1, got, want)
		}
	}
}
