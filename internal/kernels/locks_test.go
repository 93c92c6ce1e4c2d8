package kernels

import (
	"context"

	"github.com/anyio-go/anyio"
)

// Deadlocks of locks alone.
var locks = []kernel{
	{"two locks in both orders", "cockroach#7504", func(ctx context.Context) error {
		var lease, cache anyio.Lock
		return together(ctx, locked(&lease, locked(&cache, give)), locked(&cache, locked(&lease, give)))
	}},
	{"two locks, one order taken in the third round", "cockroach#10214", func(ctx context.Context) error {
		var coalesced, raft anyio.Lock
		round := locked(&coalesced, locked(&raft, give))
		return together(ctx, times(3, round), seq(give, give, give, locked(&raft, locked(&coalesced, give))))
	}},
	{"three locks in a circle", "CHESS Dining3", func(ctx context.Context) error { return dining(ctx, 3) }},
	{"five philosophers", "CHESS Dining5", func(ctx context.Context) error { return dining(ctx, 5) }},
	{"five philosophers, who think", common, func(ctx context.Context) error {
		var forks [5]anyio.Lock
		acts := make([]act, len(forks))
		for i := range acts {
			acts[i] = seq(times(2, give), locked(&forks[i], seq(give, locked(&forks[(i+1)%len(forks)], give))))
		}
		return together(ctx, acts...)
	}},
	{"writer between a reader's two read locks", "cockroach#3710", func(ctx context.Context) error {
		var mu anyio.RWLock
		read := func(a act) act { return func(ctx context.Context) error { return mu.DoRead(ctx, a) } }
		other := func(a act) act { return func(ctx context.Context) error { return together(ctx, a) } }
		return together(ctx, read(other(read(give))), locked(&mu, give))
	}},
	{"nested read locks of three who write later", "cockroach#6181", func(ctx context.Context) error {
		var mu anyio.RWLock
		read := func(a act) act { return func(ctx context.Context) error { return mu.DoRead(ctx, a) } }
		other := func(a act) act { return func(ctx context.Context) error { return together(ctx, a) } }
		return together(ctx, repeat(3, seq(read(other(read(give))), locked(&mu, give)))...)
	}},
	{"a class of tasks locks for another", "sctbench carter01", func(ctx context.Context) error {
		m, l := anyio.NewSemaphore(1), anyio.NewSemaphore(1)
		class := func(n *cell) act {
			return seq(
				m.Acquire, func(ctx context.Context) error {
					if n.Add(1) == 1 {
						return l.Acquire(ctx)
					}
					return nil
				}, release(m), give,
				m.Acquire, do(func() {
					if n.Add(-1) == 0 {
						l.Release()
					}
				}), release(m))
		}
		var a, b cell
		return together(ctx, class(&a), class(&b))
	}},
	{"a cache's lock and its watcher's, in both orders once it is ready", "kubernetes#13135", func(ctx context.Context) error {
		var c, w anyio.Lock
		var ready anyio.Event
		return together(ctx,
			seq(locked(&c, locked(&w, do(ready.Set))), give, locked(&c, locked(&w, give))),
			seq(ready.Wait, locked(&w, locked(&c, give))))
	}},
}

// dining has n philosophers, each of whom takes the fork on the left first.
func dining(ctx context.Context, n int) error {
	forks := make([]anyio.Lock, n)
	acts := make([]act, n)
	for i := range acts {
		acts[i] = locked(&forks[i], locked(&forks[(i+1)%n], give))
	}
	return together(ctx, acts...)
}
