package timers

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
)

func TestTimersCallInOrderUnlessStopped(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		timers, now := New(), anyio.Now(ctx)
		var called []int
		err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			var over anyio.Event
			add := func(n int) func() {
				return timers.Add(now.Add(time.Duration(n)*time.Second), func() { called = append(called, n) })
			}
			tg.Go(timers.Serve, anyio.Service())
			if err := anyio.WaitAllTasksBlocked(ctx); err != nil { // it waits for the first one
				return err
			}
			add(5)
			add(2)
			stop := add(3)
			timers.Add(now.Add(time.Second), func() { stop(); add(4) })
			timers.Add(now.Add(6*time.Second), over.Set)
			return over.Wait(ctx)
		})
		if want := []int{2, 4, 5}; err != nil || !slices.Equal(called, want) {
			t.Errorf("called %v, %v; want %v", called, err, want)
		}
		if late := anyio.Now(ctx).Sub(now); late != 6*time.Second {
			t.Errorf("it took %v, want 6 s", late)
		}
	}, anyiotest.Only("sim"))
}
