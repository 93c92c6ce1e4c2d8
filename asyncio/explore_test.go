package asyncio_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/asyncio"
	"github.com/anyio-go/anyio/internal/race"
	"github.com/anyio-go/anyio/internal/testkit"
	"github.com/anyio-go/anyio/sim"
)

// What needs no Loop is explored also in a run that has none: of two calls each order that
// can be told from the other one is seen.
func TestExplorerSeesCallsThatNeedNoLoop(t *testing.T) {
	if race.Enabled {
		t.Skip("without a Loop nothing orders the tasks for the race detector, and it says so")
	}
	for name, calls := range map[string]func() (change, look func() any){
		"Queue.Len": func() (_, _ func() any) {
			var q asyncio.Queue[int]
			return func() any { return q.TryPut(1) }, func() any { return q.Len() }
		},
		"Queue.Full": func() (_, _ func() any) {
			q := asyncio.NewQueue[int](1)
			return func() any { return q.TryPut(1) }, func() any { return q.Full() }
		},
		"Queue.TryGet": func() (_, _ func() any) {
			var q asyncio.Queue[int]
			return func() any { return q.TryPut(1) }, func() any { _, err := q.TryGet(); return err }
		},
		"Queue.Shutdown": func() (_, _ func() any) {
			var q asyncio.Queue[int]
			return func() any { q.Shutdown(); return nil }, func() any { return q.TryPut(1) }
		},
		"Event.IsSet": func() (_, _ func() any) {
			var e asyncio.Event
			return func() any { e.Set(); return nil }, func() any { return e.IsSet() }
		},
		"Event.Clear": func() (_, _ func() any) {
			var e asyncio.Event
			e.Set()
			return func() any { e.Clear(); return nil }, func() any { return e.IsSet() }
		},
		"Semaphore.Locked": func() (_, _ func() any) {
			s := asyncio.NewSemaphore(0)
			return func() any { s.Release(); return nil }, func() any { return s.Locked() }
		},
	} {
		x, saw := sim.Explorer{}, map[string]bool{}
		for x.Next() {
			change, look := calls()
			var changed, looked any
			testkit.Must(t, anyio.Run(t.Context(), func(ctx context.Context) error {
				return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
					tg.Go(func(context.Context) error { changed = change(); return nil })
					tg.Go(func(context.Context) error { looked = look(); return nil })
					return nil
				})
			}, anyio.On(sim.New(sim.Config{Strategy: x.Strategy()}))))
			saw[fmt.Sprint(changed, looked)] = true
		}
		if x.Err() != nil || len(saw) != 2 {
			t.Errorf("%s: seen is %v, error %v, want two outcomes", name, saw, x.Err())
		}
	}
}
