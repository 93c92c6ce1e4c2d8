package anyio_test

import (
	"context"
	"testing"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/internal/testkit"
	"github.com/anyio-go/anyio/sim"
)

// In virtual time it is told to the nanosecond.
func TestWaitAllTasksBlockedForBeginsAgainWhenATaskHasRun(t *testing.T) {
	for seed := range uint64(20) {
		err := anyio.Run(context.Background(), func(ctx context.Context) error {
			begin := anyio.Now(ctx)
			return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
				tg.Go(func(ctx context.Context) error {
					// While it is in this call it does not count, afterwards it does.
					if err := anyio.WaitAllTasksBlockedFor(ctx, time.Second); err != nil {
						return err
					}
					for range 5 { // waits of 3 s, each shorter than the cushion
						if err := anyio.Sleep(ctx, 3*time.Second); err != nil {
							return err
						}
					}
					return anyio.SleepForever(ctx)
				})
				if err := anyio.WaitAllTasksBlockedFor(ctx, 4*time.Second); err != nil {
					return err
				}
				if took := anyio.Now(ctx).Sub(begin); took < 20*time.Second || took > 24*time.Second {
					t.Errorf("seed %d: returned after %v", seed, took)
				}
				tg.Cancel("enough")
				return nil
			})
		}, anyio.On(sim.New(sim.Config{Seed: seed})))
		testkit.WantNil(t, "run", err)
	}
}

// A wait that is long enough may have begun only after the call.
func TestWaitAllTasksBlockedForTakesItsTime(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			tg.Go(anyio.SleepForever)
			const d = 2 * time.Millisecond
			begin := anyio.Now(ctx)
			if err := anyio.WaitAllTasksBlockedFor(ctx, d); err != nil {
				return err
			}
			if took := anyio.Now(ctx).Sub(begin); took < d {
				t.Errorf("returned after %v", took)
			}
			tg.Cancel("enough")
			return nil
		})
		testkit.WantNil(t, "group", err)
	})
}

// Those that wait for all others at the same time do not keep each other.
func TestWaitAllTasksBlockedForOfSeveral(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		for _, d := range []time.Duration{-1, 0, time.Millisecond} {
			err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
				var stay anyio.Event
				other := tg.Go(stay.Wait)
				var all []*anyio.TaskHandle
				for range 4 {
					all = append(all, tg.Go(func(ctx context.Context) error { return anyio.WaitAllTasksBlockedFor(ctx, d) }))
				}
				canceled := tg.Go(func(ctx context.Context) error { return anyio.WaitAllTasksBlockedFor(ctx, anyio.Forever) })
				for _, h := range all {
					testkit.WantNil(t, "WaitAllTasksBlockedFor", h.Await(ctx))
				}
				testkit.WantNil(t, "CancelAndWait", canceled.CancelAndWait(ctx, "enough"))
				if canceled.Status() != anyio.Canceled {
					t.Errorf("the one without an end: %v", canceled)
				}
				stay.Set()
				return other.Await(ctx)
			})
			testkit.WantNil(t, "group", err)
		}
	})
}
