package asyncio_test

import (
	"context"

	"github.com/anyio-go/anyio/asyncio"
)

// These are of requests that come when there is nothing left to cancel.
var lateTwins = []twin{
	{name: "gather_cancel_done", main: gatherCancelDone},
	{name: "task_group_cancel_again", main: taskGroupCancelAgain},
}

// printTurns prints the task's turns.
func printTurns(ctx context.Context, p *printer, n int) *asyncio.Task[none] {
	return task(ctx, func(ctx context.Context) error {
		for i := range n {
			p.print("turn", i)
			if err := yield(ctx, 1); err != nil {
				return err
			}
		}
		return nil
	})
}

func gatherCancelDone(ctx context.Context, p *printer) error {
	value := func() asyncio.Awaitable[int] {
		return asyncio.CreateTask(ctx, func(context.Context) (int, error) { return 1, nil })
	}
	t := task(ctx, func(ctx context.Context) error {
		if _, err := asyncio.GatherResults(ctx, value()).Await(ctx); isCanceled(err) {
			p.print("canceled")
		}
		err := yield(ctx, 1)
		p.print("went on")
		return err
	})
	if err := yield(ctx, 1); err != nil {
		return err
	}
	o := printTurns(ctx, p, 4)
	loopIn(ctx).CallSoon(func() { p.print("cancel", t.Cancel(""), t.Cancelling()) })
	for _, all := range []*asyncio.Task[none]{o, t} {
		if _, err := all.Await(ctx); err != nil {
			return err
		}
	}

	o = printTurns(ctx, p, 4)
	late := task(ctx, func(ctx context.Context) error {
		g := asyncio.Gather(ctx, value(), value())
		if err := yield(ctx, 1); err != nil {
			return err
		}
		me(ctx).Cancel("")
		p.print("awaits", g.Done())
		if _, err := g.Await(ctx); isCanceled(err) {
			p.print("canceled", g.Done(), g.Canceled())
		}
		return nil
	})
	if _, err := late.Await(ctx); err != nil {
		return err
	}
	_, err := o.Await(ctx)
	return err
}

func taskGroupCancelAgain(ctx context.Context, p *printer) error {
	host := func() *asyncio.Task[none] {
		return task(ctx, func(ctx context.Context) error {
			err := asyncio.WithTaskGroup(ctx, func(ctx context.Context, tg *asyncio.TaskGroup) error {
				tg.Go(ctx, func(ctx context.Context) error {
					err := forever(ctx)
					if e := yield(ctx, 6); e != nil {
						return e
					}
					p.print("slow ends")
					return err
				})
				return nil
			})
			if isCanceled(err) {
				p.print("group canceled", me(ctx).Cancelling())
			}
			err = yield(ctx, 1)
			p.print("went on")
			return err
		})
	}
	t := host()
	if err := yield(ctx, 2); err != nil {
		return err
	}
	for range 3 {
		t.Cancel("")
		if err := yield(ctx, 2); err != nil {
			return err
		}
	}
	if _, err := t.Await(ctx); err != nil {
		return err
	}
	p.print("canceled", t.Canceled())

	for k := range 4 {
		if err := cancelNearTheEnd(ctx, p, host(), 5+k); err != nil {
			return err
		}
	}
	return nil
}

// cancelNearTheEnd asks a group's host to end, and again some turns later.
func cancelNearTheEnd(ctx context.Context, p *printer, t *asyncio.Task[none], n int) error {
	if err := yield(ctx, 2); err != nil {
		return err
	}
	t.Cancel("")
	if err := yield(ctx, n); err != nil {
		return err
	}
	o := task(ctx, func(ctx context.Context) error {
		for i := range 5 {
			if err := yield(ctx, 1); err != nil {
				return err
			}
			p.print("turn", i)
		}
		return nil
	})
	t.Cancel("")
	if _, err := t.Await(ctx); err != nil {
		return err
	}
	_, err := o.Await(ctx)
	return err
}
