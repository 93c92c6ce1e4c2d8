package asyncio_test

import (
	"context"
	"errors"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/asyncio"
)

var waitTwins = []twin{
	{name: "wait_all", main: waitAll},
	{name: "wait_first_completed", main: waitFirstCompleted},
	{name: "wait_first_exception", main: waitFirstException, promised: true},
	{name: "wait_timeout", main: waitTimeout, promised: true},
	{name: "wait_duplicates", main: waitDuplicates},
	{name: "as_completed", main: asCompleted, promised: true},
	{name: "as_completed_timeout", main: asCompletedTimeout, promised: true},
	{name: "wait_for_timeout", main: waitForTimeout, promised: true},
	{name: "wait_for_values", main: waitForValues, promised: true},
	{name: "wait_for_cancel", main: waitForCancel},
	{name: "wait_for_race", main: waitForRace},
	{name: "wait_for_swallow", main: waitForSwallow, promised: true},
}

// anys is a list of futures of any types.
func anys[F asyncio.AnyFuture](fs ...F) (all []asyncio.AnyFuture) {
	for _, f := range fs {
		all = append(all, f)
	}
	return all
}

// wait is asyncio.wait of all.
func wait(ctx context.Context, fs ...asyncio.AnyFuture) error {
	_, _, err := asyncio.Wait(ctx, fs, asyncio.WaitOptions{})
	return err
}

// worker makes tasks that end after some rounds, with their name as result or error.
func worker(ctx context.Context, p *printer) func(name string, rounds int, fail bool) *asyncio.Task[string] {
	return func(name string, rounds int, fail bool) *asyncio.Task[string] {
		return asyncio.CreateTask(ctx, func(ctx context.Context) (string, error) {
			if err := yield(ctx, rounds); err != nil {
				return "", err
			}
			p.print("end", name)
			if fail {
				return "", errors.New(name)
			}
			return name, nil
		})
	}
}

func waitAll(ctx context.Context, p *printer) error {
	work := worker(ctx, p)
	tasks := []*asyncio.Task[string]{work("a", 3, false), work("b", 1, true)}
	done, left, err := asyncio.Wait(ctx, anys(tasks...), asyncio.WaitOptions{})
	p.print(len(done), len(left))
	for _, t := range tasks {
		if v, err := t.Result(); err != nil {
			p.print("error", err)
		} else {
			p.print("value", v)
		}
	}
	done, left, err2 := asyncio.Wait(ctx, anys(tasks...), asyncio.WaitOptions{Timeout: 1})
	p.print("again", len(done), len(left))
	if wait(ctx) != nil {
		p.print("an empty set is refused")
	}
	return errors.Join(err, err2)
}

func waitFirstCompleted(ctx context.Context, p *printer) error {
	var fs []*asyncio.Future[none]
	var tasks []*asyncio.Task[string]
	for _, name := range []string{"a", "b", "c"} {
		f := asyncio.NewFuture[none](ctx)
		fs = append(fs, f)
		tasks = append(tasks, asyncio.CreateTask(ctx, func(ctx context.Context) (string, error) {
			_, err := f.Await(ctx)
			return name, err
		}))
	}
	loopIn(ctx).CallSoon(func() { _ = fs[1].SetResult(none{}) })
	first := asyncio.WaitOptions{ReturnWhen: asyncio.FirstCompleted}
	done, left, err := asyncio.Wait(ctx, anys(tasks...), first)
	var names []string
	for _, t := range done {
		name, _ := t.(*asyncio.Task[string]).Result()
		names = append(names, name)
	}
	p.print(sorted(names), len(left))
	_ = fs[0].SetResult(none{})
	fs[2].Cancel("")
	done, left, err2 := asyncio.Wait(ctx, left, first)
	p.print("done", len(done), "pending", len(left))
	p.print([]bool{tasks[0].Canceled(), tasks[1].Canceled(), tasks[2].Canceled()})
	return errors.Join(err, err2)
}

func waitFirstException(ctx context.Context, p *printer) error {
	var fs []*asyncio.Future[string]
	var tasks []*asyncio.Task[string]
	for range 4 {
		f := asyncio.NewFuture[string](ctx)
		fs = append(fs, f)
		tasks = append(tasks, asyncio.CreateTask(ctx, f.Await))
	}
	loop := loopIn(ctx)
	loop.CallSoon(func() { _ = fs[0].SetResult("") })
	loop.CallLater(10*ms, func() { fs[1].Cancel("") })
	loop.CallLater(30*ms, func() { _ = fs[2].SetErr(errors.New("error")) })
	first := asyncio.WaitOptions{ReturnWhen: asyncio.FirstException}
	done, left, err := asyncio.Wait(ctx, anys(tasks...), first)
	isDone := make([]bool, len(tasks))
	for i, t := range tasks {
		for _, d := range done {
			isDone[i] = isDone[i] || d == asyncio.AnyFuture(t)
		}
	}
	p.print("done", isDone, "pending", len(left))
	p.print(tasks[2].Err())
	loop.CallSoon(func() { _ = fs[3].SetResult("last") })
	done, left, err2 := asyncio.Wait(ctx, left, first)
	v, _ := done[0].(*asyncio.Task[string]).Result()
	p.print([]string{v}, len(left))
	return errors.Join(err, err2)
}

func waitTimeout(ctx context.Context, p *printer) error {
	f := asyncio.NewFuture[string](ctx)
	t := asyncio.CreateTask(ctx, f.Await)
	done, left, err := asyncio.Wait(ctx, anys(t), asyncio.WaitOptions{Timeout: 10 * ms})
	p.print(len(done), len(left), "canceled", t.Canceled())
	w := task(ctx, func(ctx context.Context) error { return wait(ctx, t) })
	if err := yield(ctx, 1); err != nil {
		return err
	}
	w.Cancel("")
	if canceledEnd(ctx, w) {
		p.print("wait canceled; the task:", t.Done())
	}
	_ = f.SetResult("value")
	done, left, err2 := asyncio.Wait(ctx, anys(t), asyncio.WaitOptions{Timeout: 10_000 * ms})
	v, err3 := t.Await(ctx)
	p.print(len(done), len(left), v)
	return errors.Join(err, err2, err3)
}

func waitDuplicates(ctx context.Context, p *printer) error {
	work := func(name string) *asyncio.Task[string] {
		return asyncio.CreateTask(ctx, func(ctx context.Context) (string, error) {
			p.print("runs", name)
			return name, yield(ctx, 1)
		})
	}
	a, b := work("a"), work("b")
	done, left, err := asyncio.Wait(ctx, anys(a, b, a), asyncio.WaitOptions{})
	p.print(len(done), len(left))
	for v := range asyncio.AsCompleted(ctx, []asyncio.Awaitable[string]{a, b, a}, anyio.Forever) { //anyiovet:ignore droppederr there is no limit
		p.print(v == "a" || v == "b")
	}
	return err
}

func asCompleted(ctx context.Context, p *printer) error {
	fs := map[string]*asyncio.Future[string]{}
	var tasks []asyncio.Awaitable[string]
	for _, name := range []string{"a", "b", "c", "d"} {
		fs[name] = asyncio.NewFuture[string](ctx)
	}
	for i, name := range []string{"c", "a", "d", "b"} {
		loopIn(ctx).CallLater(durationOf(10*i)*ms, func() {
			_ = fs[name].SetResult(map[bool]string{true: "error", false: "value"}[name == "d"])
		})
	}
	for _, name := range []string{"a", "b", "c", "d"} {
		tasks = append(tasks, asyncio.CreateTask(ctx, func(ctx context.Context) (string, error) {
			v, err := fs[name].Await(ctx)
			if v == "error" {
				return "", errors.New(name)
			}
			return name, err
		}))
	}
	for v, err := range asyncio.AsCompleted(ctx, tasks, anyio.Forever) {
		if err != nil {
			p.print("error of", err)
		} else {
			p.print(v)
		}
	}
	return nil
}

func asCompletedTimeout(ctx context.Context, p *printer) error {
	var fs []*asyncio.Future[string]
	var tasks []asyncio.Awaitable[string]
	for range 3 {
		f := asyncio.NewFuture[string](ctx)
		fs = append(fs, f)
		tasks = append(tasks, asyncio.CreateTask(ctx, f.Await))
	}
	_ = fs[1].SetResult("in time")
	if _, err := tasks[1].Await(ctx); err != nil {
		return err
	}
	for v, err := range asyncio.AsCompleted(ctx, tasks, 20*ms) {
		switch {
		case isTimeout(err):
			p.print("timeout")
		default:
			p.print(v)
		}
	}
	p.print([]bool{tasks[0].Done(), tasks[1].Done(), tasks[2].Done()})
	_ = fs[0].SetResult("late")
	v, err := tasks[0].Await(ctx)
	p.print(v)
	tasks[2].Cancel("")
	return err
}

func waitForTimeout(ctx context.Context, p *printer) error {
	for _, how := range []string{"ends", "fails"} {
		t := task(ctx, func(ctx context.Context) error {
			err := forever(ctx)
			p.print(how, "canceled")
			if err := yield(ctx, 1); err != nil {
				return err
			}
			p.print(how, "cleaned up")
			if how == "fails" {
				return errors.New("error of the cleanup")
			}
			return err
		})
		if _, err := asyncio.WaitFor(ctx, t, 10*ms); isTimeout(err) {
			p.print("timeout; canceled:", t.Canceled())
		} else {
			p.print("error:", err)
		}
	}
	f := asyncio.NewFuture[none](ctx)
	if _, err := asyncio.WaitFor(ctx, f, 10*ms); isTimeout(err) {
		p.print("timeout; future canceled:", f.Canceled())
	}
	return nil
}

func waitForValues(ctx context.Context, p *printer) error {
	work := func(value any) *asyncio.Task[any] {
		return asyncio.CreateTask(ctx, func(ctx context.Context) (any, error) {
			p.print("runs", value)
			err := yield(ctx, 1)
			if value == "error" {
				return nil, errors.New("error")
			}
			return value, err
		})
	}
	attempt := func(name string, f asyncio.Awaitable[any], limit int) {
		l := durationOf(limit) * ms
		if limit == 0 {
			l = 0
		}
		if name == "None:" {
			l = anyio.Forever
		}
		switch v, err := asyncio.WaitFor(ctx, f, l); {
		case isTimeout(err):
			p.print(name, "timeout")
		case err != nil:
			p.print(name, "raises", err)
		default:
			p.print(name, v)
		}
	}
	attempt("None:", work(1), 0)
	attempt("10 s:", work(2), 10_000)
	attempt("10 s:", work("error"), 10_000)
	f := asyncio.NewFuture[any](ctx)
	_ = f.SetResult("done")
	attempt("0, done:", f, 0)
	pending := asyncio.NewFuture[any](ctx)
	attempt("0, pending:", pending, 0)
	p.print("pending canceled:", pending.Canceled())
	attempt("-1, pending:", asyncio.NewFuture[any](ctx), -1)
	t := work("never")
	attempt("0, task not begun:", t, 0)
	p.print("task canceled:", t.Canceled())
	return nil
}

func waitForCancel(ctx context.Context, p *printer) error {
	for _, limit := range []int{10_000, 0} {
		t := task(ctx, func(ctx context.Context) error {
			inner := task(ctx, func(ctx context.Context) error {
				err := forever(ctx)
				p.print("cleanup")
				if err := yield(ctx, 1); err != nil {
					return err
				}
				p.print("cleaned up")
				return err
			})
			l := durationOf(limit) * ms
			if limit == 0 {
				l = anyio.Forever
			}
			_, err := asyncio.WaitFor(ctx, inner, l)
			if isCanceled(err) {
				p.print("caller canceled", me(ctx).Cancelling())
			}
			return err
		})
		if err := yield(ctx, 3); err != nil {
			return err
		}
		t.Cancel("")
		if canceledEnd(ctx, t) {
			p.print("canceled:", t.Canceled())
		}
	}
	f := asyncio.NewFuture[none](ctx)
	loopIn(ctx).CallSoon(func() { f.Cancel("") })
	if _, err := asyncio.WaitFor(ctx, f, 10_000*ms); isCanceled(err) {
		p.print("what was waited for was canceled; requests:", me(ctx).Cancelling())
	}
	return nil
}

func waitForSwallow(ctx context.Context, p *printer) error {
	var swallowed *asyncio.Future[none]
	inner := func(swallow int) *asyncio.Task[string] {
		swallowed = asyncio.NewFuture[none](ctx)
		return asyncio.CreateTask(ctx, func(ctx context.Context) (string, error) {
			for range swallow {
				if isCanceled(forever(ctx)) {
					p.print("swallowed")
					_ = swallowed.SetResult(none{})
				}
			}
			return "value", nil
		})
	}
	v, err := asyncio.WaitFor(ctx, inner(1), 10*ms)
	p.print(v)
	t := inner(2)
	w := asyncio.CreateTask(ctx, func(ctx context.Context) (string, error) { return asyncio.WaitFor(ctx, t, 10*ms) })
	_, err2 := swallowed.Await(ctx)
	p.print("done", w.Done())
	w.Cancel("")
	all, err3 := asyncio.GatherResults(ctx, w).Await(ctx)
	p.print(len(all) > 0)
	t.Cancel("")
	v, err4 := t.Await(ctx)
	p.print(w.Canceled(), v)
	return errors.Join(err, err2, err3, err4)
}

func waitForRace(ctx context.Context, p *printer) error {
	f := asyncio.NewFuture[string](ctx)
	t := asyncio.CreateTask(ctx, func(ctx context.Context) (string, error) { return asyncio.WaitFor(ctx, f, 10_000*ms) })
	if err := yield(ctx, 1); err != nil {
		return err
	}
	_ = f.SetResult("value")
	p.print("cancel", t.Cancel(""))
	v, err := t.Await(ctx)
	p.print(v, t.Cancelling())
	return err
}
