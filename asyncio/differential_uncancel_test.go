package asyncio_test

import (
	"context"
	"errors"

	"github.com/anyio-go/anyio/asyncio"
)

// These are of tasks that cancel themselves, and go on.
var uncancelTwins = []twin{
	{name: "uncancel", main: uncancel},
	{name: "uncancel_structured", main: uncancelStructured, promised: true},
	{name: "cancel_raised", main: cancelRaised, promised: true},
	{name: "cancel_self", main: cancelSelf, promised: true},
}

func uncancel(ctx context.Context, p *printer) error {
	t := asyncio.CreateTask(ctx, func(ctx context.Context) (string, error) {
		m := me(ctx)
		p.print("start", m.Cancelling(), m.Uncancel())
		if isCanceled(forever(ctx)) {
			p.print("canceled", m.Cancelling())
		}
		p.print("uncancel", m.Uncancel())
		p.print("uncancel", m.Uncancel(), m.Uncancel())
		if err := yield(ctx, 1); err != nil {
			return "", err
		}
		p.print("waited", m.Cancelling())
		m.Cancel("")
		if isCanceled(yield(ctx, 1)) {
			p.print("canceled again", m.Cancelling())
		}
		return "value", nil
	})
	if err := yield(ctx, 1); err != nil {
		return err
	}
	t.Cancel("")
	t.Cancel("")
	v, err := t.Await(ctx)
	p.print(v, t.Canceled())
	return err
}

func uncancelStructured(ctx context.Context, p *printer) error {
	block := func(ctx context.Context, name string, n int, body func(ctx context.Context) error) (bool, error) {
		m, expired := me(ctx), false
		timer := loopIn(ctx).CallLater(durationOf(n)*ms, func() {
			expired = true
			m.Cancel("")
		})
		defer timer.Cancel()
		err := body(ctx)
		if isCanceled(err) && expired && m.Uncancel() == 0 {
			p.print(name, "ended its body")
			return true, nil
		}
		return false, err
	}
	nest := func(outer, inner int) *asyncio.Task[none] {
		return task(ctx, func(ctx context.Context) error {
			o, err := block(ctx, "outer", outer, func(ctx context.Context) error {
				_, err := block(ctx, "inner", inner, forever)
				return err
			})
			if err != nil {
				return err
			}
			p.print("outer", o, "requests", me(ctx).Cancelling())
			return yield(ctx, 1)
		})
	}
	for _, limits := range [][2]int{{1000, 10}, {10, 1000}} {
		if _, err := nest(limits[0], limits[1]).Await(ctx); err != nil {
			return err
		}
	}
	t := nest(1000, 1000)
	if err := yield(ctx, 1); err != nil {
		return err
	}
	t.Cancel("")
	if canceledEnd(ctx, t) {
		p.print("canceled from outside", t.Cancelling())
	}
	return nil
}

func cancelRaised(ctx context.Context, p *printer) error {
	f := asyncio.NewFuture[none](ctx)
	f.Cancel("own")
	g := asyncio.NewFuture[none](ctx)
	g.Cancel("")
	for _, work := range []func(ctx context.Context) error{
		func(context.Context) error { return f.Err() }, // a cancellation that it got elsewhere
		func(ctx context.Context) error { _, err := g.Await(ctx); return err },
	} {
		t := task(ctx, work)
		if _, err := t.Await(ctx); isCanceled(err) {
			p.print(append([]any{"canceled"}, reason(err)...)...)
		}
		p.print(t.Canceled(), t.Cancelling(), me(ctx).Cancelling())
	}
	return nil
}

func cancelSelf(ctx context.Context, p *printer) error {
	for _, work := range []func(ctx context.Context) (string, error){
		func(ctx context.Context) (string, error) { // waits
			me(ctx).Cancel("")
			p.print("still running")
			err := yield(ctx, 1)
			if isCanceled(err) {
				p.print("canceled at the wait")
			}
			return "", err
		},
		func(ctx context.Context) (string, error) { // returns
			me(ctx).Cancel("")
			return "lost", nil
		},
		func(ctx context.Context) (string, error) { // fails
			me(ctx).Cancel("")
			return "", errors.New("kept")
		},
		func(ctx context.Context) (string, error) { // waits for what is done
			f := asyncio.NewFuture[string](ctx)
			_ = f.SetResult("done")
			me(ctx).Cancel("")
			v, err := f.Await(ctx)
			if err != nil {
				return "", err
			}
			p.print("no wait:", v)
			if err := yield(ctx, 1); err != nil {
				return "", err
			}
			p.print("never printed")
			return "", nil
		},
	} {
		t := asyncio.CreateTask(ctx, work)
		switch v, err := t.Await(ctx); {
		case isCanceled(err):
			p.print("canceled", t.Canceled())
		case err != nil:
			p.print("error", err)
		default:
			p.print(v)
		}
	}
	return nil
}
