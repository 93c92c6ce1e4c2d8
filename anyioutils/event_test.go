package anyioutils_test

import (
	"context"
	"fmt"
	"maps"
	"sync/atomic"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/anyioutils"
	"github.com/anyio-go/anyio/internal/testkit"
	"github.com/anyio-go/anyio/sim"
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

// Who explores knows that Clear puts another event in the place of the one that is set: of
// two calls each outcome is seen that there is.
func TestExplorerSeesThatAnEventIsCleared(t *testing.T) {
	for name, looks := range map[string]func(ev *anyioutils.Event) bool{
		"IsSet": (*anyioutils.Event).IsSet,
		"Set": func(ev *anyioutils.Event) bool {
			ev.Set()
			return false
		},
	} {
		for _, model := range []sim.Model{sim.EventLoop, sim.Goroutines} {
			saw := map[bool]map[string]bool{true: {}, false: {}}
			for unreduced, outcomes := range saw {
				x := sim.Explorer{Unreduced: unreduced}
				for x.Next() {
					var ev anyioutils.Event
					ev.Set()
					looked := false
					err := anyio.Run(t.Context(), func(ctx context.Context) error {
						return anyio.Join(ctx, func(context.Context) error { ev.Clear(); return nil },
							func(context.Context) error { looked = looks(&ev); return nil })
					}, anyio.On(sim.New(sim.Config{Strategy: x.Strategy(), Model: model})))
					testkit.Must(t, err)
					outcomes[fmt.Sprint(looked, ev.IsSet())] = true
				}
				if x.Err() != nil {
					t.Error(x.Err())
				}
			}
			if !maps.Equal(saw[true], saw[false]) || len(saw[true]) != 2 {
				t.Errorf("%s, %v: seen is %v, without reduction %v", name, model, saw[false], saw[true])
			}
		}
	}
}
