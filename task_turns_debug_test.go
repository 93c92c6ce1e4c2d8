package anyio_test

import (
	"context"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/testkit"
)

// A task that leaves its goroutine locked to a thread is a mistake that only debug runs look for.
func TestTaskThatLeavesItsGoroutineLockedIsTold(t *testing.T) {
	locks := func(context.Context) error { runtime.LockOSThread(); return nil }
	run := func(f func(context.Context) error) error {
		return anyio.Run(context.Background(), func(ctx context.Context) error {
			return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
				tg.Go(f)
				return nil
			})
		}, anyio.Debug())
	}
	testkit.WantMisuseText(t, run(locks), "locked to a thread", "UnlockOSThread")
	testkit.WantNil(t, "a task that unlocks", run(func(context.Context) error {
		runtime.LockOSThread()
		runtime.UnlockOSThread()
		return nil
	}))
}

// A thread that is left locked ends, as with any goroutine, though some tasks later.
func TestLockedGoroutineDoesNotRunTasksForever(t *testing.T) {
	locked := func() bool {
		var buf [96]byte
		return strings.Contains(string(buf[:runtime.Stack(buf[:], false)]), ", locked to thread")
	}
	var mu sync.Mutex
	on := 0
	runShort(t, 1000, func(_ context.Context, i int) error {
		if i == 0 {
			runtime.LockOSThread()
			return nil
		}
		if locked() {
			mu.Lock()
			on++
			mu.Unlock()
		}
		return nil
	})
	if on > 100 {
		t.Errorf("%d of 999 tasks ran on the locked goroutine", on)
	}
}

// A group outside of a bubble of synctest, to which tasks in a bubble add, and outside.
func TestTasksStayInTheirBubble(t *testing.T) {
	err := anyio.Run(context.Background(), func(ctx context.Context) error {
		return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			here := func(inside bool) func(context.Context) error {
				return func(context.Context) error {
					if is := time.Now().Year() == 2000; is != inside {
						t.Errorf("a task runs in a bubble: %v, want %v", is, inside)
					}
					return nil
				}
			}
			for range 20 {
				tg.Go(here(false))
			}
			synctest.Test(t, func(t *testing.T) {
				for range 100 {
					tg.Go(here(true))
				}
				synctest.Wait()
			})
			for range 20 {
				tg.Go(here(false))
			}
			return nil
		})
	})
	testkit.WantNil(t, "run", err)
}

// What is told of a task is its own, on whatever goroutine it runs.
func TestReportsTellOfTheTaskThatRunsNow(t *testing.T) {
	onProcessors(t, []int{1}, func(t *testing.T) {
		err := anyio.Run(context.Background(), func(ctx context.Context) error {
			return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
				for range 20 {
					tg.Go(func(context.Context) error { return nil })
				}
				line := testkit.Line(1)
				tg.Go(func(ctx context.Context) error { return anyio.SleepForever(ctx) }, anyio.Name("sleepy"))
				testkit.Settled(t, ctx)
				info := testkit.TaskNamed(t, ctx, "sleepy")
				if !strings.Contains(info.Stack(), line) {
					t.Errorf("the stack of a task that waits at %s:\n%s", line, info.Stack())
				}
				var tree strings.Builder
				testkit.WantNil(t, "PrintTasks", anyio.PrintTasks(ctx, &tree))
				if strings.Count(tree.String(), line) != 1 || strings.Count(tree.String(), "sleepy") != 1 {
					t.Errorf("the tree of tasks, one of which waits at %s:\n%s", line, tree.String())
				}
				tg.Cancel("seen")
				return nil
			})
		})
		testkit.WantNil(t, "run", err)
	})
}
