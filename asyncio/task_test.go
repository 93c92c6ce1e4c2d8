package asyncio_test

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/asyncio"
	"github.com/anyio-go/anyio/internal/testkit"
)

// sleeper returns a task's function that sleeps, and tells what came of it.
func sleeper(r *record, name string) func(ctx context.Context) (int, error) {
	return func(ctx context.Context) (int, error) {
		r.add("%s:begins", name)
		err := asyncio.Sleep(ctx, time.Hour)
		if errors.Is(err, anyio.ErrCanceled) {
			r.add("%s:canceled", name)
		}
		return 1, err
	}
}

func TestTaskIsTheFutureOfItsResult(t *testing.T) {
	onLoops(t, func(t *testing.T, ctx context.Context) {
		ran := false
		task := asyncio.CreateTask(ctx, func(ctx context.Context) (int, error) {
			ran = true
			return 7, asyncio.Sleep(ctx, time.Millisecond)
		}, asyncio.Name("seven"))
		if ran || task.Done() || task.Name() != "seven" {
			t.Error("it has begun")
		}
		if v, err := task.Await(ctx); v != 7 || err != nil || !task.Done() || task.Canceled() {
			t.Errorf("%d %v", v, err)
		}
		failed := asyncio.CreateTask(ctx, func(context.Context) (int, error) { return 0, testkit.ErrBoom })
		if _, err := failed.Await(ctx); err != testkit.ErrBoom || failed.Err() != testkit.ErrBoom || failed.Canceled() {
			t.Error(err)
		}
		if failed.Cancel("late") {
			t.Error("canceled what has ended")
		}
		named := asyncio.CreateTask(ctx, func(context.Context) (int, error) { return 0, nil })
		if !strings.HasPrefix(named.Name(), "Task-") {
			t.Error(named.Name())
		}
		named.SetName("other")
		if named.Name() != "other" {
			t.Error(named.Name())
		}
		_, _ = named.Await(ctx)
	})
}

type valueKey struct{}

func TestTaskHasTheValuesOfItsMakerAndNotItsCancellation(t *testing.T) {
	onLoops(t, func(t *testing.T, ctx context.Context) {
		var task *asyncio.Task[any]
		timedOut, err := anyio.MoveOnAfter(context.WithValue(ctx, valueKey{}, 5), time.Millisecond, func(ctx context.Context) error {
			task = asyncio.CreateTask(ctx, func(ctx context.Context) (any, error) {
				return ctx.Value(valueKey{}), asyncio.Sleep(ctx, 5*time.Millisecond)
			})
			return anyio.SleepForever(ctx)
		})
		if !timedOut || err != nil {
			t.Errorf("%v %v", timedOut, err)
		}
		if v, err := task.Await(ctx); v != 5 || err != nil {
			t.Errorf("%v %v", v, err)
		}
	})
}

func TestCancelIsARequestMadeOnce(t *testing.T) {
	onLoops(t, func(t *testing.T, ctx context.Context) {
		task := asyncio.CreateTask(ctx, func(ctx context.Context) (string, error) {
			err := asyncio.Sleep(ctx, time.Hour)
			var ce *anyio.CanceledError
			if !as(err, &ce) || ce.Reason != "please" {
				t.Errorf("%v", err)
			}
			if n := asyncio.CurrentTask(ctx).Cancelling(); n != 1 {
				t.Errorf("%d requests", n)
			}
			if n := asyncio.CurrentTask(ctx).Uncancel(); n != 0 {
				t.Errorf("%d requests are left", n)
			}
			if err := asyncio.Sleep(ctx, time.Millisecond); err != nil { // it may go on
				return "", err
			}
			return "went on", nil
		})
		turns(t, ctx, 1)
		anyioWaits(t, ctx)
		if !task.Cancel("please") {
			t.Error("nothing to cancel")
		}
		if v, err := task.Await(ctx); v != "went on" || err != nil || task.Canceled() {
			t.Errorf("%q %v", v, err)
		}
	})
}

// anyioWaits waits until all other tasks wait.
func anyioWaits(t *testing.T, ctx context.Context) {
	t.Helper()
	if err := anyio.WaitAllTasksBlocked(ctx); err != nil {
		t.Fatal(err)
	}
}

func TestTaskThatIsCanceledBeforeItBeginsDoesNotBegin(t *testing.T) {
	onLoops(t, func(t *testing.T, ctx context.Context) {
		r := &record{}
		task := asyncio.CreateTask(ctx, sleeper(r, "t"))
		task.Cancel("early")
		_, err := task.Await(ctx)
		testkit.WantIs(t, "Await", err, anyio.ErrCanceled)
		if !task.Canceled() {
			t.Error("not canceled")
		}
		r.want(t, "")
	})
}

func TestCancelReachesWhatIsAwaited(t *testing.T) {
	onLoops(t, func(t *testing.T, ctx context.Context) {
		r := &record{}
		inner := asyncio.CreateTask(ctx, sleeper(r, "inner"))
		outer := asyncio.CreateTask(ctx, func(ctx context.Context) (int, error) {
			v, err := inner.Await(ctx)
			r.add("outer:%v", errors.Is(err, anyio.ErrCanceled))
			return v, err
		})
		anyioWaits(t, ctx)
		outer.Cancel("both")
		_, err := outer.Await(ctx)
		testkit.WantIs(t, "outer", err, anyio.ErrCanceled)
		if !inner.Canceled() || !outer.Canceled() {
			t.Error("one is not canceled")
		}
		r.want(t, "inner:begins inner:canceled outer:true")
	})
}

func TestCancelEndsEveryKindOfWait(t *testing.T) {
	onLoops(t, func(t *testing.T, ctx context.Context) {
		var ev anyio.Event
		var mu anyio.Lock
		testkit.Must(t, mu.Acquire(ctx))
		waits := map[string]func(ctx context.Context) error{
			"sleep": func(ctx context.Context) error { return anyio.Sleep(ctx, time.Hour) },
			"event": func(ctx context.Context) error { return ev.Wait(ctx) },
			"lock":  mu.Acquire,
			"shield": func(ctx context.Context) error { // no shield stops it
				return anyio.Shielded(ctx, anyio.Forever, func(ctx context.Context) error { return ev.Wait(ctx) })
			},
			"scope": func(ctx context.Context) error {
				return anyio.WithCancelScope(ctx, func(ctx context.Context, _ *anyio.CancelScope) error { return ev.Wait(ctx) })
			},
			"foreign": func(ctx context.Context) error {
				ctx, cancel := context.WithCancel(ctx)
				defer cancel()
				return ev.Wait(ctx)
			},
			"another task's context": func(context.Context) error { return ev.Wait(ctx) },
			"checkpoint":             func(ctx context.Context) error { return checkpointForever(ctx) },
		}
		for name, wait := range waits {
			task := asyncio.CreateTask(ctx, func(ctx context.Context) (int, error) {
				err := wait(ctx)
				if asyncio.Sleep(ctx, 0) != nil {
					t.Errorf("%s: it was made twice", name)
				}
				return 0, err
			})
			turns(t, ctx, 3)
			if name != "checkpoint" {
				anyioWaits(t, ctx)
			}
			task.Cancel("")
			_, err := task.Await(ctx)
			testkit.WantIs(t, name, err, anyio.ErrCanceled)
			if !task.Canceled() {
				t.Errorf("%s: not canceled: %v", name, err)
			}
		}
		mu.Release()
	})
}

func checkpointForever(ctx context.Context) error {
	for {
		if err := asyncio.Sleep(ctx, 0); err != nil {
			return err
		}
	}
}

func TestWhatWasGrantedIsNotLostByARequest(t *testing.T) {
	onLoops(t, func(t *testing.T, ctx context.Context) {
		var mu anyio.Lock
		testkit.Must(t, mu.Acquire(ctx))
		task := asyncio.CreateTask(ctx, func(ctx context.Context) (int, error) {
			if err := mu.Acquire(ctx); err != nil {
				t.Errorf("Acquire: %v", err)
				return 0, err
			}
			mu.Release()
			err := asyncio.Sleep(ctx, time.Hour) // the request ends this
			testkit.WantIs(t, "Sleep", err, anyio.ErrCanceled)
			return 0, err
		})
		anyioWaits(t, ctx)
		mu.Release() // hands over
		task.Cancel("")
		_, err := task.Await(ctx)
		testkit.WantIs(t, "Await", err, anyio.ErrCanceled)
		testkit.Must(t, mu.Acquire(ctx))
		mu.Release()
	})
}

// In asyncio a future's result is kept by the future, and its waiter gets the request.
func TestRequestComesBeforeTheResultOfAFuture(t *testing.T) {
	onLoops(t, func(t *testing.T, ctx context.Context) {
		f := asyncio.NewFuture[int](ctx)
		task := asyncio.CreateTask(ctx, func(ctx context.Context) (int, error) {
			_, err := f.Await(ctx)
			testkit.WantIs(t, "Await", err, anyio.ErrCanceled)
			return f.Await(ctx)
		})
		anyioWaits(t, ctx)
		_ = f.SetResult(3)
		task.Cancel("")
		if v, err := task.Await(ctx); v != 3 || err != nil {
			t.Errorf("%d %v", v, err)
		}
	})
}

func TestTaskThatCancelsItself(t *testing.T) {
	onLoops(t, func(t *testing.T, ctx context.Context) {
		r := &record{}
		task := asyncio.CreateTask(ctx, func(ctx context.Context) (int, error) {
			asyncio.CurrentTask(ctx).Cancel("self")
			r.add("goes on")
			return 0, asyncio.Sleep(ctx, time.Hour)
		})
		_, err := task.Await(ctx)
		testkit.WantIs(t, "Await", err, anyio.ErrCanceled)
		r.want(t, "goes on")

		idle := asyncio.CreateTask(ctx, func(ctx context.Context) (int, error) {
			asyncio.CurrentTask(ctx).Cancel("and its value is lost")
			return 5, nil // and never waits
		})
		if v, err := idle.Await(ctx); v != 0 || !idle.Canceled() { // as in Python
			t.Errorf("%d %v", v, err)
		}
		selfish := make(chan error, 1)
		var me *asyncio.Task[int]
		me = asyncio.CreateTask(ctx, func(ctx context.Context) (int, error) {
			_, err := me.Await(ctx)
			selfish <- err
			return 0, nil
		})
		_, err = me.Await(ctx)
		testkit.WantNil(t, "Await", err)
		testkit.WantMisuse(t, "awaits itself", <-selfish)
	})
}

func TestPanicIsTheErrorOfATask(t *testing.T) {
	var told []any
	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		_, err := asyncio.CreateTask(ctx, func(context.Context) (int, error) { panic("bang") }).Await(ctx)
		var pe *anyio.PanicError
		if !as(err, &pe) || pe.Value != "bang" || !bytes.Contains(pe.Stack, []byte("task_test.go")) {
			t.Errorf("%v", err)
		}
		return nil
	}, anyio.OnPanic(func(pe *anyio.PanicError) { told = append(told, pe.Value) }))
	testkit.WantNil(t, "Run", err)
	if !slices.Equal(told, []any{"bang"}) {
		t.Errorf("told of %v", told)
	}
}

func TestAllTasksAndTheCurrentOne(t *testing.T) {
	onLoops(t, func(t *testing.T, ctx context.Context) {
		names := func() (names []string) {
			for _, task := range asyncio.AllTasks(ctx) {
				names = append(names, task.Name())
			}
			slices.Sort(names)
			return names
		}
		a := asyncio.CreateTask(ctx, func(ctx context.Context) (int, error) {
			return 0, anyio.SleepForever(ctx)
		}, asyncio.Name("a"))
		if me := asyncio.CurrentTask(ctx); me == nil || !slices.Contains(names(), me.Name()) {
			t.Errorf("current: %v", me)
		}
		if !slices.Contains(names(), "a") {
			t.Errorf("%v", names())
		}
		loopOf(t, ctx).CallSoon(func() {
			if me := asyncio.CurrentTask(ctx); me != nil {
				t.Errorf("in a callback: %v", me.Name())
			}
		})
		anyioWaits(t, ctx)
		if stack := a.Stack(1); len(stack) != 1 || !strings.HasPrefix(stack[0], "task_test.go:") && !strings.Contains(stack[0], "/task_test.go:") {
			t.Errorf("stack: %v", stack)
		}
		var out strings.Builder
		testkit.WantNil(t, "PrintStack", a.PrintStack(&out, 0))
		if !strings.Contains(out.String(), "task_test.go:") {
			t.Error(out.String())
		}
		a.Cancel("")
		_, _ = a.Await(ctx)
		if slices.Contains(names(), "a") || a.Stack(0) != nil {
			t.Errorf("afterwards: %v", names())
		}
		out.Reset()
		testkit.WantNil(t, "PrintStack", a.PrintStack(&out, 0))
		if out.String() != "No stack for a\n" {
			t.Error(out.String())
		}
	})
}

func TestTaskFactoryIsToldOfEachTask(t *testing.T) {
	onLoops(t, func(t *testing.T, ctx context.Context) {
		l, r := loopOf(t, ctx), &record{}
		l.SetTaskFactory(func(of *asyncio.Loop, task asyncio.AnyTask) { r.add("%s:%v", task.Name(), of == l) })
		if l.TaskFactory() == nil {
			t.Error("no factory")
		}
		_, _ = asyncio.CreateTask(ctx, func(context.Context) (int, error) { return 0, nil }, asyncio.Name("x")).Await(ctx)
		l.SetTaskFactory(nil)
		_, _ = asyncio.CreateTask(ctx, func(context.Context) (int, error) { return 0, nil }).Await(ctx)
		r.want(t, "x:true")
	}, anyiotest.Seeds(1))
}
