package asyncio_test

import (
	"context"
	"errors"
	"time"

	"github.com/anyio-go/anyio/asyncio"
)

var cancelTwins = []twin{
	{name: "cancel_before_start", main: cancelBeforeStart},
	{name: "cancel_waiting", main: cancelWaiting},
	{name: "cancel_twice", main: cancelTwice},
	{name: "cancel_swallowed", main: cancelSwallowed},
	{name: "cancel_cleanup", main: cancelCleanup},
	{name: "cancel_message", main: cancelMessage},
	{name: "cancel_shared_future", main: cancelSharedFuture},
	{name: "cancel_chain", main: cancelChain},
	{name: "cancel_after_wake", main: cancelAfterWake},
	{name: "cancel_both", main: cancelBoth},
	{name: "cancel_sleep", main: cancelSleep},
	{name: "cancel_before_sleep", main: cancelBeforeSleep},
}

// canceledEnd awaits a task and reports whether it was canceled.
func canceledEnd[T any](ctx context.Context, t asyncio.Awaitable[T]) bool {
	_, err := t.Await(ctx)
	return isCanceled(err)
}

func cancelBeforeStart(ctx context.Context, p *printer) error {
	t := task(ctx, func(context.Context) error {
		p.print("never printed")
		return nil
	})
	t.AddDoneCallback(func() { p.print("callback, canceled:", t.Canceled()) })
	p.print("cancel", t.Cancel(""), "done", t.Done(), "canceled", t.Canceled())
	if canceledEnd(ctx, t) {
		p.print("main sees it; main's own requests:", me(ctx).Cancelling())
	}
	p.print("done", t.Done(), "canceled", t.Canceled(), "cancel", t.Cancel(""))
	return nil
}

func cancelWaiting(ctx context.Context, p *printer) error {
	f := asyncio.NewFuture[none](ctx)
	t := task(ctx, func(ctx context.Context) error {
		defer p.print("cleanup")
		_, err := f.Await(ctx)
		if isCanceled(err) {
			p.print("canceled; the future too:", f.Canceled())
		}
		return err
	})
	t.AddDoneCallback(p.do("done callback"))
	if err := yield(ctx, 1); err != nil {
		return err
	}
	loopIn(ctx).CallSoon(p.do("before the cancel"))
	t.Cancel("")
	loopIn(ctx).CallSoon(p.do("after the cancel"))
	p.print("requested, done:", t.Done())
	if canceledEnd(ctx, t) {
		p.print("ended, canceled:", t.Canceled())
	}
	return nil
}

func cancelTwice(ctx context.Context, p *printer) error {
	f := asyncio.NewFuture[none](ctx)
	t := asyncio.CreateTask(ctx, func(ctx context.Context) (string, error) {
		for i := range 3 {
			var err error
			if i == 0 {
				_, err = f.Await(ctx)
			} else {
				err = yield(ctx, 1)
			}
			if isCanceled(err) {
				p.print("wait", i, "canceled, requests:", me(ctx).Cancelling())
			} else {
				p.print("wait", i, "ended")
			}
		}
		return "value", nil
	})
	if err := yield(ctx, 1); err != nil {
		return err
	}
	p.print(t.Cancel(""), t.Cancel(""), t.Cancelling())
	if err := yield(ctx, 1); err != nil {
		return err
	}
	p.print("third", t.Cancel(""), t.Cancelling())
	v, err := t.Await(ctx)
	p.print(v, t.Canceled(), t.Cancelling())
	p.print("when done:", t.Cancel(""), t.Cancelling())
	return err
}

func cancelSwallowed(ctx context.Context, p *printer) error {
	t := asyncio.CreateTask(ctx, func(ctx context.Context) (string, error) {
		if isCanceled(forever(ctx)) {
			p.print("swallowed")
		}
		if err := errors.Join(yield(ctx, 1), asyncio.Sleep(ctx, 10*ms)); err != nil {
			return "", err
		}
		p.print("waited, requests:", me(ctx).Cancelling())
		return "value", nil
	})
	if err := yield(ctx, 1); err != nil {
		return err
	}
	t.Cancel("")
	v, err := t.Await(ctx)
	p.print(v, "canceled:", t.Canceled())
	return err
}

func cancelCleanup(ctx context.Context, p *printer) error {
	t := task(ctx, func(ctx context.Context) (err error) {
		defer func() {
			p.print("cleanup begins")
			if yield(ctx, 1) == nil {
				p.print("cleanup waited")
			}
			if isCanceled(forever(ctx)) {
				p.print("cleanup interrupted")
				err = errors.New("from the cleanup")
			}
		}()
		return forever(ctx)
	})
	if err := yield(ctx, 1); err != nil {
		return err
	}
	t.Cancel("")
	if err := yield(ctx, 3); err != nil {
		return err
	}
	p.print("cancel again")
	t.Cancel("")
	_, err := t.Await(ctx)
	p.print("ends with:", err)
	p.print("canceled:", t.Canceled())
	return nil
}

func cancelMessage(ctx context.Context, p *printer) error {
	say := func(who string, err error) { p.print(append([]any{who}, reason(err)...)...) }
	for _, messages := range [][]string{{"stop"}, {"one", "two"}, {""}} {
		t := task(ctx, func(ctx context.Context) error {
			err := forever(ctx)
			say("task:", err)
			return err
		})
		if err := yield(ctx, 1); err != nil {
			return err
		}
		for _, m := range messages {
			t.Cancel(m)
		}
		_, err := t.Await(ctx)
		say("waiter:", err)
	}
	f := asyncio.NewFuture[none](ctx)
	f.Cancel("a future's")
	_, err := f.Await(ctx)
	say("future:", err)
	return nil
}

func cancelSharedFuture(ctx context.Context, p *printer) error {
	f := asyncio.NewFuture[none](ctx)
	var tasks []*asyncio.Task[string]
	for _, name := range []string{"a", "b", "c"} {
		tasks = append(tasks, asyncio.CreateTask(ctx, func(ctx context.Context) (string, error) {
			_, err := f.Await(ctx)
			if isCanceled(err) {
				p.print(name, "canceled, requests:", me(ctx).Cancelling())
				if name == "b" {
					return "b goes on", nil
				}
			}
			return "", err
		}))
	}
	if err := yield(ctx, 1); err != nil {
		return err
	}
	tasks[2].Cancel("")
	p.print("future canceled:", f.Canceled())
	for _, t := range tasks {
		if v, err := t.Await(ctx); isCanceled(err) {
			p.print("canceled")
		} else {
			p.print(v)
		}
	}
	return nil
}

func cancelChain(ctx context.Context, p *printer) error {
	for _, how := range []string{"cancel", "swallow", "error"} {
		i := asyncio.CreateTask(ctx, func(ctx context.Context) (string, error) {
			err := forever(ctx)
			p.print("inner canceled")
			switch how {
			case "swallow":
				return "inner's value", nil
			case "error":
				return "", errors.New("inner's error")
			}
			return "", err
		})
		o := asyncio.CreateTask(ctx, func(ctx context.Context) (string, error) {
			v, err := i.Await(ctx)
			if err != nil {
				return "", err
			}
			p.print("outer got", v)
			return "outer's value", nil
		})
		if err := yield(ctx, 2); err != nil {
			return err
		}
		o.Cancel("")
		p.print(how, "requests:", o.Cancelling(), i.Cancelling())
		switch v, err := o.Await(ctx); {
		case isCanceled(err):
			p.print("outer ends canceled")
		case err != nil:
			p.print("outer ends with", err)
		default:
			p.print(v)
		}
		p.print("canceled:", i.Canceled(), o.Canceled())
	}
	return nil
}

func cancelAfterWake(ctx context.Context, p *printer) error {
	f := asyncio.NewFuture[string](ctx)
	t := task(ctx, func(ctx context.Context) error {
		v, err := f.Await(ctx)
		if isCanceled(err) {
			left, _ := f.Result()
			p.print("canceled; the future has", left)
			return err
		}
		p.print("got", v)
		return nil
	})
	if err := yield(ctx, 1); err != nil {
		return err
	}
	_ = f.SetResult("value")
	p.print("cancel", t.Cancel(""))
	if canceledEnd(ctx, t) {
		p.print("task canceled:", t.Canceled())
	}
	return nil
}

func cancelBoth(ctx context.Context, p *printer) error {
	for _, taskFirst := range []bool{true, false} {
		f := asyncio.NewFuture[none](ctx)
		t := asyncio.CreateTask(ctx, func(ctx context.Context) (string, error) {
			for i := range 2 {
				var err error
				if i == 0 {
					_, err = f.Await(ctx)
				} else {
					err = yield(ctx, 1)
				}
				if isCanceled(err) {
					p.print("wait", i, "canceled")
				} else {
					p.print("wait", i, "ended")
				}
			}
			return "value", nil
		})
		if err := yield(ctx, 1); err != nil {
			return err
		}
		both := []asyncio.AnyFuture{t, f}
		if !taskFirst {
			both = []asyncio.AnyFuture{f, t}
		}
		p.print(both[0].Cancel(""), both[1].Cancel(""))
		v, err := t.Await(ctx)
		if err != nil {
			return err
		}
		p.print(v, t.Cancelling())
	}
	return nil
}

func cancelSleep(ctx context.Context, p *printer) error {
	t := task(ctx, func(ctx context.Context) error { return asyncio.Sleep(ctx, 3600_000*ms) })
	if err := yield(ctx, 1); err != nil {
		return err
	}
	t.Cancel("")
	if canceledEnd(ctx, t) {
		p.print("canceled", t.Canceled())
	}
	for _, n := range []int{0, 10_000} {
		t := task(ctx, func(ctx context.Context) error { return asyncio.Sleep(ctx, durationOf(n)*ms) })
		if err := yield(ctx, 1); err != nil {
			return err
		}
		p.print("cancel", t.Cancel(""))
		all, err := asyncio.GatherResults(ctx, t).Await(ctx)
		if err != nil {
			return err
		}
		p.print(all[0].Err == nil)
	}
	return nil
}

func cancelBeforeSleep(ctx context.Context, p *printer) error {
	sleeps := func(name string, d time.Duration) asyncio.AnyFuture {
		return task(ctx, func(ctx context.Context) error {
			me(ctx).Cancel("")
			p.print(name, "begins")
			err := asyncio.Sleep(ctx, d)
			if isCanceled(err) {
				p.print(name, "canceled")
				return nil
			}
			return err
		})
	}
	other := func() asyncio.AnyFuture {
		return task(ctx, func(context.Context) error {
			p.print("other")
			return nil
		})
	}
	all := []asyncio.AnyFuture{sleeps("long", 100_000*ms), other(), sleeps("short", 0), other()}
	_, _, err := asyncio.Wait(ctx, all, asyncio.WaitOptions{})
	return err
}
