package anyio_test

import (
	"bytes"
	"context"
	"runtime"
	"runtime/pprof"
	"strings"
	"testing"
	"time"

	"github.com/anyio-go/anyio"
)

func TestPprofLabelsNameTheTask(t *testing.T) {
	for _, b := range []anyio.Backend{anyio.Parallel(), anyio.EventLoop()} {
		t.Run(b.Name(), func(t *testing.T) {
			err := anyio.Run(context.Background(), func(ctx context.Context) error {
				return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
					tg.Go(anyio.SleepForever, anyio.Name("sleepy"))
					if err := anyio.WaitAllTasksBlocked(ctx); err != nil {
						return err
					}
					var dump bytes.Buffer
					if err := pprof.Lookup("goroutine").WriteTo(&dump, 1); err != nil {
						return err
					}
					if !strings.Contains(dump.String(), `"task":"sleepy"`) {
						t.Errorf("the goroutine profile does not name the task:\n%s", dump.String())
					}
					tg.Cancel("seen")
					return nil
				})
			}, anyio.On(b), anyio.PprofLabels())
			if err != nil {
				t.Fatal(err)
			}
		})
	}
}

// labeled counts the lines of the goroutine profile that have a label.
func labeled(t *testing.T, label string) int {
	t.Helper()
	var dump bytes.Buffer
	if err := pprof.Lookup("goroutine").WriteTo(&dump, 1); err != nil {
		t.Error(err)
	}
	return strings.Count(dump.String(), label)
}

// onRealBackends runs main with one processor, so that goroutines are used again.
func onRealBackends(t *testing.T, main func(ctx context.Context, tg *anyio.TaskGroup) error) {
	before := runtime.GOMAXPROCS(1)
	defer runtime.GOMAXPROCS(before)
	for _, b := range []anyio.Backend{anyio.Parallel(), anyio.EventLoop()} {
		t.Run(b.Name(), func(t *testing.T) {
			ctx := pprof.WithLabels(context.Background(), pprof.Labels("of", "the-context"))
			err := anyio.Run(ctx, func(ctx context.Context) error {
				return anyio.WithTaskGroup(ctx, main)
			}, anyio.On(b))
			if err != nil {
				t.Fatal(err)
			}
		})
	}
}

func TestTasksHaveTheLabelsOfTheirContext(t *testing.T) {
	onRealBackends(t, func(ctx context.Context, tg *anyio.TaskGroup) error {
		values := pprof.WithLabels(ctx, pprof.Labels("of", "the-option"))
		tg.Go(anyio.SleepForever)
		tg.Go(anyio.SleepForever, anyio.ValuesOf(values))
		if err := anyio.WaitAllTasksBlocked(ctx); err != nil {
			return err
		}
		for _, label := range []string{`"of":"the-context"`, `"of":"the-option"`} {
			if labeled(t, label) == 0 {
				t.Errorf("no goroutine has the label %s", label)
			}
		}
		tg.Cancel("seen")
		return nil
	})
}

func TestLabelsOfATaskEndWithIt(t *testing.T) {
	onRealBackends(t, func(ctx context.Context, tg *anyio.TaskGroup) error {
		left := pprof.WithLabels(context.Background(), pprof.Labels("left", "behind"))
		for range 100 {
			tg.Go(func(context.Context) error { pprof.SetGoroutineLabels(left); return nil })
		}
		for range 100 {
			tg.Go(anyio.SleepForever)
		}
		if err := anyio.WaitAllTasksBlocked(ctx); err != nil {
			return err
		}
		// A goroutine has it until it exits, or begins with another task.
		for n := 0; labeled(t, `"left":"behind"`) > 0; n++ {
			if n == 1_000 {
				t.Error("a goroutine has the label of a task that has ended")
				break
			}
			if err := anyio.Sleep(ctx, time.Millisecond); err != nil {
				return err
			}
		}
		tg.Cancel("seen")
		return nil
	})
}
