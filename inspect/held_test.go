package inspect_test

import (
	"context"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/inspect"
	"github.com/anyio-go/anyio/internal/testkit"
)

// heldIn runs a task that holds the last event loop of its run by a receive, and looks from
// outside until that is seen. It calls let before the task is let go. On a busy machine the
// other loops may be held up, too, as their threads do not run.
func heldIn(t *testing.T, loops int, let func(s *inspect.Snapshot, r inspect.Run, held inspect.HeldLoop)) {
	t.Helper()
	entered, quit := make(chan context.Context), make(chan struct{})
	looked := make(chan struct{})
	go func() {
		defer close(looked)
		defer close(quit)
		me, _ := inspect.Of(<-entered)
		for {
			s := inspect.Take()
			for _, r := range s.Runs {
				i := slices.IndexFunc(r.Held, func(h inspect.HeldLoop) bool { return h.Loop == loops-1 })
				// A task that has not come to its receive may hold the loop for long, too.
				if r.ID == me.Run && i >= 0 && strings.HasPrefix(task(t, s, "hog").Goroutine, "chan receive") {
					let(s, r, r.Held[i])
					return
				}
			}
			runtime.Gosched()
		}
	}()
	backend := anyio.EventLoop()
	if loops > 1 {
		backend = anyio.EventLoops(loops)
	}
	err := anyio.Run(context.Background(), func(ctx context.Context) error {
		return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			last := anyio.InLoop(loops - 1)
			hog := tg.Go(func(ctx context.Context) error {
				tg.Go(func(context.Context) error { return nil }, anyio.Name("next"), last)
				entered <- ctx
				<-quit // the mistake
				return nil
			}, anyio.Name("hog"), last)
			return hog.Wait(ctx)
		})
	}, anyio.On(backend), anyio.HoldLimit(time.Millisecond))
	testkit.WantNil(t, "run", err)
	<-looked
}

func TestTaskThatHoldsItsLoopIsTold(t *testing.T) {
	testkit.CaptureLog(t) // of the watchdog
	for _, loops := range []int{1, 3} {
		heldIn(t, loops, func(s *inspect.Snapshot, r inspect.Run, held inspect.HeldLoop) {
			hog, next := task(t, s, "hog"), task(t, s, "next")
			if held.Task != hog.ID || held.For < time.Millisecond {
				t.Errorf("%d loops: held: %+v, want by task %d", loops, held, hog.ID)
			}
			if hog.State != anyio.TaskRunning || next.State != anyio.TaskReady {
				t.Errorf("%d loops: hog is %v, next is %v", loops, hog.State, next.State)
			}
			if last := r.Statistics[loops-1]; last.Ready != 1 {
				t.Errorf("%d loops: %+v while one task is ready", loops, last)
			}
			ref := inspect.Ref{Run: r.ID, Task: next.ID}
			if chain := s.Why(ref); len(chain) != 2 || chain[1] != (inspect.Ref{Run: r.ID, Task: hog.ID}) {
				t.Errorf("%d loops: why: %v", loops, chain)
			}
			if text := s.WhyText(ref); !strings.Contains(text, "whose event loop is held up by hog #") {
				t.Errorf("%d loops: why: %s", loops, text)
			}
			if text := s.String(); !strings.Contains(text, "is held up for ") || !strings.Contains(text, "by hog #") {
				t.Errorf("%d loops: %s", loops, text)
			}
		})
	}
}

// Nobody watches without a limit.
func TestNoLoopIsHeldWithoutALimit(t *testing.T) {
	err := anyio.Run(context.Background(), func(ctx context.Context) error {
		for range 20 {
			if err := anyio.Sleep(ctx, 0); err != nil {
				return err
			}
			for _, r := range inspect.Take().Runs {
				if len(r.Held) > 0 {
					t.Errorf("run %d: held: %+v", r.ID, r.Held)
				}
			}
		}
		return nil
	}, anyio.On(anyio.EventLoop()), anyio.HoldLimit(anyio.Forever))
	testkit.WantNil(t, "run", err)
}
