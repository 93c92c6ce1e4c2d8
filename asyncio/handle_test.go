package asyncio_test

import (
	"context"
	"io"
	"sync"
	"testing"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/asyncio"
	"github.com/anyio-go/anyio/internal/race"
	"github.com/anyio-go/anyio/internal/testkit"
)

func TestCallbacksAreCalledInOrderAndNeverAtOnce(t *testing.T) {
	onLoops(t, func(t *testing.T, ctx context.Context) {
		l, r := loopOf(t, ctx), &record{}
		l.CallSoon(func() {
			r.add("a")
			l.CallSoon(r.call("d"))
			r.add("a2")
		})
		l.CallSoon(r.call("b"))
		l.CallSoon(r.call("x")).Cancel()
		l.CallSoon(r.call("c"))
		r.add("first")
		settled(t, ctx)
		settled(t, ctx)
		r.want(t, "first a a2 b c d")
	})
}

// Handles that were allocated together have nothing to do with each other.
func TestHandlesAreCanceledOneByOne(t *testing.T) {
	onLoops(t, func(t *testing.T, ctx context.Context) {
		l, r := loopOf(t, ctx), &record{}
		const n = 50
		var hs [n]*asyncio.Handle
		for i := range hs {
			hs[i] = l.CallSoon(func() { r.add("%d", i) })
		}
		for i, h := range hs {
			if i != 20 && i != 40 {
				h.Cancel()
			}
		}
		settled(t, ctx)
		r.want(t, "20 40")
		for i, h := range hs {
			if h.Canceled() == (i == 20 || i == 40) {
				t.Errorf("handle %d: Canceled is %v", i, h.Canceled())
			}
		}
	})
}

func TestCallSoonAllocatesHandlesTogether(t *testing.T) {
	if race.Enabled {
		t.Skip("the race detector allocates, too")
	}
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		l, called := loopOf(t, ctx), 0
		f := func() { called++ }
		const n = 1000
		allocs := testing.AllocsPerRun(10, func() {
			for range n {
				l.CallSoon(f)
			}
			settled(t, ctx)
		})
		if allocs > n/8 {
			t.Errorf("%v allocations for %d callbacks", allocs, n)
		}
		if called != 11*n {
			t.Errorf("%d calls of %d", called, 11*n)
		}
	}, anyiotest.Only("eventloop"))
}

func TestCallbacksAndTasksShareOneQueue(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		l, r := loopOf(t, ctx), &record{}
		task := func(name string) {
			asyncio.CreateTask(ctx, func(ctx context.Context) (int, error) {
				r.add("%s1", name)
				err := asyncio.Sleep(ctx, 0)
				r.add("%s2", name)
				return 0, err
			})
		}
		l.CallSoon(r.call("a"))
		task("t")
		l.CallSoon(r.call("b"))
		task("u")
		l.CallLater(0, r.call("timer"))
		l.CallLater(-time.Second, r.call("overdue"))
		l.CallSoon(r.call("c"))
		turns(t, ctx, 2)
		r.want(t, "a t1 b u1 c overdue timer t2 u2")
	}, anyiotest.Only("eventloop"))
}

func TestTimersAreCalledInTime(t *testing.T) {
	onLoops(t, func(t *testing.T, ctx context.Context) {
		l, r := loopOf(t, ctx), &record{}
		begin := l.Time()
		at := func(d time.Duration, what string) *asyncio.TimerHandle {
			return l.CallLater(d, func() {
				if l.Time() < begin+d {
					t.Errorf("%s came after %v", what, l.Time()-begin)
				}
				r.add("%s", what)
			})
		}
		at(3*time.Millisecond, "c")
		at(time.Millisecond, "a")
		never := at(2*time.Millisecond, "never")
		h := l.CallAt(begin+2*time.Millisecond, r.call("b"))
		if h.When() != begin+2*time.Millisecond {
			t.Errorf("When is %v", h.When())
		}
		never.Cancel()
		if !never.Canceled() || h.Canceled() {
			t.Error("Canceled is wrong")
		}
		f := asyncio.NewFuture[int](ctx)
		l.CallLater(4*time.Millisecond, func() { _ = f.SetResult(1) })
		_, err := f.Await(ctx)
		testkit.WantNil(t, "Await", err)
		r.want(t, "a b c")
		h.Cancel() // too late, and harmless
	})
}

func TestCallSoonThreadsafeWakesTheLoop(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		l, r := loopOf(t, ctx), &record{}
		f := asyncio.NewFuture[int](ctx)
		var wg sync.WaitGroup
		wg.Go(func() {
			for _, what := range []string{"a", "b", "c"} {
				if _, err := l.CallSoonThreadsafe(r.call(what)); err != nil {
					t.Error(err)
				}
			}
			_, _ = l.CallSoonThreadsafe(func() { _ = f.SetResult(1) })
		})
		_, err := f.Await(ctx)
		testkit.WantNil(t, "Await", err)
		wg.Wait()
		r.want(t, "a b c")
	}, anyiotest.Only("eventloop"))
}

func TestOtherGoroutinesAreRefused(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		l := loopOf(t, ctx)
		f := asyncio.NewFuture[int](ctx)
		task := asyncio.CreateTask(ctx, func(ctx context.Context) (int, error) { return 0, anyio.SleepForever(ctx) })
		for name, call := range map[string]func(){
			"CallSoon":    func() { l.CallSoon(func() {}) },
			"CallLater":   func() { l.CallLater(1, func() {}) },
			"CreateTask":  func() { asyncio.LoopTask(ctx, l, func(context.Context) (int, error) { return 0, nil }) },
			"SetResult":   func() { _ = f.SetResult(1) },
			"SetErr":      func() { _ = f.SetErr(testkit.ErrBoom) },
			"Cancel":      func() { f.Cancel("") },
			"task.Cancel": func() { task.Cancel("") },
			"callback":    func() { f.AddDoneCallback(func() {}) },
			"Stop":        func() { l.Stop() },
			"AllTasks":    func() { l.AllTasks() },
		} {
			testkit.InGoroutine(t, ctx, func() { testkit.WantMisuse(t, name, testkit.Recovered(call)) })
		}
		task.Cancel("")
		f.Cancel("")
		_, _ = task.Await(ctx)
	}, anyiotest.Only("eventloop"))
}

func TestBlockingCallInACallbackFails(t *testing.T) {
	onLoops(t, func(t *testing.T, ctx context.Context) {
		l := loopOf(t, ctx)
		var ev anyio.Event
		called := 0
		for _, call := range []func() error{
			func() error { return anyio.Sleep(ctx, time.Hour) },
			func() error { return ev.Wait(ctx) },
			func() error { return anyio.Sleep(context.Background(), time.Hour) },
			func() error {
				return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error { return anyio.SleepForever(ctx) })
			},
			func() error { _, err := asyncio.NewFuture[int](ctx).Await(ctx); return err },
		} {
			l.CallSoon(func() {
				called++
				if err := call(); err == nil {
					t.Error("it has not failed")
				}
			})
		}
		settled(t, ctx)
		if called != 5 {
			t.Errorf("%d calls", called)
		}
	})
}

func TestPanicOfACallbackGoesToTheExceptionHandler(t *testing.T) {
	onLoops(t, func(t *testing.T, ctx context.Context) {
		l, r := loopOf(t, ctx), &record{}
		l.SetExceptionHandler(func(of *asyncio.Loop, c asyncio.ErrorContext) {
			var pe *anyio.PanicError
			if of != l || c.Handle == nil || !as(c.Err, &pe) || pe.Value != "bang" {
				t.Errorf("%+v", c)
			}
			r.add("handled")
		})
		if l.ExceptionHandler() == nil {
			t.Error("no handler")
		}
		l.CallSoon(func() { panic("bang") })
		l.CallSoon(r.call("next"))
		settled(t, ctx)
		r.want(t, "handled next")

		// A handler that panics itself is replaced by the default one.
		log := testkit.CaptureLog(t)
		l.SetExceptionHandler(func(*asyncio.Loop, asyncio.ErrorContext) { panic("handler") })
		l.CallSoon(func() { panic("bang") })
		settled(t, ctx)
		log.Collect(2, "asyncio: ")
		l.SetExceptionHandler(nil)

		// Both can be called.
		l.DefaultExceptionHandler(asyncio.ErrorContext{Message: "by hand", Err: io.ErrNoProgress})
		l.CallExceptionHandler(asyncio.ErrorContext{Message: "by hand", Err: io.ErrNoProgress})
		log.Collect(2, io.ErrNoProgress.Error())
	}, anyiotest.Seeds(1))
}

func TestDebugModeReportsSlowCallbacks(t *testing.T) {
	onLoops(t, func(t *testing.T, ctx context.Context) {
		l, log := loopOf(t, ctx), testkit.CaptureLog(t)
		l.SetDebug(true)
		l.SetSlowCallback(0)
		if !l.Debug() {
			t.Error("Debug is off")
		}
		l.CallSoon(func() {})
		settled(t, ctx)
		log.Collect(1, "handle_test.go:")
		l.SetDebug(false)
	}, anyiotest.Seeds(1))
}
