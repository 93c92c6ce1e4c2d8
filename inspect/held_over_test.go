package inspect

import (
	"context"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/kernel"
	"github.com/anyio-go/anyio/internal/testkit"
)

// A look takes time. What has held a loop before it and is over, and who holds it only
// since it began, are not told.
func TestHoldThatEndsDuringALookIsNotTold(t *testing.T) {
	testkit.CaptureLog(t) // of the watchdog
	entered, quit := make(chan context.Context), make(chan struct{})
	over, looked := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(looked)
		me, _ := Of(<-entered)
		for len(Take().run(me.Run).Held) == 0 {
			runtime.Gosched()
		}
		s := take(func(runs []*kernel.Run) [][]kernel.Standing {
			close(quit)
			<-over
			for _, r := range runs {
				for r.Birth().Number == me.Run && len(r.HeldLoops()) == 0 { // by the main task
					runtime.Gosched()
				}
			}
			return kernel.LookAt(runs)
		})
		if held := s.run(me.Run).Held; len(held) > 0 {
			t.Errorf("held: %+v", held)
		}
	}()
	err := anyio.Run(context.Background(), func(ctx context.Context) error {
		return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			hog := tg.Go(func(ctx context.Context) error {
				entered <- ctx
				<-quit // the mistake
				return nil
			}, anyio.Name("hog"))
			if err := hog.Wait(ctx); err != nil {
				return err
			}
			close(over)
			<-looked
			return nil
		})
	}, anyio.On(anyio.EventLoop()), anyio.HoldLimit(time.Millisecond))
	testkit.WantNil(t, "run", err)
}

// Nor is a task that ends during a look told.
func TestTaskThatEndsDuringALookIsNotTold(t *testing.T) {
	testkit.Must(t, anyio.Run(t.Context(), func(ctx context.Context) error {
		return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			var end anyio.Event
			var ends Ref
			h := tg.Go(func(ctx context.Context) error {
				ends, _ = Of(ctx)
				return end.Wait(ctx)
			})
			if err := anyio.WaitAllTasksBlocked(ctx); err != nil {
				return err
			}
			me, _ := Of(ctx)
			during := false
			s := take(func(runs []*kernel.Run) [][]kernel.Standing {
				tasks := kernel.LookAt(runs)
				for _, t := range tasks[slices.IndexFunc(runs, func(r *kernel.Run) bool { return r.Birth().Number == me.Run })] {
					during = during || t.Task.ID() == ends.Task
				}
				end.Set()
				testkit.WantNil(t, "Wait", h.Wait(ctx))
				return tasks
			})
			if !during || s.Task(ends) != nil || s.Task(me) == nil {
				t.Errorf("seen during the look: %v; got %s", during, s)
			}
			return nil
		})
	}))
}
