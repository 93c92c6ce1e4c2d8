package asyncio_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/asyncio"
	"github.com/anyio-go/anyio/internal/testkit"
	"github.com/anyio-go/anyio/sim"
)

// onEachLoop calls f with the options of a run on the event loop, and in a simulation.
func onEachLoop(t *testing.T, f func(t *testing.T, opts ...anyio.RunOption)) {
	t.Run("eventloop", func(t *testing.T) { f(t) })
	t.Run("sim", func(t *testing.T) { f(t, anyio.On(sim.New(sim.Config{Seed: 1}))) })
}

func TestRunReturnsWhatMainReturns(t *testing.T) {
	onEachLoop(t, func(t *testing.T, opts ...anyio.RunOption) {
		v, err := asyncio.RunValue(context.Background(), func(ctx context.Context) (int, error) {
			if asyncio.CurrentTask(ctx).Name() != "Task-1" {
				t.Error(asyncio.CurrentTask(ctx).Name())
			}
			return 5, asyncio.Sleep(ctx, time.Millisecond)
		}, opts...)
		if v != 5 || err != nil {
			t.Errorf("%d %v", v, err)
		}
	})
	if err := asyncio.Run(context.Background(), func(context.Context) error { return testkit.ErrBoom }); err != testkit.ErrBoom {
		t.Error(err)
	}
	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		return asyncio.Run(ctx, func(context.Context) error { return nil })
	})
	testkit.WantErr(t, err, anyio.ErrAlreadyRunning)
	err = asyncio.Run(context.Background(), func(ctx context.Context) error { return nil }, anyio.On(anyio.Parallel()))
	testkit.WantErr(t, err, asyncio.ErrNoLoop)
}

func TestTasksThatAreLeftAreAskedToEnd(t *testing.T) {
	onEachLoop(t, func(t *testing.T, opts ...anyio.RunOption) {
		r := &record{}
		err := asyncio.Run(context.Background(), func(ctx context.Context) error {
			loopOf(t, ctx).SetExceptionHandler(func(_ *asyncio.Loop, c asyncio.ErrorContext) { r.add("%v", c.Err) })
			asyncio.CreateTask(ctx, func(ctx context.Context) (int, error) {
				err := asyncio.Sleep(ctx, time.Hour)
				_ = asyncio.Sleep(ctx, time.Millisecond) // its cleanup may wait
				r.add("cleaned")
				return 0, err
			})
			asyncio.CreateTask(ctx, func(ctx context.Context) (int, error) {
				_ = asyncio.Sleep(ctx, time.Hour)
				return 0, testkit.ErrBoom
			})
			anyioWaits(t, ctx)
			return nil
		}, opts...)
		testkit.WantNil(t, "Run", err)
		r.want(t, "cleaned "+testkit.ErrBoom.Error())
	})
}

func TestStopEndsRunEarly(t *testing.T) {
	onEachLoop(t, func(t *testing.T, opts ...anyio.RunOption) {
		r := &record{}
		err := asyncio.Run(context.Background(), func(ctx context.Context) error {
			loopOf(t, ctx).CallSoon(loopOf(t, ctx).Stop)
			err := asyncio.Sleep(ctx, time.Hour)
			r.add("%v", errors.Is(err, anyio.ErrCanceled))
			return err
		}, opts...)
		testkit.WantErr(t, err, asyncio.ErrLoopStopped)
		r.want(t, "true")
	})
}

func TestRunIsCanceledByItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	r := &record{}
	err := asyncio.Run(ctx, func(ctx context.Context) error {
		asyncio.CreateTask(ctx, func(ctx context.Context) (int, error) {
			err := asyncio.Sleep(ctx, time.Hour)
			r.add("task %v", asyncio.Sleep(ctx, time.Hour) != nil) // a level
			return 0, err
		})
		anyioWaits(t, ctx)
		cancel()
		return asyncio.Sleep(ctx, time.Hour)
	})
	testkit.WantIs(t, "Run", err, anyio.ErrCanceled)
	r.want(t, "task true")
}

func TestPanicOfMainIsRaised(t *testing.T) {
	log := testkit.CaptureLog(t)
	testkit.WantPanicError(t, "bang", func() {
		_ = asyncio.Run(context.Background(), func(context.Context) error { panic("bang") })
	})
	log.Collect(1, "bang")
}

func TestDeadlockOfASimulationIsFound(t *testing.T) {
	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		_, err := asyncio.NewFuture[int](ctx).Await(ctx)
		return err
	}, anyio.On(sim.New(sim.Config{Seed: 1})))
	if err == nil {
		t.Error("no error")
	}
}

func TestLoopRunsWhenItIsTold(t *testing.T) {
	onEachLoop(t, func(t *testing.T, opts ...anyio.RunOption) {
		l, err := asyncio.NewEventLoop(opts...)
		testkit.Must(t, err)
		r := &record{}
		if l.Running() || l.Closed() {
			t.Error("it runs")
		}
		l.CallSoon(r.call("a"))
		l.CallSoon(func() {
			if !l.Running() {
				t.Error("it does not run")
			}
			l.CallSoon(r.call("c"))
			l.Stop()
			r.add("stop")
		})
		l.CallSoon(r.call("b"))
		r.want(t, "")
		testkit.WantNil(t, "RunForever", l.RunForever())
		r.want(t, "a stop b")
		l.Stop() // before it runs: one iteration
		testkit.WantNil(t, "RunForever", l.RunForever())
		r.want(t, "a stop b c")
		l.Stop()
		testkit.WantNil(t, "RunForever", l.RunForever())

		v, err := asyncio.RunUntilComplete(l, asyncio.LoopTask(context.Background(), l, func(ctx context.Context) (int, error) {
			if err := l.RunForever(); err != anyio.ErrAlreadyRunning {
				t.Error(err)
			}
			return 5, asyncio.Sleep(ctx, time.Millisecond)
		}))
		if v != 5 || err != nil {
			t.Errorf("%d %v", v, err)
		}
		l.CallLater(time.Millisecond, l.Stop)
		_, err = asyncio.RunUntilComplete(l, asyncio.CreateFuture[int](l))
		testkit.WantErr(t, err, asyncio.ErrLoopStopped)
		testkit.WantNil(t, "Close", l.Close())
		testkit.WantNil(t, "Close", l.Close())
		testkit.WantErr(t, l.RunForever(), asyncio.ErrLoopClosed)
		if !l.Closed() || l.Running() {
			t.Error("it is not closed")
		}
		testkit.WantMisuse(t, "CallSoon", testkit.Recovered(func() { l.CallSoon(func() {}) }))
		_, err = l.CallSoonThreadsafe(func() {})
		testkit.WantErr(t, err, asyncio.ErrLoopClosed)
	})
}

func TestCloseEndsTheTasksThatAreLeft(t *testing.T) {
	l, err := asyncio.NewEventLoop()
	testkit.Must(t, err)
	r := &record{}
	l.SetExceptionHandler(func(_ *asyncio.Loop, c asyncio.ErrorContext) { r.add("%s", c.Task.Name()) })
	asyncio.LoopTask(context.Background(), l, func(ctx context.Context) (int, error) {
		defer r.add("ended")
		return 0, anyio.SleepForever(ctx)
	}, asyncio.Name("left"))
	l.Stop()
	testkit.WantNil(t, "RunForever", l.RunForever())
	testkit.WantNil(t, "Close", l.Close())
	r.want(t, "left ended")
}

func TestLoopMayBeRunByAnotherGoroutine(t *testing.T) {
	l, err := asyncio.NewEventLoop()
	testkit.Must(t, err)
	r := &record{}
	l.CallSoon(r.call("a"))
	ended := make(chan error)
	go func() { ended <- l.RunForever() }()
	done := make(chan struct{})
	_, err = l.CallSoonThreadsafe(func() { close(done) })
	testkit.WantNil(t, "CallSoonThreadsafe", err)
	<-done
	if err := l.RunForever(); err != anyio.ErrAlreadyRunning {
		t.Error(err)
	}
	if err := l.Close(); err != anyio.ErrAlreadyRunning {
		t.Error(err)
	}
	_, err = l.CallSoonThreadsafe(l.Stop)
	testkit.WantNil(t, "CallSoonThreadsafe", err)
	testkit.WantNil(t, "RunForever", <-ended)
	r.want(t, "a")
	l.CallSoon(r.call("b")) // here again
	l.Stop()
	testkit.WantNil(t, "RunForever", l.RunForever())
	r.want(t, "a b")
	testkit.WantNil(t, "Close", l.Close())
}

func TestFutureStaysPendingWhenItsLoopIsClosed(t *testing.T) {
	l, err := asyncio.NewEventLoop()
	if err != nil {
		t.Fatal(err)
	}
	r := &record{}
	l.SetExceptionHandler(func(_ *asyncio.Loop, c asyncio.ErrorContext) { r.add("%s", c.Message) })
	f := asyncio.CreateFuture[int](l)
	l.CallSoon(l.Stop)
	if _, err := asyncio.RunUntilComplete(l, f); err != asyncio.ErrLoopStopped {
		t.Errorf("RunUntilComplete: %v", err)
	}
	// Who has waited does not stop the loop any more.
	g := asyncio.CreateFuture[int](l)
	l.CallSoon(func() {
		_ = f.SetResult(1)
		l.CallSoon(func() { l.CallSoon(func() { _ = g.SetResult(2) }) })
	})
	if v, err := asyncio.RunUntilComplete(l, g); v != 2 || err != nil {
		t.Errorf("%d %v", v, err)
	}
	last := asyncio.CreateFuture[int](l)
	l.CallSoon(l.Stop)
	if _, err := asyncio.RunUntilComplete(l, last); err != asyncio.ErrLoopStopped {
		t.Errorf("RunUntilComplete: %v", err)
	}
	if err := l.Close(); err != nil || last.Done() {
		t.Errorf("Close: %v, done %v", err, last.Done())
	}
	r.want(t, "")
}
