package asyncio_test

import (
	"context"
	"errors"

	"github.com/anyio-go/anyio/asyncio"
)

var syncTwins = []twin{
	{name: "lock_order", main: lockOrder},
	{name: "lock_cancel", main: lockCancel},
	{name: "lock_cancel_newcomer", main: lockCancelNewcomer},
	{name: "event", main: event},
	{name: "semaphore", main: semaphore},
	{name: "semaphore_cancel", main: semaphoreCancel},
	{name: "bounded_semaphore", main: boundedSemaphore, promised: true},
	{name: "barrier", main: barrier},
	{name: "barrier_broken", main: barrierBroken},
	{name: "barrier_draining", main: barrierDraining},
}

// each makes a task of each name.
func each(ctx context.Context, names string, work func(ctx context.Context, name string) error) (tasks []*asyncio.Task[none]) {
	for _, c := range names {
		tasks = append(tasks, task(ctx, func(ctx context.Context) error { return work(ctx, string(c)) }))
	}
	return tasks
}

// dones are which tasks are done.
func dones(tasks []*asyncio.Task[none]) (all []bool) {
	for _, t := range tasks {
		all = append(all, t.Done())
	}
	return all
}

// calls makes an error of what a function without one does, which may panic.
func calls(f func()) func() error { return func() error { f(); return nil } }

func lockOrder(ctx context.Context, p *printer) error {
	var lock asyncio.Lock
	p.print("free", lock.Locked())
	if err := lock.Acquire(ctx); err != nil {
		return err
	}
	tasks := each(ctx, "abc", func(ctx context.Context, name string) error {
		err := lock.Do(ctx, func(ctx context.Context) error {
			p.print(name, "has it")
			return yield(ctx, 1)
		})
		p.print(name, "released it")
		return err
	})
	if err := yield(ctx, 1); err != nil {
		return err
	}
	lock.Release()
	p.print("released")
	if err := lock.Acquire(ctx); err != nil {
		return err
	}
	p.print("main has it again")
	lock.Release()
	err := wait(ctx, anys(tasks...)...)
	p.print("free", !lock.Locked())
	if refused(calls(lock.Release)) {
		p.print("release of a free lock refused")
	}
	return err
}

func lockCancel(ctx context.Context, p *printer) error {
	var lock asyncio.Lock
	for _, when := range []string{"waiting", "woken"} {
		if err := lock.Acquire(ctx); err != nil {
			return err
		}
		tasks := each(ctx, "abc", func(ctx context.Context, name string) error {
			if isCanceled(lock.Acquire(ctx)) {
				p.print(name, "canceled")
				return nil
			}
			p.print(name, "has it")
			lock.Release()
			return nil
		})
		if err := yield(ctx, 1); err != nil {
			return err
		}
		p.print(when)
		if when == "woken" {
			lock.Release()
			tasks[0].Cancel("")
		} else {
			tasks[0].Cancel("")
			lock.Release()
		}
		if err := wait(ctx, anys(tasks...)...); err != nil {
			return err
		}
	}
	p.print("locked:", lock.Locked())
	return nil
}

func lockCancelNewcomer(ctx context.Context, p *printer) error {
	var lock asyncio.Lock
	if err := lock.Acquire(ctx); err != nil {
		return err
	}
	get := func(name string) *asyncio.Task[none] {
		return each(ctx, name, func(ctx context.Context, name string) error {
			err := lock.Acquire(ctx)
			if err == nil {
				p.print(name, "has it")
			}
			return err
		})[0]
	}
	a := get("a")
	if err := yield(ctx, 1); err != nil {
		return err
	}
	b := get("b")
	a.Cancel("")
	lock.Release()
	_, err := b.Await(ctx)
	p.print(a.Canceled(), lock.Locked())
	return err
}

func event(ctx context.Context, p *printer) error {
	var ev asyncio.Event
	tasks := each(ctx, "abc", func(ctx context.Context, name string) error {
		err := ev.Wait(ctx)
		if err == nil {
			p.print(name, true, ev.IsSet())
		}
		return err
	})
	if err := yield(ctx, 1); err != nil {
		return err
	}
	tasks[1].Cancel("")
	ev.Set()
	ev.Clear()
	p.print("set and cleared", ev.IsSet())
	err := wait(ctx, anys(tasks...)...)
	p.print("b canceled:", tasks[1].Canceled())
	ev.Set()
	ev.Set()
	loopIn(ctx).CallSoon(p.do("callback"))
	err2 := ev.Wait(ctx)
	p.print("no wait:", err2 == nil)
	return errors.Join(err, err2, yield(ctx, 1))
}

func semaphore(ctx context.Context, p *printer) error {
	sem := asyncio.NewSemaphore(2)
	tasks := each(ctx, "abcde", func(ctx context.Context, name string) error {
		return sem.Do(ctx, func(ctx context.Context) error {
			p.print(name, "in")
			err := yield(ctx, 1)
			p.print(name, "out")
			return err
		})
	})
	if err := yield(ctx, 1); err != nil {
		return err
	}
	p.print("locked", sem.Locked())
	err := wait(ctx, anys(tasks...)...)
	p.print("locked", sem.Locked())
	sem = asyncio.NewSemaphore(0)
	w := task(ctx, sem.Acquire)
	if err := yield(ctx, 1); err != nil {
		return err
	}
	sem.Release()
	p.print("passed on, locked:", sem.Locked())
	_, err2 := w.Await(ctx)
	p.print(err2 == nil)
	if refused(calls(func() { asyncio.NewSemaphore(-1) })) {
		p.print("negative value refused")
	}
	return errors.Join(err, err2)
}

func semaphoreCancel(ctx context.Context, p *printer) error {
	for _, woken := range []bool{false, true} {
		sem := asyncio.NewSemaphore(0)
		tasks := each(ctx, "abc", func(ctx context.Context, name string) error {
			if isCanceled(sem.Acquire(ctx)) {
				p.print(name, "canceled")
			} else {
				p.print(name, "in")
			}
			return nil
		})
		if err := yield(ctx, 1); err != nil {
			return err
		}
		if woken {
			sem.Release()
		}
		tasks[0].Cancel("")
		if !woken {
			sem.Release()
		}
		if err := yield(ctx, 4); err != nil {
			return err
		}
		p.print(dones(tasks), sem.Locked())
		sem.Release()
		if err := wait(ctx, anys(tasks...)...); err != nil {
			return err
		}
	}
	return nil
}

func boundedSemaphore(ctx context.Context, p *printer) error {
	sem := asyncio.NewBoundedSemaphore(1)
	tooOften := func() {
		if refused(calls(sem.Release)) {
			p.print("released too often")
		}
	}
	tooOften()
	err := sem.Do(ctx, func(context.Context) error {
		p.print("locked", sem.Locked())
		return nil
	})
	p.print("locked", sem.Locked())
	tooOften()
	sem = asyncio.NewSemaphore(1)
	sem.Release()
	for range 2 {
		err2 := sem.Acquire(ctx)
		p.print(err2 == nil, sem.Locked())
		err = errors.Join(err, err2)
	}
	return err
}

func barrier(ctx context.Context, p *printer) error {
	b := asyncio.NewBarrier(3)
	work := func(ctx context.Context, name string) error {
		for i := range 2 {
			index, err := b.Wait(ctx)
			if err != nil {
				return err
			}
			p.print(name, "round", i, "index", index)
		}
		return nil
	}
	tasks := each(ctx, "ab", work)
	if err := yield(ctx, 1); err != nil {
		return err
	}
	p.print("parties", b.Parties(), "waiting", b.Waiting(), "broken", b.Broken())
	tasks = append(tasks, each(ctx, "c", work)...)
	err := wait(ctx, anys(tasks...)...)
	p.print("waiting", b.Waiting())
	if refused(calls(func() { asyncio.NewBarrier(0) })) {
		p.print("no parties: refused")
	}
	return err
}

func barrierBroken(ctx context.Context, p *printer) error {
	b := asyncio.NewBarrier(3)
	work := func(ctx context.Context, name string) error {
		switch _, err := b.Wait(ctx); {
		case errors.Is(err, asyncio.ErrBrokenBarrier):
			p.print(name, "broken")
		case isCanceled(err):
			p.print(name, "canceled")
		default:
			p.print(name, "through")
		}
		return nil
	}
	for _, how := range []string{"reset", "cancel", "abort"} {
		tasks := each(ctx, "ab", work)
		err := yield(ctx, 1)
		switch how {
		case "reset":
			err = errors.Join(err, b.Reset(ctx))
		case "cancel":
			tasks[0].Cancel("")
			err = errors.Join(err, wait(ctx, tasks[0]))
			p.print("waiting", b.Waiting())
			tasks = append(tasks, each(ctx, "cd", work)...)
		default:
			err = errors.Join(err, b.Abort(ctx), work(ctx, "late"))
		}
		if err := errors.Join(err, wait(ctx, anys(tasks...)...)); err != nil {
			return err
		}
		p.print(how, "broken:", b.Broken(), "waiting:", b.Waiting())
	}
	err := b.Reset(ctx)
	p.print("repaired:", !b.Broken())
	return err
}

func barrierDraining(ctx context.Context, p *printer) error {
	b := asyncio.NewBarrier(2)
	work := func(ctx context.Context, name string) error {
		index, err := b.Wait(ctx)
		p.print(name, "through", index)
		return err
	}
	tasks := each(ctx, "abcde", work)
	if err := yield(ctx, 6); err != nil {
		return err
	}
	p.print("waiting", b.Waiting(), tasks[4].Done())
	err := errors.Join(work(ctx, "main"), wait(ctx, anys(tasks...)...))
	one := asyncio.NewBarrier(1)
	i, err2 := one.Wait(ctx)
	j, err3 := one.Wait(ctx)
	p.print(i, j)
	return errors.Join(err, err2, err3)
}
