package asyncio_test

import (
	"context"
	"errors"

	"github.com/anyio-go/anyio/asyncio"
)

var futureTwins = []twin{
	{name: "create_task_order", main: createTaskOrder},
	{name: "sleep_zero", main: sleepZero},
	{name: "sleep_order", main: sleepOrder},
	{name: "future_callbacks", main: futureCallbacks},
	{name: "future_states", main: futureStates, promised: true},
	{name: "future_waiters", main: futureWaiters},
	{name: "await_done", main: awaitDone},
	{name: "task_done_order", main: taskDoneOrder},
	{name: "task_awaits_itself", main: taskAwaitsItself, promised: true},
	{name: "tasks_named", main: tasksNamed},
}

func createTaskOrder(ctx context.Context, p *printer) error {
	leaf := func(name string) func(context.Context) (string, error) {
		return func(ctx context.Context) (string, error) {
			p.print("start", name)
			if err := yield(ctx, 1); err != nil {
				return "", err
			}
			p.print("end", name)
			return name, nil
		}
	}
	node := func(name string) func(context.Context) error {
		return func(ctx context.Context) error {
			p.print("start", name)
			kids := []*asyncio.Task[string]{asyncio.CreateTask(ctx, leaf(name+"0")), asyncio.CreateTask(ctx, leaf(name+"1"))}
			p.print("created the leaves of", name)
			var all []string
			for _, k := range kids {
				v, err := k.Await(ctx)
				if err != nil {
					return err
				}
				all = append(all, v)
			}
			p.print(name, all)
			return nil
		}
	}
	loopIn(ctx).CallSoon(p.do("callback before"))
	a := task(ctx, node("a"))
	loopIn(ctx).CallSoon(p.do("callback between"))
	b := task(ctx, node("b"))
	p.print("main has created")
	_, err := b.Await(ctx)
	p.print("b done, a done:", a.Done())
	return err
}

func sleepZero(ctx context.Context, p *printer) error {
	work := func(name string, n int) *asyncio.Task[string] {
		return asyncio.CreateTask(ctx, func(ctx context.Context) (string, error) {
			for i := range n {
				p.print(name, i)
				if err := yield(ctx, 1); err != nil {
					return "", err
				}
			}
			return name + " slept", yield(ctx, 1)
		})
	}
	tasks := []*asyncio.Task[string]{work("a", 3), work("b", 1), work("c", 2)}
	loopIn(ctx).CallSoon(p.do("callback"))
	if err := yield(ctx, 1); err != nil {
		return err
	}
	p.print("main goes on")
	for _, t := range tasks {
		v, err := t.Await(ctx)
		if err != nil {
			return err
		}
		p.print(v)
	}
	return nil
}

func sleepOrder(ctx context.Context, p *printer) error {
	var tasks []*asyncio.Task[int]
	for _, n := range []int{50, 5, 0, -5} {
		tasks = append(tasks, asyncio.CreateTask(ctx, func(ctx context.Context) (int, error) {
			err := asyncio.Sleep(ctx, ms*durationOf(n))
			p.print("slept", n)
			return n, err
		}))
	}
	if err := yield(ctx, 1); err != nil {
		return err
	}
	p.print("main")
	var all []int
	for _, t := range tasks {
		n, err := t.Await(ctx)
		if err != nil {
			return err
		}
		all = append(all, n)
	}
	p.print(all)
	return nil
}

func futureCallbacks(ctx context.Context, p *printer) error {
	loop := loopIn(ctx)
	f := asyncio.NewFuture[int](ctx)
	value := func(name string) func() {
		return func() {
			v, _ := f.Result()
			p.print(name, v)
		}
	}
	f.AddDoneCallback(value("one"))
	twice := []func() bool{f.AddDoneCallback(value("twice"))}
	f.AddDoneCallback(func() { f.AddDoneCallback(value("added by a callback")) })
	twice = append(twice, f.AddDoneCallback(value("twice")))
	gone := []func() bool{f.AddDoneCallback(value("gone")), f.AddDoneCallback(value("gone"))}
	remove := func(all []func() bool) (n int) {
		for _, r := range all {
			if r() {
				n++
			}
		}
		return n
	}
	p.print("removed", remove(gone), remove(gone))
	loop.CallSoon(p.do("scheduled before set_result"))
	if err := f.SetResult(7); err != nil {
		return err
	}
	f.AddDoneCallback(value("added when done"))
	p.print("set, no callback has run")
	p.print("removed", remove(twice))
	if err := yield(ctx, 1); err != nil {
		return err
	}
	p.print("one round later")
	err := yield(ctx, 1)
	p.print("end")
	return err
}

func futureStates(ctx context.Context, p *printer) error {
	say := func(v any, err error) {
		switch {
		case errors.Is(err, asyncio.ErrInvalidState):
			p.print(" invalid state")
		case isCanceled(err):
			p.print(" canceled")
		case err != nil:
			p.print(" raises", err)
		default:
			p.print("", v)
		}
	}
	var fs []*asyncio.Future[string]
	for range 4 {
		fs = append(fs, asyncio.NewFuture[string](ctx))
	}
	_ = fs[1].SetResult("value")
	_ = fs[2].SetErr(errors.New("error"))
	p.print("cancel", fs[3].Cancel(""), fs[3].Cancel(""), fs[1].Cancel(""))
	for i, name := range []string{"pending", "value", "error", "canceled"} {
		f := fs[i]
		p.print(name, "done", f.Done(), "canceled", f.Canceled())
		v, err := f.Result()
		say(v, err)
		// exception() returns the error of a future that has failed.
		if err := f.Err(); err == nil || errors.Is(err, asyncio.ErrInvalidState) || isCanceled(err) {
			say(nil, err)
		} else {
			say(err, nil)
		}
	}
	for _, f := range fs[1:] {
		if errors.Is(f.SetResult("2"), asyncio.ErrInvalidState) {
			p.print("set again: invalid state")
		}
	}
	return nil
}

func futureWaiters(ctx context.Context, p *printer) error {
	for _, fail := range []bool{false, true} {
		f := asyncio.NewFuture[string](ctx)
		var tasks []*asyncio.Task[none]
		waiter := func(name string) {
			tasks = append(tasks, task(ctx, func(ctx context.Context) error {
				v, err := f.Await(ctx)
				if err != nil {
					p.print(name, err)
				} else {
					p.print(name, v)
				}
				return nil
			}))
		}
		waiter("a")
		waiter("b")
		if err := yield(ctx, 1); err != nil {
			return err
		}
		f.AddDoneCallback(p.do("callback"))
		waiter("c")
		if err := yield(ctx, 1); err != nil {
			return err
		}
		if fail {
			_ = f.SetErr(errors.New("error"))
		} else {
			_ = f.SetResult("value")
		}
		for _, t := range tasks {
			if _, err := t.Await(ctx); err != nil {
				return err
			}
		}
	}
	return nil
}

func awaitDone(ctx context.Context, p *printer) error {
	f := asyncio.NewFuture[string](ctx)
	_ = f.SetResult("future")
	t := asyncio.CreateTask(ctx, func(context.Context) (string, error) { return "task", nil })
	if err := yield(ctx, 1); err != nil {
		return err
	}
	loopIn(ctx).CallSoon(p.do("callback"))
	v, err := f.Await(ctx)
	p.print(v)
	w, err2 := t.Await(ctx)
	p.print(w)
	v, err3 := f.Await(ctx)
	p.print(v, "again")
	e := asyncio.NewFuture[string](ctx)
	_ = e.SetErr(errors.New("kept"))
	for range 2 {
		if _, err := e.Await(ctx); err != nil {
			p.print(err)
		}
	}
	err4 := yield(ctx, 1)
	p.print("end")
	return errors.Join(err, err2, err3, err4)
}

func taskDoneOrder(ctx context.Context, p *printer) error {
	t := asyncio.CreateTask(ctx, func(ctx context.Context) (int, error) {
		if err := yield(ctx, 1); err != nil {
			return 0, err
		}
		p.print("work")
		loopIn(ctx).CallSoon(p.do("scheduled by the last step"))
		return 5, nil
	})
	t.AddDoneCallback(p.do("callback 1"))
	wait := func(name string) *asyncio.Task[none] {
		return task(ctx, func(ctx context.Context) error {
			v, err := t.Await(ctx)
			p.print(name, v)
			return err
		})
	}
	w1, w2 := wait("waiter 1"), wait("waiter 2")
	p.print("main waits")
	v, err := t.Await(ctx)
	p.print("main", v)
	p.print(w1.Done(), w2.Done())
	_, _, err2 := asyncio.Wait(ctx, []asyncio.AnyFuture{w1, w2}, asyncio.WaitOptions{})
	return errors.Join(err, err2)
}

func taskAwaitsItself(ctx context.Context, p *printer) error {
	var t *asyncio.Task[string]
	t = asyncio.CreateTask(ctx, func(ctx context.Context) (string, error) {
		if _, err := t.Await(ctx); err != nil {
			p.print("refused")
		}
		return "value", nil
	})
	v, err := t.Await(ctx)
	p.print(v)
	return err
}

func tasksNamed(ctx context.Context, p *printer) error {
	names := func() (all []string) {
		for _, t := range loopIn(ctx).AllTasks() {
			all = append(all, t.Name())
		}
		return sorted(all)
	}
	me(ctx).SetName("main")
	t := task(ctx, func(ctx context.Context) error {
		p.print("in", me(ctx).Name())
		return yield(ctx, 1)
	}, asyncio.Name("worker"))
	p.print(names())
	loopIn(ctx).CallSoon(func() { p.print("in a callback:", nil) })
	_, err := t.Await(ctx)
	p.print(names(), t.Name())
	t.SetName("renamed")
	p.print(t.Name())
	return err
}
