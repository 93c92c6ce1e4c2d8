package kernels

import (
	"context"
	"sync/atomic"

	"github.com/anyio-go/anyio"
)

// Lost wakes, and counts of tasks that are waited for.
var waits = []kernel{
	{"condition looked at without its lock", common, func(ctx context.Context) error {
		cond := anyio.NewCondition(nil)
		var ready cell
		wait := func(ctx context.Context) error {
			if ready.Load() == 1 {
				return nil
			}
			return locked(cond, cond.Wait)(ctx)
		}
		return together(ctx, wait, locked(cond, do(func() {
			ready.Store(1)
			cond.NotifyAll()
		})))
	}},
	{"notified before anybody waits", common, func(ctx context.Context) error {
		cond := anyio.NewCondition(nil)
		return together(ctx,
			seq(give, give, locked(cond, cond.Wait)),
			seq(times(4, give), locked(cond, do(cond.NotifyAll))))
	}},
	{"an event is replaced between looking and waiting", common, func(ctx context.Context) error {
		var now atomic.Pointer[anyio.Event]
		now.Store(&anyio.Event{})
		pulse := func(context.Context) error {
			now.Swap(&anyio.Event{}).Set()
			return nil
		}
		listener := seq(give, func(ctx context.Context) error { return now.Load().Wait(ctx) })
		return together(ctx, listener, seq(times(3, give), pulse))
	}},
	{"one of two waiters is notified for both", common, func(ctx context.Context) error {
		return bounded(ctx, 1, 2, 2, 2)
	}},
	{"one of six waiters is notified, and is of the wrong kind", common, func(ctx context.Context) error {
		return bounded(ctx, 1, 3, 3, 3)
	}},
	{"a group is added to while it is waited for", common, func(ctx context.Context) error {
		var count, used cell
		var zero anyio.Event
		add := func(ctx context.Context) error {
			count.Add(1)
			if err := give(ctx); err != nil {
				return err
			}
			used.Add(1)
			if count.Add(-1) == 0 {
				zero.Set()
			}
			return nil
		}
		wait := seq(zero.Wait, func(context.Context) error {
			return bug(used.Load() != 2, "the group is over with one of two done")
		})
		return together(ctx, add, seq(give, add), wait)
	}},
	{"if in place of for around a wait", common, func(ctx context.Context) error {
		cond := anyio.NewCondition(nil)
		items, taken := 0, 0
		take := locked(cond, func(ctx context.Context) error {
			if items == 0 {
				if err := cond.Wait(ctx); err != nil {
					return err
				}
			}
			items--
			taken++
			return bug(items < 0, "an item is taken that is not there")
		})
		put := locked(cond, do(func() {
			items++
			cond.NotifyAll()
		}))
		return together(ctx, take, take, seq(give, put), seq(times(3, give), put))
	}},
	{"barrier that is used again too soon", common, func(ctx context.Context) error {
		var arrived, left cell
		var open atomic.Pointer[anyio.Event]
		open.Store(&anyio.Event{})
		pass := func(ctx context.Context) error {
			if arrived.Add(1) == 2 {
				open.Load().Set()
			} else if err := open.Load().Wait(ctx); err != nil {
				return err
			}
			if err := give(ctx); err != nil {
				return err
			}
			if left.Add(1) == 2 { // the last one who leaves makes it ready again
				left.Store(0)
				arrived.Store(0)
				open.Store(&anyio.Event{})
			}
			return nil
		}
		return together(ctx, seq(pass, give, pass), seq(pass, give, pass))
	}},
	{"two units of a semaphore, one at a time", common, func(ctx context.Context) error {
		units := anyio.NewSemaphore(2)
		both := seq(units.Acquire, give, units.Acquire, release(units), release(units))
		return together(ctx, both, both)
	}},
	{"a permit is given back that was not taken", common, func(ctx context.Context) error {
		permits := anyio.NewSemaphore(1)
		var inside cell
		try := func(ctx context.Context) error {
			got := permits.TryAcquire() == nil
			if got {
				n := inside.Add(1)
				if err := give(ctx); err != nil {
					return err
				}
				inside.Add(-1)
				if err := bug(n > 1, "%d are inside", n); err != nil {
					return err
				}
			}
			permits.Release() // also if it has got none
			return nil
		}
		return together(ctx, try, seq(give, try), seq(give, give, try))
	}},
}

// bounded is a buffer whose one condition wakes a single task, with so many producers
// and consumers, and items in all.
func bounded(ctx context.Context, size, producers, consumers, items int) error {
	cond := anyio.NewCondition(nil)
	n := 0
	put := locked(cond, func(ctx context.Context) error {
		for n == size {
			if err := cond.Wait(ctx); err != nil {
				return err
			}
		}
		n++
		cond.Notify(1)
		return nil
	})
	take := locked(cond, func(ctx context.Context) error {
		for n == 0 {
			if err := cond.Wait(ctx); err != nil {
				return err
			}
		}
		n--
		cond.Notify(1)
		return nil
	})
	return together(ctx, append(repeat(producers, times(items/producers, put)), repeat(consumers, times(items/consumers, take))...)...)
}
