package asyncio_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/anyio-go/anyio/asyncio"
)

var queueTwins = []twin{
	{name: "condition_notify", main: conditionNotify},
	{name: "condition_cancel", main: conditionCancel},
	{name: "condition_cancel_notified", main: conditionCancelNotified},
	{name: "condition_wait_for", main: conditionWaitFor},
	{name: "condition_lock", main: conditionLock},
	{name: "condition_timeout", main: conditionTimeout, promised: true},
	{name: "queue_order", main: queueOrder},
	{name: "queue_nowait", main: queueNowait},
	{name: "queue_join", main: queueJoin},
	{name: "queue_cancel", main: queueCancel},
	{name: "queue_kinds", main: queueKinds},
	{name: "producer_consumer", main: producerConsumer},
}

func conditionNotify(ctx context.Context, p *printer) error {
	var cond asyncio.Condition
	tasks := each(ctx, "abcd", func(ctx context.Context, name string) error {
		return cond.Do(ctx, func(ctx context.Context) error {
			p.print(name, "waits")
			err := cond.Wait(ctx)
			p.print(name, "woke, locked:", cond.Locked())
			return err
		})
	})
	locked := func(f func()) error {
		return cond.Do(ctx, func(context.Context) error { f(); return nil })
	}
	err := yield(ctx, 1)
	err = errors.Join(err, cond.Do(ctx, func(ctx context.Context) error {
		cond.Notify(1)
		p.print("notified, still locked:", cond.Locked())
		return yield(ctx, 1)
	}), wait(ctx, tasks[0]))
	err = errors.Join(err, locked(func() { cond.Notify(2) }), wait(ctx, tasks[1], tasks[2]))
	p.print("d done:", tasks[3].Done())
	err = errors.Join(err, locked(func() { cond.NotifyAll(); cond.NotifyAll() }), wait(ctx, anys(tasks...)...))
	for _, f := range []func(){func() { cond.Notify(1) }, cond.NotifyAll} {
		if refused(calls(f)) {
			p.print("refused without the lock")
		}
	}
	if refused(func() error { return cond.Wait(ctx) }) {
		p.print("wait refused without the lock")
	}
	return err
}

func conditionCancel(ctx context.Context, p *printer) error {
	var cond asyncio.Condition
	t := task(ctx, func(ctx context.Context) error {
		return cond.Do(ctx, func(ctx context.Context) error {
			err := cond.Wait(ctx)
			if isCanceled(err) {
				p.print("canceled, locked:", cond.Locked())
			}
			return err
		})
	})
	if err := yield(ctx, 1); err != nil {
		return err
	}
	err := cond.Do(ctx, func(ctx context.Context) error {
		t.Cancel("")
		err := yield(ctx, 3)
		p.print("held by main, done:", t.Done())
		t.Cancel("")
		err = errors.Join(err, yield(ctx, 1))
		p.print("canceled again, done:", t.Done())
		return err
	})
	err = errors.Join(err, wait(ctx, t))
	p.print("task canceled:", t.Canceled(), "locked:", cond.Locked())
	return err
}

func conditionCancelNotified(ctx context.Context, p *printer) error {
	var cond asyncio.Condition
	t := task(ctx, func(ctx context.Context) error {
		return cond.Do(ctx, func(ctx context.Context) error {
			err := cond.Wait(ctx)
			if err == nil {
				p.print("woke")
			}
			p.print("locked", cond.Locked())
			return err
		})
	})
	err := errors.Join(yield(ctx, 1), cond.Acquire(ctx))
	cond.Notify(1)
	err = errors.Join(err, yield(ctx, 1))
	t.Cancel("")
	err = errors.Join(err, yield(ctx, 1))
	p.print("released by main, done:", t.Done())
	cond.Release()
	err = errors.Join(err, wait(ctx, t))
	p.print(t.Canceled(), cond.Locked())
	return err
}

func conditionWaitFor(ctx context.Context, p *printer) error {
	var cond asyncio.Condition
	value := 0
	var tasks []*asyncio.Task[none]
	for _, least := range []int{2, 0, 1} {
		tasks = append(tasks, task(ctx, func(ctx context.Context) error {
			return cond.Do(ctx, func(ctx context.Context) error {
				err := cond.WaitFor(ctx, func() bool {
					p.print("asked for", least, "have", value)
					return value >= least
				})
				p.print("returned", "yes")
				return err
			})
		}))
	}
	err := yield(ctx, 1)
	for value = 1; value <= 2; value++ {
		err = errors.Join(err, cond.Do(ctx, func(context.Context) error { cond.NotifyAll(); return nil }), yield(ctx, 5))
	}
	p.print(dones(tasks))
	return err
}

func conditionLock(ctx context.Context, p *printer) error {
	var lock asyncio.Lock
	full, empty := asyncio.NewCondition(&lock), asyncio.NewCondition(&lock)
	waits := func(cond *asyncio.Condition, name string) *asyncio.Task[none] {
		return task(ctx, func(ctx context.Context) error {
			return cond.Do(ctx, func(ctx context.Context) error {
				err := cond.Wait(ctx)
				p.print(name, "woke")
				return err
			})
		})
	}
	tasks := []*asyncio.Task[none]{waits(full, "full"), waits(empty, "empty")}
	err := yield(ctx, 1)
	err = errors.Join(err, lock.Do(ctx, func(context.Context) error {
		p.print("locked", full.Locked(), empty.Locked())
		empty.Notify(1)
		return nil
	}), wait(ctx, tasks[1]))
	return errors.Join(err, full.Do(ctx, func(context.Context) error { full.Notify(1); return nil }), wait(ctx, anys(tasks...)...))
}

func conditionTimeout(ctx context.Context, p *printer) error {
	var cond asyncio.Condition
	err := cond.Do(ctx, func(ctx context.Context) error {
		if _, err := asyncio.WaitFor(ctx, task(ctx, cond.Wait), 10*ms); isTimeout(err) {
			p.print("timeout, locked", cond.Locked())
		}
		err := asyncio.WithTimeout(ctx, 10*ms, func(ctx context.Context, _ *asyncio.Deadline) error { return cond.Wait(ctx) })
		if isTimeout(err) {
			p.print("timeout, locked", cond.Locked())
		}
		return nil
	})
	p.print("locked", cond.Locked())
	return err
}

func queueOrder(ctx context.Context, p *printer) error {
	q := asyncio.NewQueue[string](2)
	p.print(q.MaxSize(), q.Empty(), q.Full())
	tasks := each(ctx, "ab", func(ctx context.Context, name string) error {
		for i := range 3 {
			item := fmt.Sprint(name, i)
			if err := q.Put(ctx, item); err != nil {
				return err
			}
			p.print("put", item)
		}
		return nil
	})
	if err := yield(ctx, 1); err != nil {
		return err
	}
	p.print("full", q.Full())
	tasks = append(tasks, task(ctx, func(ctx context.Context) error {
		for range 6 {
			item, err := q.Get(ctx)
			if err != nil {
				return err
			}
			p.print("got", item)
		}
		return nil
	}))
	err := wait(ctx, anys(tasks...)...)
	p.print("empty", q.Empty())
	return err
}

func queueNowait(ctx context.Context, p *printer) error {
	q := asyncio.NewQueue[string](1)
	err := q.TryPut("item")
	if errors.Is(q.TryPut("more"), asyncio.ErrQueueFull) {
		p.print("full")
	}
	item, err2 := q.TryGet()
	p.print(item)
	if _, err := q.TryGet(); errors.Is(err, asyncio.ErrQueueEmpty) {
		p.print("empty")
	}
	unbounded := asyncio.NewQueue[int](0)
	for i := range 100 {
		err = errors.Join(err, unbounded.TryPut(i))
	}
	p.print(unbounded.Len(), unbounded.Full())
	negative := asyncio.NewQueue[int](-1)
	err = errors.Join(err, negative.TryPut(1))
	p.print(negative.Full())
	g := asyncio.CreateTask(ctx, q.Get)
	err = errors.Join(err, yield(ctx, 1), q.TryPut("for the getter"))
	item, err3 := g.Await(ctx)
	p.print(item, q.Len())
	return errors.Join(err, err2, err3)
}

func queueJoin(ctx context.Context, p *printer) error {
	q := asyncio.NewQueue[any](0)
	err := q.Join(ctx)
	p.print("nothing to join")
	for i := range 3 {
		err = errors.Join(err, q.TryPut(i))
	}
	w := task(ctx, func(ctx context.Context) error {
		for {
			item, err := q.Get(ctx)
			if err := errors.Join(err, yield(ctx, 1)); err != nil {
				return err
			}
			p.print("worked on", item)
			q.TaskDone()
		}
	})
	err = errors.Join(err, q.Join(ctx))
	p.print("joined", q.Len())
	w.Cancel("")
	err = errors.Join(err, wait(ctx, w))
	if refused(calls(q.TaskDone)) {
		p.print("told done too often")
	}
	err = errors.Join(err, q.Put(ctx, "one more"))
	j := task(ctx, q.Join)
	item, err2 := q.Get(ctx)
	p.print(item)
	err = errors.Join(err, err2, yield(ctx, 1))
	p.print("join done:", j.Done())
	q.TaskDone()
	_, err3 := j.Await(ctx)
	return errors.Join(err, err3)
}

func queueCancel(ctx context.Context, p *printer) error {
	q := asyncio.NewQueue[int](1)
	get := func(ctx context.Context, name string) error {
		item, err := q.Get(ctx)
		if isCanceled(err) {
			p.print(name, "canceled")
		} else {
			p.print(name, "got", item)
		}
		return nil
	}
	tasks := each(ctx, "abc", get)
	err := yield(ctx, 1)
	tasks[0].Cancel("")
	err = errors.Join(err, q.TryPut(1), wait(ctx, tasks[0], tasks[1]))
	tasks = append(tasks, each(ctx, "d", get)...)
	err = errors.Join(err, yield(ctx, 1), q.TryPut(2))
	tasks[2].Cancel("")
	err = errors.Join(err, wait(ctx, anys(tasks...)...))
	var putters []*asyncio.Task[none]
	for i := range 3 {
		putters = append(putters, task(ctx, func(ctx context.Context) error { return q.Put(ctx, i) }))
	}
	err = errors.Join(err, yield(ctx, 1))
	putters[1].Cancel("")
	a, err2 := q.Get(ctx)
	b, err3 := q.Get(ctx)
	p.print(a, b, q.Empty())
	err = errors.Join(err, err2, err3, wait(ctx, anys(putters...)...))
	p.print([]bool{putters[0].Canceled(), putters[1].Canceled(), putters[2].Canceled()})
	return err
}

func queueKinds(ctx context.Context, p *printer) error {
	var err error
	get := func(q *asyncio.Queue[int], n int) (all []int) {
		for range n {
			item, err2 := q.Get(ctx)
			all, err = append(all, item), errors.Join(err, err2)
		}
		return all
	}
	for _, q := range []*asyncio.Queue[int]{asyncio.NewQueue[int](0), asyncio.NewLifoQueue[int](0), asyncio.NewPriorityQueue[int](0)} {
		for _, item := range []int{3, 1, 2} {
			err = errors.Join(err, q.TryPut(item))
		}
		p.print(get(q, 3))
	}
	q := asyncio.NewPriorityQueue[int](0)
	waiting := []asyncio.Awaitable[int]{asyncio.CreateTask(ctx, q.Get), asyncio.CreateTask(ctx, q.Get)}
	err = errors.Join(err, yield(ctx, 1))
	for _, item := range []int{3, 2, 1} {
		err = errors.Join(err, q.TryPut(item))
	}
	all, err2 := asyncio.Gather(ctx, waiting...).Await(ctx)
	p.print(all, q.Len())
	q = asyncio.NewLifoQueue[int](2)
	for i := range 4 {
		task(ctx, func(ctx context.Context) error { return q.Put(ctx, i) })
	}
	err = errors.Join(err, err2, yield(ctx, 1))
	p.print(get(q, 4))
	return err
}

func producerConsumer(ctx context.Context, p *printer) error {
	a, b, c := asyncio.NewQueue[int](1), asyncio.NewQueue[int](1), asyncio.NewQueue[string](0)
	stages := []*asyncio.Task[none]{
		task(ctx, func(ctx context.Context) error {
			return stage(ctx, p, "double", a, b, func(n int) int { return 2 * n })
		}),
		task(ctx, func(ctx context.Context) error {
			return stage(ctx, p, "text", b, c, func(n int) string { return fmt.Sprintf("<%d>", n) })
		}),
	}
	var err error
	for i := range 5 {
		err = errors.Join(err, a.Put(ctx, i))
	}
	err = errors.Join(err, a.Join(ctx), b.Join(ctx))
	var all []string
	for range c.Len() {
		item, err2 := c.TryGet()
		all, err = append(all, item), errors.Join(err, err2)
	}
	p.print(all)
	for _, s := range stages {
		s.Cancel("")
	}
	results, err2 := asyncio.GatherResults[none](ctx, stages[0], stages[1]).Await(ctx)
	var canceled []bool
	for _, r := range results {
		canceled = append(canceled, isCanceled(r.Err))
	}
	p.print(canceled)
	return errors.Join(err, err2)
}

// stage takes from one queue and puts into the other, until it is canceled.
func stage[S, T any](ctx context.Context, p *printer, name string, source *asyncio.Queue[S], sink *asyncio.Queue[T], f func(S) T) error {
	defer p.print(name, "ends")
	for {
		item, err := source.Get(ctx)
		if err != nil {
			return err
		}
		if err := sink.Put(ctx, f(item)); err != nil {
			return err
		}
		source.TaskDone()
	}
}
