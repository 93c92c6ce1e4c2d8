package asyncio_test

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/asyncio"
)

var loopTwins = []twin{
	{name: "call_soon_order", program: callSoonOrder, promised: true},
	{name: "call_later_order", main: callLaterOrder, promised: true},
	{name: "call_at_ties", main: callAtTies, promised: true},
	{name: "call_later_zero", main: callLaterZero, promised: true},
	{name: "handle_cancel", main: handleCancel, promised: true},
	{name: "stop_before_run", program: stopBeforeRun, promised: true},
	{name: "stop_inside", program: stopInside, promised: true},
	{name: "run_until_complete", program: runUntilComplete, promised: true},
	{name: "close_loop", program: closeLoop, promised: true},
	{name: "runner", program: runner},
	{name: "exception_handler", main: exceptionHandler, promised: true},
	{name: "exception_handler_fails", main: exceptionHandlerFails},
	{name: "task_factory", main: taskFactory, promised: true},
}

func newLoop(t *testing.T, on anyio.RunOption) *asyncio.Loop {
	l, err := asyncio.NewEventLoop(on)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func callSoonOrder(t *testing.T, p *printer, on anyio.RunOption) {
	loop := newLoop(t, on)
	loop.CallSoon(func() {
		p.print("first")
		loop.CallSoon(p.do("scheduled by first"))
		loop.CallSoon(p.do("scheduled by first, too"))
	})
	loop.CallSoon(func() {
		p.print("second", 1, "x")
		loop.CallSoon(loop.Stop)
	})
	loop.CallSoon(p.do("third"))
	err := loop.RunForever()
	p.print("stopped")
	if err := errors.Join(err, loop.Close()); err != nil {
		t.Error(err)
	}
}

func callLaterOrder(ctx context.Context, p *printer) error {
	loop := loopIn(ctx)
	done := asyncio.NewFuture[string](ctx)
	now := loop.Time()
	loop.CallAt(now+30*ms, p.do("30"))
	loop.CallAt(now+10*ms, p.do("10"))
	loop.CallAt(now+40*ms, func() { _ = done.SetResult("end") })
	loop.CallAt(now+20*ms, p.do("20"))
	loop.CallLater(-time.Second, p.do("past"))
	p.print("armed")
	v, err := done.Await(ctx)
	p.print(v)
	return err
}

func callAtTies(ctx context.Context, p *printer) error {
	loop := loopIn(ctx)
	done := asyncio.NewFuture[int](ctx)
	when := loop.Time() + 10*ms
	var ran []int
	for i := range 6 {
		loop.CallAt(when, func() {
			if len(ran) == 0 {
				loop.CallSoon(func() { _ = done.SetResult(len(ran)) })
			}
			ran = append(ran, i)
		})
	}
	n, err := done.Await(ctx)
	p.print(n, "of 6 before the callback that the first had scheduled")
	p.print(sorted(ran))
	return err
}

func callLaterZero(ctx context.Context, p *printer) error {
	loop := loopIn(ctx)
	done := asyncio.NewFuture[none](ctx)
	loop.CallLater(0, p.do("later(0)"))
	loop.CallSoon(func() {
		p.print("soon")
		loop.CallSoon(p.do("nested soon"))
		loop.CallLater(0, func() {
			p.print("nested later(0)")
			_ = done.SetResult(none{})
		})
	})
	loop.CallSoon(p.do("soon again"))
	_, err := done.Await(ctx)
	p.print("end")
	return err
}

func handleCancel(ctx context.Context, p *printer) error {
	loop := loopIn(ctx)
	a := loop.CallSoon(p.do("a"))
	var c *asyncio.Handle
	var d *asyncio.TimerHandle
	b := loop.CallSoon(func() {
		p.print("b cancels c and d")
		c.Cancel()
		d.Cancel()
	})
	c = loop.CallSoon(p.do("c"))
	d = loop.CallLater(0, p.do("d"))
	when := loop.Time() + 10*ms
	e := loop.CallAt(when, p.do("e"))
	p.print(e.When() == when, a.Canceled(), e.Canceled())
	a.Cancel()
	e.Cancel()
	e.Cancel()
	p.print(a.Canceled(), e.Canceled())
	err := asyncio.Sleep(ctx, 30*ms)
	p.print(b.Canceled(), c.Canceled(), d.Canceled())
	b.Cancel()
	p.print("after its run:", b.Canceled())
	return err
}

func stopBeforeRun(t *testing.T, p *printer, on anyio.RunOption) {
	loop := newLoop(t, on)
	n := 0
	var again func()
	again = func() {
		p.print("round", n)
		n++
		loop.CallSoon(again)
	}
	again()
	for range 3 {
		loop.Stop()
		if err := loop.RunForever(); err != nil {
			t.Error(err)
		}
		p.print("returned, running:", loop.Running())
	}
	if err := loop.Close(); err != nil {
		t.Error(err)
	}
	p.print("closed:", loop.Closed())
}

func stopInside(t *testing.T, p *printer, on anyio.RunOption) {
	loop := newLoop(t, on)
	loop.CallSoon(p.do("before"))
	loop.CallSoon(func() {
		p.print("stopping")
		loop.Stop()
		loop.CallSoon(p.do("next run: scheduled after stop"))
	})
	loop.CallSoon(func() {
		p.print("after")
		loop.CallSoon(p.do("next run: scheduled by after"))
	})
	err := loop.RunForever()
	p.print("first run ended")
	loop.CallSoon(loop.Stop)
	err2 := loop.RunForever()
	p.print("second run ended")
	if err := errors.Join(err, err2, loop.Close()); err != nil {
		t.Error(err)
	}
}

func runUntilComplete(t *testing.T, p *printer, on anyio.RunOption) {
	loop := newLoop(t, on)
	work := func(what string) *asyncio.Task[string] {
		return asyncio.LoopTask(t.Context(), loop, func(ctx context.Context) (string, error) {
			if err := yield(ctx, 1); err != nil {
				return "", err
			}
			switch what {
			case "fail":
				return "", errors.New("failed")
			case "nested":
				if _, err := asyncio.RunUntilComplete(loop, asyncio.NewFuture[none](ctx)); err != nil {
					return "nested run refused", nil
				}
			}
			return what, nil
		})
	}
	run := func(f asyncio.Awaitable[string]) {
		var v string
		var err error
		switch {
		case refused(func() error {
			v, err = asyncio.RunUntilComplete(loop, f)
			return nil
		}), errors.Is(err, asyncio.ErrLoopStopped), errors.Is(err, asyncio.ErrLoopClosed):
			p.print("refused")
		case err != nil:
			p.print("error", err)
		default:
			p.print("value", v)
		}
	}
	run(work("ok"))
	run(work("fail"))
	run(work("nested"))
	f := asyncio.CreateFuture[string](loop)
	loop.CallSoon(loop.Stop)
	run(f)
	loop.CallSoon(func() { _ = f.SetResult("later") })
	run(f)
	run(f)
	if err := loop.Close(); err != nil {
		t.Error(err)
	}
	run(f)
	if refused(func() error { loop.CallSoon(p.do()); return nil }) {
		p.print("call_soon refused")
	}
}

func closeLoop(t *testing.T, p *printer, on anyio.RunOption) {
	loop := newLoop(t, on)
	v, err := asyncio.RunUntilComplete(loop, asyncio.LoopTask(t.Context(), loop, func(ctx context.Context) (string, error) {
		if loop.Close() != nil {
			p.print("close refused while running")
		}
		loop.CallLater(time.Minute, p.do("never printed"))
		return "value", nil
	}))
	p.print(v)
	loop.CallSoon(p.do("never printed"))
	if err := errors.Join(err, loop.Close(), loop.Close()); err != nil {
		t.Error(err)
	}
	p.print(loop.Closed(), loop.Running())
	for _, f := range []func() error{
		func() error { loop.CallSoon(p.do()); return nil },
		func() error { _, err := loop.CallSoonThreadsafe(p.do()); return err },
		func() error { loop.CallLater(0, p.do()); return nil },
	} {
		if refused(f) {
			p.print("refused")
		}
	}
}

func runner(t *testing.T, p *printer, on anyio.RunOption) {
	loop := newLoop(t, on)
	var left *asyncio.Task[none]
	running := func(ctx context.Context) (*asyncio.Loop, error) { return loopIn(ctx), yield(ctx, 1) }
	a, err := asyncio.RunUntilComplete(loop, asyncio.LoopTask(t.Context(), loop, func(ctx context.Context) (*asyncio.Loop, error) {
		left = task(ctx, func(ctx context.Context) error {
			p.print("begins in a later run")
			err := forever(ctx)
			p.print("canceled at close")
			return err
		})
		return loopIn(ctx), nil
	}))
	p.print("between the runs")
	b, err2 := asyncio.RunUntilComplete(loop, asyncio.LoopTask(t.Context(), loop, running))
	p.print("same loop:", a == b, loop == a)
	loop.SetExceptionHandler(func(*asyncio.Loop, asyncio.ErrorContext) {}) // is told that one was pending
	if err := errors.Join(err, err2, loop.Close()); err != nil {
		t.Error(err)
	}
	p.print("closed:", a.Closed(), left.Canceled())
	if refused(func() error {
		_, err := asyncio.RunUntilComplete(loop, asyncio.LoopTask(t.Context(), loop, running))
		return err
	}) {
		p.print("refused when closed")
	}
	if err := loop.Close(); err != nil {
		t.Error(err)
	}
}

// fail is a callback that fails.
func fail(text string) func() { return func() { panic(errors.New(text)) } }

func exceptionHandler(ctx context.Context, p *printer) error {
	loop := loopIn(ctx)
	if loop.ExceptionHandler() == nil {
		p.print("handler", nil)
	}
	loop.SetExceptionHandler(func(_ *asyncio.Loop, c asyncio.ErrorContext) { p.print("handler got", c.Err) })
	loop.CallSoon(fail("call_soon"))
	loop.CallSoon(p.do("next callback"))
	loop.CallLater(0, fail("call_later"))
	f := asyncio.NewFuture[int](ctx)
	f.AddDoneCallback(fail("done callback"))
	f.AddDoneCallback(p.do("second done callback"))
	_ = f.SetResult(1)
	if err := asyncio.Sleep(ctx, 10*ms); err != nil {
		return err
	}
	v, err := f.Await(ctx)
	p.print("main goes on with", v)
	loop.CallExceptionHandler(asyncio.ErrorContext{Message: "by hand", Err: errors.New("by hand")})
	loop.SetExceptionHandler(nil)
	p.print("refused") // by the compiler
	return err
}

func exceptionHandlerFails(ctx context.Context, p *printer) error {
	defer slog.SetDefault(slog.Default())
	slog.SetDefault(slog.New(slog.DiscardHandler))
	loop := loopIn(ctx)
	loop.SetExceptionHandler(func(_ *asyncio.Loop, c asyncio.ErrorContext) {
		p.print("handler fails with", c.Err)
		panic(errors.New("handler"))
	})
	loop.CallSoon(fail("callback"))
	loop.CallSoon(p.do("next callback"))
	err := yield(ctx, 2)
	p.print("main goes on")
	return err
}

func taskFactory(ctx context.Context, p *printer) error {
	loop := loopIn(ctx)
	work := func(n int, opts ...asyncio.TaskOption) *asyncio.Task[int] {
		return asyncio.CreateTask(ctx, func(context.Context) (int, error) { return n, nil }, opts...)
	}
	if loop.TaskFactory() == nil {
		p.print("default", nil)
	}
	loop.SetTaskFactory(func(*asyncio.Loop, asyncio.AnyTask) { p.print("made") })
	t := work(1, asyncio.Name("named"))
	v, err := t.Await(ctx)
	p.print(v, t.Name())
	all, err2 := asyncio.Gather[int](ctx, work(2), work(3)).Await(ctx)
	p.print(all)
	loop.SetTaskFactory(nil)
	v, err3 := work(4).Await(ctx)
	p.print(v)
	return errors.Join(err, err2, err3)
}
