package anyioutils_test

import (
	"context"
	"sync/atomic"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/anyioutils"
	"github.com/anyio-go/anyio/internal/testkit"
)

func TestEventIsSetAndClearedAgainAndAgain(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		var ev anyioutils.Event
		for range 3 {
			if ev.IsSet() {
				t.Error("set before Set")
			}
			ev.Clear() // of an event that is not set changes nothing
			err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
				var through atomic.Int32
				for range 5 {
					tg.Go(func(ctx context.Context) error {
						err := ev.Wait(ctx)
						through.Add(1)
						return err
					})
				}
				testkit.Settled(t, ctx)
				ev.Clear()
				testkit.Settled(t, ctx)
				if n := through.Load(); n != 0 {
					t.Errorf("%d did not wait", n)
				}
				ev.Set()
				if !ev.IsSet() {
					t.Error("not set after Set")
				}
				ev.Clear() // those who waited go on
				return nil
			})
			testkit.WantNil(t, "waiting", err)
		}
		ev.Set()
		testkit.WantNil(t, "Wait of a set event", ev.Wait(ctx))
	})
}

// An event is set and cleared by goroutines at the same time: nobody who waits stays
// behind once it is set for good.
func TestEventLosesNobody(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		var ev anyioutils.Event
		err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			for range 20 {
				tg.Go(ev.Wait)
			}
			var setters []*anyio.TaskHandle
			for range 4 {
				setters = append(setters, tg.Go(func(ctx context.Context) error {
					for range 50 {
						ev.Set()
						ev.Clear()
						if err := anyio.Sleep(ctx, 1); err != nil {
							return err
						}
					}
					return nil
				}))
			}
			for _, h := range setters {
				if err := h.Wait(ctx); err != nil {
					return err
				}
			}
			ev.Set() // for good
			return nil
		})
		testkit.WantNil(t, "group", err)
	})
}

func TestEventWaitIsCanceled(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		var ev anyioutils.Event
		testkit.StartsNothing(t, ctx, ev.Wait)
		cut, err := anyio.MoveOnAfter(ctx, 1, ev.Wait)
		if !cut || err != nil {
			t.Errorf("%t, %v", cut, err)
		}
	})
}
