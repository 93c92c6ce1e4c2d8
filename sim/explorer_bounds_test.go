package sim_test

import (
	"context"
	"sync/atomic"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/sim"
)

// A task that polls for another one has schedules of any length: all that happens in some
// steps is seen, and each run ends.
func TestExplorerEndsWhereSomebodyPolls(t *testing.T) {
	program := func(ctx context.Context) error {
		var set atomic.Bool
		return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			tg.Go(func(ctx context.Context) error {
				for !set.Load() {
					if err := anyio.Sleep(ctx, 0); err != nil {
						return err
					}
				}
				return nil
			})
			tg.Go(func(context.Context) error { set.Store(true); return nil })
			return nil
		})
	}
	last := 0
	for _, steps := range []int{1, 4, 8, 12} {
		x := sim.Explorer{MaxSteps: steps}
		runs := 0
		for x.Next() {
			if runs++; runs > 1000 {
				t.Fatal("Next has no end")
			}
			if err := anyio.Run(t.Context(), program, anyio.On(sim.New(sim.Config{Strategy: x.Strategy(), MaxSteps: 100}))); err != nil {
				t.Fatal(err)
			}
		}
		if x.Err() != nil || x.Cut() == 0 || !x.LeftOut() || runs <= last && steps > 1 {
			t.Errorf("%d steps: %d runs, %d cut, error %v", steps, runs, x.Cut(), x.Err())
		}
		last = runs
	}
}
