package kernels

import (
	"context"

	"github.com/anyio-go/anyio"
)

// Data structures without locks, or with too few.
var queues = []kernel{
	{"the owner of a work stealing queue pops without the lock", "CHESS WorkStealQueue", func(ctx context.Context) error {
		return stealing(ctx, 1, 1)
	}},
	{"three items in a work stealing queue, two thieves", "CHESS WorkStealQueue", func(ctx context.Context) error {
		return stealing(ctx, 3, 2)
	}},
	{"circular buffer whose index is moved before the item is there", "sctbench circular_buffer", func(ctx context.Context) error {
		var buffer [4]cell
		var first, next cell
		put := func(n int64) act {
			return func(ctx context.Context) error {
				at := next.Load()
				next.Store((at + 1) % 4)
				if err := give(ctx); err != nil {
					return err
				}
				buffer[at].Store(n)
				return nil
			}
		}
		take := func(n int64) act {
			return func(ctx context.Context) error {
				for first.Load() == next.Load() {
					if err := give(ctx); err != nil {
						return err
					}
				}
				at := first.Load()
				first.Store((at + 1) % 4)
				return bug(buffer[at].Load() != n, "%d, want %d", buffer[at].Load(), n)
			}
		}
		return together(ctx, seq(put(1), put(2), put(3)), seq(take(1), take(2), take(3)))
	}},
	{"the sender of a queue goes on when it was told to stop", "sctbench queue", func(ctx context.Context) error {
		var mu anyio.Lock
		var queue []int
		filling, emptying := true, false
		fill := times(5, locked(&mu, func(context.Context) error {
			if filling {
				queue = append(queue, len(queue))
				filling, emptying = false, true
			}
			return nil
		}))
		empty := times(5, locked(&mu, func(context.Context) error {
			if emptying {
				if err := bug(len(queue) != 1, "%d items", len(queue)); err != nil {
					return err
				}
				filling = true // and emptying, still
				queue = queue[:0]
			}
			return nil
		}))
		return together(ctx, fill, empty)
	}},
	{"a stack is full for one and empty for the other", "sctbench stack", func(ctx context.Context) error {
		var mu anyio.Lock
		top, seen := 0, false
		push := times(5, locked(&mu, do(func() { top, seen = top+1, true })))
		pop := times(5, func(ctx context.Context) error {
			if err := give(ctx); err != nil {
				return err
			}
			if !seen {
				return nil
			}
			return locked(&mu, func(context.Context) error {
				top--
				return bug(top < 0, "it is empty")
			})(ctx)
		})
		return together(ctx, push, pop)
	}},
	{"a queue's two ends meet at its last item", common, func(ctx context.Context) error {
		items := []int{1, 2, 3}
		var head, tail cell
		tail.Store(3)
		var got [4]cell
		take := func(from func() int64) act {
			return func(ctx context.Context) error {
				if head.Load() >= tail.Load() {
					return nil
				}
				if err := give(ctx); err != nil {
					return err
				}
				i := from()
				if i < 0 || i >= 3 {
					return bug(true, "there is no item %d", i)
				}
				return bug(got[items[i]].Add(1) > 1, "item %d is taken twice", items[i])
			}
		}
		front := take(func() int64 { return head.Add(1) - 1 })
		back := take(func() int64 { return tail.Add(-1) })
		return together(ctx, times(2, front), times(2, back))
	}},
}

// stealing is Cilk's protocol with the mistake that the owner does not look again under the
// lock when the queue is nearly empty.
func stealing(ctx context.Context, items, thieves int) error {
	var head, tail cell
	taken := make([]cell, items)
	var mu anyio.Lock
	push := func(context.Context) error {
		tail.Add(1)
		return nil
	}
	take := func(i int64) error { return bug(taken[i].Add(1) > 1, "item %d is taken twice", i) }
	pop := func(ctx context.Context) error {
		t := tail.Load() - 1
		h := head.Load()
		if h > t {
			return nil
		}
		if err := give(ctx); err != nil { // a thief may raise head now
			return err
		}
		tail.Store(t)
		return take(t)
	}
	steal := locked(&mu, func(ctx context.Context) error {
		h := head.Load()
		head.Store(h + 1)
		if err := give(ctx); err != nil {
			return err
		}
		if h+1 > tail.Load() {
			head.Store(h)
			return nil
		}
		return take(h)
	})
	return together(ctx, append(repeat(thieves, seq(give, give, steal)), seq(times(items, seq(push, give)), times(items, pop)))...)
}
