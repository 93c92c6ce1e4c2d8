package kernels

import (
	"context"
	"slices"
	"sync/atomic"

	"github.com/anyio-go/anyio"
)

// Atomicity that is not there.
var updates = []kernel{
	{"lost update", "sctbench account", func(ctx context.Context) error {
		var balance cell
		deposit := func(ctx context.Context) error {
			old := balance.Load()
			err := give(ctx)
			balance.Store(old + 1)
			return err
		}
		if err := together(ctx, deposit, deposit); err != nil {
			return err
		}
		return bug(balance.Load() != 2, "the balance is %d", balance.Load())
	}},
	{"two of four updates are lost", common, func(ctx context.Context) error {
		var n cell
		add := times(2, func(ctx context.Context) error {
			old := n.Load()
			if err := give(ctx); err != nil {
				return err
			}
			n.Store(old + 1)
			return give(ctx)
		})
		if err := together(ctx, add, add); err != nil {
			return err
		}
		return bug(n.Load() == 2, "the counter is 2 of 4")
	}},
	{"data under a lock that others do not take", "sctbench wronglock", func(ctx context.Context) error {
		var right, wrong anyio.Lock
		var data cell
		check := locked(&right, func(ctx context.Context) error {
			before := data.Load()
			if err := give(ctx); err != nil {
				return err
			}
			return bug(data.Load() != before, "it has changed")
		})
		return together(ctx, append(repeat(7, locked(&wrong, do(func() { data.Add(1) }))), check)...)
	}},
	{"length is read, then the text is cut", "sctbench stringbuffer", func(ctx context.Context) error {
		var mu anyio.Lock
		text := []byte("abc")
		n := 0
		return together(ctx,
			seq(locked(&mu, do(func() { n = len(text) })), locked(&mu, func(context.Context) error {
				return bug(n > len(text), "%d of %d bytes", n, len(text))
			})),
			locked(&mu, do(func() { text = text[:1] })))
	}},
	{"driver stops between the flag and the count", "sctbench bluetooth", func(ctx context.Context) error {
		var pending, stopping, stopped cell
		pending.Store(1)
		leave := func(context.Context) error {
			if pending.Add(-1) == 0 {
				stopped.Store(1)
			}
			return nil
		}
		work := func(ctx context.Context) error {
			if stopping.Load() == 1 {
				return nil
			}
			if err := give(ctx); err != nil {
				return err
			}
			pending.Add(1)
			if err := give(ctx); err != nil {
				return err
			}
			if err := bug(stopped.Load() == 1, "it works after it has stopped"); err != nil {
				return err
			}
			return leave(ctx)
		}
		return together(ctx, seq(give, work), seq(give, do(func() { stopping.Store(1) }), give, leave))
	}},
	{"pop of a stack whose top has come back", common, func(ctx context.Context) error {
		type node struct {
			next *node
			used bool
		}
		c := &node{}
		b := &node{next: c}
		a := &node{next: b}
		var top atomic.Pointer[node]
		top.Store(a)
		slow := func(ctx context.Context) error {
			t := top.Load()
			next := t.next
			if err := give(ctx); err != nil {
				return err
			}
			top.CompareAndSwap(t, next)
			return bug(top.Load() != nil && top.Load().used, "a node that was taken is on the stack")
		}
		pop := func(ctx context.Context) *node {
			t := top.Load()
			if t == nil {
				return nil
			}
			top.Store(t.next)
			return t
		}
		fast := func(ctx context.Context) error {
			first := pop(ctx)
			if err := give(ctx); err != nil || first == nil {
				return err
			}
			if second := pop(ctx); second != nil {
				second.used = true
			}
			if err := give(ctx); err != nil {
				return err
			}
			first.next = top.Load()
			top.Store(first)
			return give(ctx)
		}
		return together(ctx, seq(give, slow), seq(give, fast))
	}},
	{"an entry is deleted after it was seen", common, func(ctx context.Context) error {
		var mu anyio.Lock
		entries := map[string]*int{"a": new(int)}
		use := func(ctx context.Context) error {
			ok := false
			if err := locked(&mu, do(func() { _, ok = entries["a"] }))(ctx); err != nil || !ok {
				return err
			}
			return locked(&mu, func(context.Context) error {
				return bug(entries["a"] == nil, "the entry is gone")
			})(ctx)
		}
		return together(ctx, use, seq(give, locked(&mu, do(func() { delete(entries, "a") }))))
	}},
	{"a connection is used after its last reference has gone", common, func(ctx context.Context) error {
		var refs, closed cell
		refs.Store(1)
		drop := func(context.Context) error {
			if refs.Add(-1) == 0 {
				closed.Store(1)
			}
			return nil
		}
		borrow := func(ctx context.Context) error {
			if refs.Load() == 0 {
				return nil
			}
			if err := give(ctx); err != nil {
				return err
			}
			refs.Add(1)
			if err := bug(closed.Load() == 1, "it is closed"); err != nil {
				return err
			}
			return drop(ctx)
		}
		return together(ctx, seq(give, borrow), seq(give, give, drop))
	}},
	{"made twice, since two find that it is not there", "kubernetes#80284", func(ctx context.Context) error {
		var made anyio.Event
		var makes cell
		get := func(context.Context) error {
			if !made.IsSet() {
				made.Set()
				return bug(makes.Add(1) > 1, "made twice")
			}
			return nil
		}
		return together(ctx, get, get)
	}},
	{"two flags for mutual exclusion, looked at too early", "CHESS Dekker", func(ctx context.Context) error {
		var flags [2]cell
		var inside cell
		enter := func(me int) act {
			return func(ctx context.Context) error {
				if flags[1-me].Load() == 1 {
					return nil
				}
				if err := give(ctx); err != nil {
					return err
				}
				flags[me].Store(1)
				n := inside.Add(1)
				if err := give(ctx); err != nil {
					return err
				}
				inside.Add(-1)
				flags[me].Store(0)
				return bug(n > 1, "both are inside")
			}
		}
		return together(ctx, times(2, enter(0)), times(2, enter(1)))
	}},
	{"a snapshot of ten counters is torn", common, func(ctx context.Context) error {
		var counters [10]cell
		write := times(1, func(ctx context.Context) error {
			for i := range counters {
				counters[i].Add(1)
				if err := give(ctx); err != nil {
					return err
				}
			}
			return nil
		})
		read := func(ctx context.Context) error {
			var got []int64
			for i := range counters {
				got = append(got, counters[i].Load())
				if err := give(ctx); err != nil {
					return err
				}
			}
			slices.Sort(got)
			return bug(got[0] == 0 && got[5] == 1, "half of it is old")
		}
		return together(ctx, write, read)
	}},
}
