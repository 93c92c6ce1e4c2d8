package anyioutils_test

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/anyioutils"
	"github.com/anyio-go/anyio/internal/testkit"
)

func seven(ctx context.Context) (int, error) { return 7, anyio.Sleep(ctx, 1) }

func boom(ctx context.Context) (int, error) {
	return 1, errors.Join(anyio.Sleep(ctx, 1), testkit.ErrBoom)
}

func forever(ctx context.Context) (int, error) { return 0, anyio.SleepForever(ctx) }

// inGroup runs body in a group that must end without an error.
func inGroup(t *testing.T, ctx context.Context, body func(ctx context.Context)) {
	t.Helper()
	err := anyioutils.WithTaskGroup(ctx, func(ctx context.Context, _ *anyioutils.TaskGroup) error {
		body(ctx)
		return nil
	})
	testkit.WantNil(t, "group", err)
}

// create is CreateTask without an error.
func create[T any](t *testing.T, ctx context.Context, f func(ctx context.Context) (T, error), opts ...anyioutils.TaskOption) *anyioutils.Task[T] {
	t.Helper()
	task, err := anyioutils.CreateTask(ctx, f, opts...)
	if err != nil {
		t.Fatal(err)
	}
	return task
}

func TestTaskMadeByNewTaskRunsInWhoWaitsFirst(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		ran := 0
		task := anyioutils.NewTask(func(ctx context.Context) (int, error) {
			ran++
			return seven(ctx)
		}, anyioutils.Name("lazy"))
		testkit.Settled(t, ctx)
		if _, ok := task.TaskInfo(); ran != 0 || ok || task.Done() || task.Name() != "lazy" {
			t.Errorf("before: %d runs, info %t", ran, ok)
		}
		_, err := task.Value()
		testkit.WantErr(t, err, anyioutils.ErrInvalidState)
		for range 2 {
			if v, err := task.Await(ctx); v != 7 || err != nil {
				t.Errorf("%d, %v", v, err)
			}
		}
		me, _ := anyio.CurrentTask(ctx)
		if info, ok := task.TaskInfo(); ran != 1 || !ok || !info.Equal(me) {
			t.Errorf("%d runs, in %v, want %v", ran, info, me)
		}
		failed := anyioutils.NewTask(boom)
		_, err = failed.Await(ctx)
		te, _ := errors.AsType[*anyio.TaskError](err)
		if te == nil || !errors.Is(err, testkit.ErrBoom) || failed.Err() == nil {
			t.Errorf("%v", err)
		}
	})
}

// The first of several who wait runs it; the others are not harmed if it is canceled.
func TestTaskOfACanceledAwaiterIsCanceled(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		task := anyioutils.NewTask(forever)
		err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			runner := tg.Go(func(ctx context.Context) error { _, err := task.Await(ctx); return err })
			testkit.Settled(t, ctx)
			tg.Go(func(ctx context.Context) error {
				_, err := task.Await(ctx)
				testkit.WantErr(t, err, anyioutils.ErrCanceled)
				return nil
			})
			testkit.Settled(t, ctx)
			runner.Cancel("test")
			testkit.WantNil(t, "Wait", runner.Wait(ctx))
			if runner.Status() != anyio.Canceled {
				t.Errorf("the awaiter is %s", runner.Status())
			}
			return nil
		})
		testkit.WantNil(t, "group", err)
		if !task.Canceled() {
			t.Errorf("%v", task.Err())
		}
	})
}

func TestCreatedTaskRunsInItsGroup(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		var task *anyioutils.Task[int]
		inGroup(t, ctx, func(ctx context.Context) {
			task = create(t, ctx, seven)
			if v, err := task.Await(ctx); v != 7 || err != nil {
				t.Errorf("%d, %v", v, err)
			}
			info, ok := task.TaskInfo()
			if me, _ := anyio.CurrentTask(ctx); !ok || info.Equal(me) || info.Name != task.Name() || !strings.HasSuffix(info.Name, ".seven") {
				t.Errorf("%v, %t", info, ok)
			}
		})
		if v, err := task.Value(); v != 7 || err != nil {
			t.Errorf("afterwards: %d, %v", v, err)
		}
	})
}

func TestTaskThatWaitsHasNoValue(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		inGroup(t, ctx, func(ctx context.Context) {
			var enough anyio.Event
			task := create(t, ctx, func(ctx context.Context) (int, error) { return 7, enough.Wait(ctx) })
			_, err := task.Value()
			testkit.WantErr(t, err, anyioutils.ErrInvalidState)
			enough.Set()
		})
	})
}

func TestErrorOfATaskReachesGroupAndAwaiter(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		var task *anyioutils.Task[int]
		err := anyioutils.WithTaskGroup(ctx, func(ctx context.Context, _ *anyioutils.TaskGroup) error {
			task = create(t, ctx, boom)
			return anyio.SleepForever(ctx)
		})
		ge, _ := errors.AsType[*anyio.GroupError](err)
		if ge == nil || ge.Len() != 1 || !errors.Is(err, testkit.ErrBoom) {
			t.Errorf("group: %v", err)
		}
		v, err := task.Value()
		if testkit.WantErr(t, err, testkit.ErrBoom); v != 0 {
			t.Errorf("value %d beside an error", v)
		}
		testkit.WantErr(t, task.Err(), testkit.ErrBoom)
	})
}

func TestTaskIsCanceledWithAndWithoutAnError(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		for _, begun := range []bool{true, false} {
			for _, loud := range []bool{true, false} {
				ran := false
				calls := 0
				inGroup(t, ctx, func(ctx context.Context) {
					task := create(t, ctx, func(ctx context.Context) (int, error) {
						ran = true
						return forever(ctx)
					}, anyioutils.OnError(func(context.Context, error) bool {
						t.Error("a cancellation was handled as an error")
						return true
					}))
					_, err := task.AddDoneCallback(func(task *anyioutils.Task[int]) error {
						if calls++; !task.Canceled() {
							t.Error("called before the end")
						}
						return nil
					})
					testkit.WantNil(t, "AddDoneCallback", err)
					if begun {
						testkit.Settled(t, ctx)
					}
					cancel := task.Cancel
					if loud {
						cancel = task.CancelWithError
					}
					if ok, err := cancel(); !ok || err != nil {
						t.Errorf("cancel: %t, %v", ok, err)
					}
					v, err := task.Await(ctx)
					if loud {
						testkit.WantErr(t, err, anyioutils.ErrCanceled)
					} else if v != 0 || err != nil {
						t.Errorf("%d, %v", v, err)
					}
					_, err = task.Value()
					testkit.WantErr(t, err, anyioutils.ErrCanceled)
					if ok, err := task.Cancel(); ok || err != nil {
						t.Errorf("cancel again: %t, %v", ok, err)
					}
				})
				if calls != 1 || begun && !ran {
					t.Errorf("begun %t, loud %t: ran %t, %d calls", begun, loud, ran, calls)
				}
			}
		}
	})
}

// A task that nobody has begun never runs after Cancel, which calls the callbacks.
func TestCanceledTaskNeverBegins(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		task := anyioutils.NewTask(func(context.Context) (int, error) { t.Error("it ran"); return 0, nil })
		_, err := task.AddDoneCallback(func(*anyioutils.Task[int]) error { return testkit.ErrBoom })
		testkit.WantNil(t, "AddDoneCallback", err)
		if ok, err := task.Cancel(); !ok || !errors.Is(err, testkit.ErrBoom) {
			t.Errorf("%t, %v", ok, err)
		}
		if v, err := task.Await(ctx); v != 0 || err != nil {
			t.Errorf("%d, %v", v, err)
		}
	})
}

// What the function returns counts, though it was canceled; and after the end Cancel
// changes nothing.
func TestCancelDoesNotSpoilAnOutcome(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		inGroup(t, ctx, func(ctx context.Context) {
			stubborn := create(t, ctx, func(ctx context.Context) (int, error) {
				_ = anyio.SleepForever(ctx)
				return 7, nil
			})
			testkit.Settled(t, ctx)
			for range 2 {
				_, err := stubborn.CancelWithError()
				testkit.WantNil(t, "cancel", err)
				if v, err := stubborn.Await(ctx); v != 7 || err != nil || stubborn.Canceled() {
					t.Errorf("%d, %v", v, err)
				}
			}
			cleanup := anyioutils.NewTask(func(ctx context.Context) (int, error) {
				return 0, errors.Join(anyio.SleepForever(ctx), testkit.ErrBoom)
			})
			runner := create(t, ctx, func(ctx context.Context) (int, error) {
				_, err := cleanup.Await(ctx)
				testkit.WantErr(t, err, testkit.ErrBoom)
				return 0, nil
			})
			testkit.Settled(t, ctx)
			_, err := cleanup.Cancel()
			testkit.WantNil(t, "cancel", err)
			testkit.WantNil(t, "Wait", runner.Wait(ctx))
			if cleanup.Canceled() {
				t.Error("a cleanup that failed counts as a cancellation")
			}
		})
	})
}

func TestOnErrorMayHandleTheError(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		for _, handled := range []bool{true, false} {
			var got error
			var task *anyioutils.Task[int]
			err := anyioutils.WithTaskGroup(ctx, func(ctx context.Context, _ *anyioutils.TaskGroup) error {
				task = create(t, ctx, boom, anyioutils.OnError(func(ctx context.Context, err error) bool {
					got = err
					return anyio.Sleep(ctx, 1) == nil && handled
				}))
				return nil
			})
			testkit.WantErr(t, got, testkit.ErrBoom)
			v, taskErr := task.Value()
			if handled && (err != nil || v != 0 || taskErr != nil) {
				t.Errorf("handled: %v, %d, %v", err, v, taskErr)
			}
			if !handled {
				testkit.WantErr(t, err, testkit.ErrBoom)
				testkit.WantErr(t, taskErr, testkit.ErrBoom)
			}
		}
	})
}

// Callbacks are called once, in the task; what they return fails the group.
func TestDoneCallbacksOfATask(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		calls := 0
		var task *anyioutils.Task[int]
		err := anyioutils.WithTaskGroup(ctx, func(ctx context.Context, _ *anyioutils.TaskGroup) error {
			var added anyio.Event
			defer added.Set()
			task = create(t, ctx, func(ctx context.Context) (int, error) { return 7, added.Wait(ctx) })
			for i := range 3 {
				remove, err := task.AddDoneCallback(func(task *anyioutils.Task[int]) error {
					calls++
					return testkit.ErrBoom
				})
				if testkit.WantNil(t, "AddDoneCallback", err); i == 2 && !remove() {
					t.Error("not removed")
				}
			}
			return nil
		})
		ce, _ := errors.AsType[*anyioutils.CallbackError](err)
		if ce == nil || len(ce.Errs) != 2 || calls != 2 || !strings.Contains(err.Error(), "error while calling callbacks") {
			t.Errorf("%d calls, group: %v", calls, err)
		}
		if v, err := task.Value(); v != 7 || err != nil {
			t.Errorf("%d, %v", v, err)
		}
		_, err = task.AddDoneCallback(func(*anyioutils.Task[int]) error { return testkit.ErrBoom })
		testkit.WantErr(t, err, testkit.ErrBoom)

		lazy := anyioutils.NewTask(seven)
		_, err = lazy.AddDoneCallback(func(*anyioutils.Task[int]) error { return testkit.ErrBoom })
		testkit.WantNil(t, "AddDoneCallback", err)
		_, err = lazy.Await(ctx)
		testkit.WantErr(t, err, testkit.ErrBoom)
	})
}

// A panic of the function goes its way, and who waits is let go.
func TestTaskThatPanicsOrExits(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		for name, f := range map[string]func(context.Context) (int, error){
			"panic":  func(context.Context) (int, error) { panic("bomb") },
			"Goexit": func(context.Context) (int, error) { runtime.Goexit(); return 0, nil },
		} {
			task := anyioutils.NewTask(f)
			over := make(chan any, 1)
			var exited atomic.Bool
			go func() {
				defer func() { over <- recover() }()
				exited.Store(true)
				_, _ = task.Await(context.Background())
				exited.Store(false)
			}()
			v := <-over
			if pe, ok := v.(*anyio.PanicError); ok {
				v = pe.Value
			}
			if name == "panic" && v != "bomb" || !exited.Load() {
				t.Errorf("%s: recovered %v", name, v)
			}
			if _, err := task.Await(ctx); err == nil || errors.Is(err, anyioutils.ErrInvalidState) {
				t.Errorf("%s: %v", name, err)
			}
		}
	}, anyiotest.Only("parallel"))
}

func TestTaskWithoutAFunctionIsRefused(t *testing.T) {
	testkit.WantMisuse(t, "NewTask", testkit.Recovered(func() { anyioutils.NewTask[int](nil) }))
}
