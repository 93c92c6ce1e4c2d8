package asyncio_test

import (
	"context"
	"errors"
	"runtime"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/asyncio"
)

var timeoutTwins = []twin{
	{name: "timeout_basic", main: timeoutBasic},
	{name: "timeout_reschedule", main: timeoutReschedule, promised: true},
	{name: "timeout_nested", main: timeoutNested, promised: true},
	{name: "timeout_cancel", main: timeoutCancel},
	{name: "timeout_in_cleanup", main: timeoutInCleanup, promised: true},
	{name: "timeout_busy", main: timeoutBusy},
}

func timeoutBasic(ctx context.Context, p *printer) error {
	attempt := func(name string, limit time.Duration, work func(ctx context.Context) error) {
		var d *asyncio.Deadline
		err := asyncio.WithTimeout(ctx, limit, func(ctx context.Context, dd *asyncio.Deadline) error {
			d = dd
			p.print(name, "entered, expired:", d.Expired())
			if err := work(ctx); err != nil {
				return err
			}
			p.print(name, "body ended")
			return nil
		})
		if isTimeout(err) {
			p.print(name, "timeout")
		}
		p.print(name, "expired:", d.Expired(), "requests:", me(ctx).Cancelling())
	}
	rounds := func(n int) func(context.Context) error {
		return func(ctx context.Context) error { return yield(ctx, n) }
	}
	attempt("long", 10*time.Second, rounds(1))
	attempt("short", 10*ms, forever)
	attempt("none", anyio.Forever, rounds(1))
	attempt("zero, no wait", 0, rounds(0))
	attempt("zero", 0, rounds(2))
	attempt("past", -time.Second, forever)
	return nil
}

func timeoutReschedule(ctx context.Context, p *printer) error {
	loop := loopIn(ctx)
	start := loop.Time()
	var d *asyncio.Deadline
	err := asyncio.WithTimeoutAt(ctx, start+10*ms, func(ctx context.Context, dd *asyncio.Deadline) error {
		d = dd
		when, _ := d.When()
		p.print(when == start+10*ms)
		if err := d.Reschedule(start + time.Minute); err != nil {
			return err
		}
		when, _ = d.When()
		p.print(when == start+time.Minute)
		if err := asyncio.Sleep(ctx, 20*ms); err != nil {
			return err
		}
		err := d.Remove()
		if _, has := d.When(); !has {
			p.print(nil, d.Expired())
		}
		return err
	})
	p.print("not expired:", !d.Expired())
	err2 := asyncio.WithTimeout(ctx, anyio.Forever, func(ctx context.Context, dd *asyncio.Deadline) error {
		d = dd
		return errors.Join(d.Reschedule(loop.Time()-time.Second), asyncio.Sleep(ctx, 10*time.Second))
	})
	if isTimeout(err2) {
		p.print("expired:", d.Expired())
	}
	if refused(d.Remove) {
		p.print("refused when over")
	}
	p.print("entered again: refused") // by its form: a body is given
	return err
}

func timeoutNested(ctx context.Context, p *printer) error {
	nest := func(outer, inner time.Duration) {
		var o, i *asyncio.Deadline
		err := asyncio.WithTimeout(ctx, outer, func(ctx context.Context, d *asyncio.Deadline) error {
			o = d
			defer func() { p.print("inner expired:", i.Expired()) }()
			err := asyncio.WithTimeout(ctx, inner, func(ctx context.Context, d *asyncio.Deadline) error {
				i = d
				return forever(ctx)
			})
			if isTimeout(err) {
				p.print("inner raised")
				err = yield(ctx, 1)
				p.print("outer's body goes on")
			}
			return err
		})
		if isTimeout(err) {
			p.print("outer raised")
		}
		p.print("outer expired:", o.Expired(), "requests:", me(ctx).Cancelling())
	}
	nest(10*time.Second, 10*ms)
	nest(10*ms, 10*time.Second)
	nest(10*ms, anyio.Forever)
	return nil
}

func timeoutCancel(ctx context.Context, p *printer) error {
	body := func(ctx context.Context, how string) error {
		limit := 10 * time.Second
		if how == "swallows" || how == "fails" {
			limit = 10 * ms
		}
		var d *asyncio.Deadline
		err := asyncio.WithTimeout(ctx, limit, func(ctx context.Context, dd *asyncio.Deadline) error {
			d = dd
			err := forever(ctx)
			p.print(how, "canceled, expired:", d.Expired())
			switch how {
			case "fails":
				return errors.New("the body's error")
			case "swallows":
				return nil
			}
			return err
		})
		switch {
		case isTimeout(err):
			p.print("timeout")
		case isCanceled(err):
			return err
		case err != nil:
			p.print(how, "raises", err)
		default:
			p.print(how, "goes on, expired:", d.Expired())
		}
		p.print(how, "requests", me(ctx).Cancelling())
		return nil
	}
	err := errors.Join(body(ctx, "swallows"), body(ctx, "fails"))
	t := task(ctx, func(ctx context.Context) error { return body(ctx, "outside") })
	if err := yield(ctx, 1); err != nil {
		return err
	}
	t.Cancel("")
	if canceledEnd(ctx, t) {
		p.print("canceled:", t.Canceled())
	}
	return err
}

func timeoutInCleanup(ctx context.Context, p *printer) error {
	err := asyncio.WithTimeout(ctx, 10*ms, func(ctx context.Context, outer *asyncio.Deadline) error {
		err := asyncio.Sleep(ctx, 10*time.Second)
		var inner *asyncio.Deadline
		err2 := asyncio.WithTimeout(ctx, 10*ms, func(ctx context.Context, d *asyncio.Deadline) error {
			inner = d
			return asyncio.Sleep(ctx, 10*time.Second)
		})
		if isTimeout(err2) {
			p.print("cleanup timed out")
		}
		p.print("inner", inner.Expired(), "outer", outer.Expired())
		return err
	})
	if isTimeout(err) {
		p.print("timeout")
	}
	p.print(me(ctx).Cancelling())
	return nil
}

func timeoutBusy(ctx context.Context, p *printer) error {
	var inner, outer *asyncio.Deadline
	err := asyncio.WithTimeout(ctx, 10*ms, func(ctx context.Context, d *asyncio.Deadline) error {
		outer = d
		err := asyncio.WithTimeout(ctx, 20*ms, func(ctx context.Context, d *asyncio.Deadline) error {
			inner = d
			for loop, begin := loopIn(ctx), loopIn(ctx).Time(); loop.Time() < begin+40*ms; {
				runtime.Gosched() // holds up the loop
			}
			return asyncio.Sleep(ctx, time.Second)
		})
		if isTimeout(err) {
			p.print("inner raised")
			err = asyncio.Sleep(ctx, time.Second)
		}
		return err
	})
	if isTimeout(err) {
		p.print("outer raised")
	}
	p.print(inner.Expired(), outer.Expired(), me(ctx).Cancelling())
	return nil
}
