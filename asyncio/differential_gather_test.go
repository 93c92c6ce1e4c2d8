package asyncio_test

import (
	"context"
	"errors"

	"github.com/anyio-go/anyio/asyncio"
)

var gatherTwins = []twin{
	{name: "gather_order", main: gatherOrder},
	{name: "gather_error", main: gatherError},
	{name: "gather_return_exceptions", main: gatherReturnExceptions, promised: true},
	{name: "gather_duplicates", main: gatherDuplicates},
	{name: "gather_cancel_outer", main: gatherCancelOuter},
	{name: "gather_cancel_child", main: gatherCancelChild, promised: true},
	{name: "gather_cancel_waiter", main: gatherCancelWaiter},
	{name: "gather_cancel_message", main: gatherCancelMessage},
	{name: "shield_outer", main: shieldOuter},
	{name: "shield_inner", main: shieldInner, promised: true},
	{name: "shield_gather", main: shieldGather},
}

func gatherOrder(ctx context.Context, p *printer) error {
	now := loopIn(ctx).Time()
	work := func(n int) *asyncio.Task[any] {
		return asyncio.CreateTask(ctx, func(ctx context.Context) (any, error) {
			f := asyncio.NewFuture[none](ctx)
			loopIn(ctx).CallAt(now+durationOf(n)*ms, func() { _ = f.SetResult(none{}) })
			_, err := f.Await(ctx)
			p.print("end", n)
			return n, err
		})
	}
	all, err := asyncio.Gather[any](ctx, work(30), work(1), work(15)).Await(ctx)
	p.print(all)
	nothing, err2 := asyncio.Gather[any](ctx).Await(ctx)
	p.print(nothing)
	f := asyncio.NewFuture[any](ctx)
	g := asyncio.Gather[any](ctx, f, work(0))
	g.AddDoneCallback(func() {
		v, _ := g.Result()
		p.print("callback", v)
	})
	_ = f.SetResult("future")
	p.print("done at once:", g.Done())
	all, err3 := g.Await(ctx)
	p.print(all)
	return errors.Join(err, err2, err3)
}

func gatherError(ctx context.Context, p *printer) error {
	work := worker(ctx, p)
	slow := work("slow", 8, false)
	late := work("late error", 4, true)
	if _, err := asyncio.Gather[string](ctx, slow, work("error", 2, true), late).Await(ctx); err != nil {
		p.print("gather:", err)
	}
	p.print("slow done", slow.Done())
	v, err := slow.Await(ctx)
	p.print(v)
	p.print(late.Err())
	return err
}

func gatherReturnExceptions(ctx context.Context, p *printer) error {
	var tasks []asyncio.Awaitable[string]
	for _, what := range []string{"value", "error", "cancel", "other"} {
		tasks = append(tasks, asyncio.CreateTask(ctx, func(ctx context.Context) (string, error) {
			if err := yield(ctx, 1); err != nil {
				return "", err
			}
			switch what {
			case "error":
				return "", errors.New("an error")
			case "cancel":
				me(ctx).Cancel("")
				return "", yield(ctx, 1)
			}
			return what, nil
		}))
	}
	all, err := asyncio.GatherResults(ctx, tasks...).Await(ctx)
	for _, r := range all {
		switch {
		case isCanceled(r.Err):
			p.print("canceled")
		case r.Err != nil:
			p.print("error:", r.Err)
		default:
			p.print("value:", r.Value)
		}
	}
	return err
}

func gatherDuplicates(ctx context.Context, p *printer) error {
	work := func() *asyncio.Task[any] {
		return asyncio.CreateTask(ctx, func(ctx context.Context) (any, error) {
			p.print("runs")
			return "value", yield(ctx, 1)
		})
	}
	t := work()
	f := asyncio.NewFuture[any](ctx)
	_ = f.SetResult(1)
	all, err := asyncio.Gather[any](ctx, t, f, t, t).Await(ctx)
	p.print(all)
	g := work()
	both := asyncio.Gather[any](ctx, g, g)
	if err := yield(ctx, 1); err != nil {
		return err
	}
	both.Cancel("")
	if canceledEnd(ctx, both) {
		p.print("canceled", g.Canceled(), g.Cancelling() > 0)
	}
	return err
}

func gatherCancelOuter(ctx context.Context, p *printer) error {
	work := func(name string) *asyncio.Task[string] {
		return asyncio.CreateTask(ctx, func(ctx context.Context) (string, error) {
			err := forever(ctx)
			p.print(name, "canceled")
			if err := yield(ctx, 1); err != nil {
				return "", err
			}
			p.print(name, "cleaned up")
			if name == "swallows" {
				return "value", nil
			}
			return "", err
		})
	}
	for _, exceptions := range []bool{false, true} {
		a, b := work("a"), work("swallows")
		var g asyncio.AnyFuture
		if exceptions {
			g = asyncio.GatherResults[string](ctx, a, b)
		} else {
			g = asyncio.Gather[string](ctx, a, b)
		}
		waiter := task(ctx, func(ctx context.Context) error {
			_, _, err := asyncio.Wait(ctx, []asyncio.AnyFuture{g}, asyncio.WaitOptions{})
			return err
		})
		if err := yield(ctx, 2); err != nil {
			return err
		}
		p.print("cancel", g.Cancel(""), "done", g.Done())
		if _, _, err := asyncio.Wait(ctx, []asyncio.AnyFuture{g}, asyncio.WaitOptions{}); err != nil {
			return err
		}
		if isCanceled(g.Err()) {
			p.print("gather canceled:", g.Canceled(), a.Canceled(), b.Canceled())
		}
		if _, err := waiter.Await(ctx); err != nil {
			return err
		}
		p.print("cancel when done", g.Cancel(""))
	}
	return nil
}

func gatherCancelChild(ctx context.Context, p *printer) error {
	a, b := task(ctx, forever), task(ctx, forever)
	g := asyncio.Gather[none](ctx, a, b)
	if err := yield(ctx, 1); err != nil {
		return err
	}
	a.Cancel("")
	if canceledEnd(ctx, g) {
		p.print("canceled; gather:", g.Canceled(), "b done:", b.Done())
	}
	p.print("main's requests:", me(ctx).Cancelling())
	b.Cancel("")
	_, _, err := asyncio.Wait(ctx, []asyncio.AnyFuture{b}, asyncio.WaitOptions{})
	p.print("b canceled:", b.Canceled())
	return err
}

func gatherCancelWaiter(ctx context.Context, p *printer) error {
	child := func(ctx context.Context, name string) *asyncio.Task[none] {
		return task(ctx, func(ctx context.Context) error {
			defer p.print(name, "ends")
			return forever(ctx)
		})
	}
	parent := task(ctx, func(ctx context.Context) error {
		_, err := asyncio.Gather[none](ctx, child(ctx, "a"), child(ctx, "b")).Await(ctx)
		if isCanceled(err) {
			p.print("parent ends")
		}
		return err
	})
	if err := yield(ctx, 2); err != nil {
		return err
	}
	parent.Cancel("")
	if canceledEnd(ctx, parent) {
		p.print("main: parent canceled")
	}
	return nil
}

func gatherCancelMessage(ctx context.Context, p *printer) error {
	say := func(who string, err error) { p.print(append([]any{who}, reason(err)...)...) }
	child := func() *asyncio.Task[none] {
		return task(ctx, func(ctx context.Context) error {
			err := forever(ctx)
			say("child:", err)
			return err
		})
	}
	g := asyncio.Gather[none](ctx, child(), child())
	if err := yield(ctx, 1); err != nil {
		return err
	}
	g.Cancel("enough")
	_, err := g.Await(ctx)
	say("awaiter:", err)
	return nil
}

func shieldOuter(ctx context.Context, p *printer) error {
	f := asyncio.NewFuture[string](ctx)
	t := asyncio.CreateTask(ctx, func(ctx context.Context) (string, error) {
		v, err := f.Await(ctx)
		p.print("inner got", v)
		return "value", err
	})
	c := asyncio.CreateTask(ctx, func(ctx context.Context) (string, error) {
		v, err := asyncio.Shield[string](ctx, t).Await(ctx)
		if isCanceled(err) {
			p.print("caller canceled, inner done:", t.Done())
		}
		return v, err
	})
	if err := yield(ctx, 1); err != nil {
		return err
	}
	c.Cancel("")
	if canceledEnd(ctx, c) {
		p.print("inner canceled:", t.Canceled())
	}
	_ = f.SetResult("signal")
	v, err := t.Await(ctx)
	p.print(v)
	s := asyncio.Shield[string](ctx, t)
	p.print("done at once:", s.Done())
	v, err2 := s.Await(ctx)
	p.print(v)
	return errors.Join(err, err2)
}

func shieldInner(ctx context.Context, p *printer) error {
	for _, how := range []string{"cancel", "error", "outer first"} {
		f := asyncio.NewFuture[none](ctx)
		t := asyncio.CreateTask(ctx, f.Await)
		s := asyncio.Shield[none](ctx, t)
		if err := yield(ctx, 1); err != nil {
			return err
		}
		switch how {
		case "cancel":
			t.Cancel("")
		case "error":
			_ = f.SetErr(errors.New("inner's error"))
		default:
			p.print("cancel the shield", s.Cancel(""), t.Done())
			_ = f.SetResult(none{})
		}
		switch _, err := s.Await(ctx); {
		case isCanceled(err):
			p.print(how, "-> canceled", s.Canceled(), t.Canceled())
		case err != nil:
			p.print(how, "->", err)
		}
	}
	p.print("requests", me(ctx).Cancelling())
	return nil
}

func shieldGather(ctx context.Context, p *printer) error {
	f1, f2 := asyncio.NewFuture[string](ctx), asyncio.NewFuture[string](ctx)
	a, b := asyncio.CreateTask(ctx, f1.Await), asyncio.CreateTask(ctx, f2.Await)
	g := asyncio.Gather[string](ctx, a, b)
	s := asyncio.Shield[[]string](ctx, g)
	if err := yield(ctx, 1); err != nil {
		return err
	}
	s.Cancel("")
	if err := yield(ctx, 1); err != nil {
		return err
	}
	p.print("shielded gather", s.Canceled(), g.Done(), a.Done())
	outer := asyncio.Gather(ctx, asyncio.Shield[string](ctx, a), b)
	if err := yield(ctx, 1); err != nil {
		return err
	}
	outer.Cancel("")
	for _, f := range []*asyncio.Future[[]string]{outer, g} {
		if canceledEnd(ctx, f) {
			p.print("canceled", a.Done(), b.Canceled())
		}
	}
	_ = f1.SetResult("value")
	v, err := a.Await(ctx)
	p.print(v)
	return err
}
