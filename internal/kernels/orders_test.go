package kernels

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/anyio-go/anyio"
)

// Orders of steps that were taken for granted.
var orders = []kernel{
	{"reorder_3", "sctbench reorder_3", func(ctx context.Context) error { return reorder(ctx, 2, 1) }},
	{"reorder_5", "sctbench reorder_5", func(ctx context.Context) error { return reorder(ctx, 4, 1) }},
	{"reorder_10", "sctbench reorder_10", func(ctx context.Context) error { return reorder(ctx, 9, 1) }},
	{"reorder_20", "sctbench reorder_20", func(ctx context.Context) error { return reorder(ctx, 19, 1) }},
	{"twostage", "sctbench twostage", func(ctx context.Context) error { return twostage(ctx, 1, 1) }},
	{"twostage_10", "sctbench twostage_100", func(ctx context.Context) error { return twostage(ctx, 9, 1) }},
	{"twostage_30", "sctbench twostage_100", func(ctx context.Context) error { return twostage(ctx, 29, 1) }},
	{"the third before both others", "sctbench lazy01", func(ctx context.Context) error {
		var mu anyio.Lock
		data := 0
		add := func(n int) act { return locked(&mu, do(func() { data += n })) }
		return together(ctx, locked(&mu, func(context.Context) error {
			return bug(data >= 3, "the data are %d", data)
		}), add(1), add(2))
	}},
	{"ready is told before the value is there", "CHESS lazyinit", func(ctx context.Context) error {
		var ready anyio.Event
		var value atomic.Pointer[int]
		return together(ctx,
			seq(ready.Wait, func(context.Context) error { return bug(value.Load() == nil, "no value") }),
			do(func() {
				ready.Set()
				value.Store(new(int))
			}))
	}},
	{"used before it was started", common, func(ctx context.Context) error {
		var server atomic.Pointer[int]
		start := seq(times(3, give), do(func() { server.Store(new(int)) }))
		use := seq(times(6, give), func(context.Context) error { return bug(server.Load() == nil, "no server") })
		return together(ctx, start, use)
	}},
	{"token goes round in the wrong order", "sctbench token_ring", func(ctx context.Context) error {
		var x [4]cell
		x[0].Store(1)
		pass := func(i int) act {
			return func(context.Context) error {
				x[i].Store((x[i-1].Load() + 1) % 10)
				return nil
			}
		}
		err := together(ctx, seq(give, pass(1)), seq(give, pass(2)), seq(give, pass(3)))
		if err != nil {
			return err
		}
		return bug(x[1].Load() != 2 || x[2].Load() != 3 || x[3].Load() != 4, "%d %d %d", x[1].Load(), x[2].Load(), x[3].Load())
	}},
	{"a short task must end after ten long ones", common, func(ctx context.Context) error {
		var running cell
		running.Store(10)
		long := seq(times(5, give), do(func() { running.Add(-1) }))
		return together(ctx, append(repeat(10, long), func(context.Context) error {
			return bug(running.Load() == 0, "the short one is last")
		})...)
	}},
	{"a long task must end before any of five short ones", common, func(ctx context.Context) error {
		var ended cell
		short := seq(give, do(func() { ended.Add(1) }))
		long := func(ctx context.Context) error {
			if err := times(20, give)(ctx); err != nil {
				return err
			}
			return bug(ended.Load() == 0, "the long one is first")
		}
		return together(ctx, append(repeat(5, short), long)...)
	}},
	{"work goes on after the lease is over", common, func(ctx context.Context) error {
		const lease = 10 * time.Millisecond
		end := anyio.Now(ctx).Add(lease)
		renew := func(ctx context.Context) error {
			if err := anyio.Sleep(ctx, lease/2); err != nil {
				return err
			}
			end = end.Add(lease)
			return nil
		}
		work := func(ctx context.Context) error {
			if err := anyio.Sleep(ctx, lease/2); err != nil {
				return err
			}
			for range 4 {
				if err := give(ctx); err != nil {
					return err
				}
			}
			return bug(anyio.Now(ctx).After(end), "the lease is over")
		}
		return together(ctx, renew, work)
	}},
}

// reorder has tasks that set two variables, and others that look whether both or neither
// is set.
func reorder(ctx context.Context, setters, checkers int) error {
	var a, b cell
	set := seq(do(func() { a.Store(1) }), give, do(func() { b.Store(-1) }))
	check := func(context.Context) error {
		x, y := a.Load(), b.Load()
		return bug(!(x == 0 && y == 0) && !(x == 1 && y == -1), "%d %d", x, y)
	}
	return together(ctx, append(repeat(setters, set), repeat(checkers, check)...)...)
}

// twostage has tasks that set two variables under a lock each, and others that read them.
func twostage(ctx context.Context, setters, readers int) error {
	var lock1, lock2 anyio.Lock
	data1, data2 := 0, 0
	set := seq(
		locked(&lock1, do(func() { data1 = 1 })),
		locked(&lock2, do(func() { data2 = data1 + 1 })))
	read := func(ctx context.Context) error {
		t1 := 0
		if err := locked(&lock1, do(func() { t1 = data1 }))(ctx); err != nil || t1 == 0 {
			return err
		}
		return locked(&lock2, func(context.Context) error {
			return bug(data2 != t1+1, "the second stage is %d", data2)
		})(ctx)
	}
	return together(ctx, append(repeat(setters, set), repeat(readers, read)...)...)
}
