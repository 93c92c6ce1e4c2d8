package anyio

import (
	"context"
	"iter"
	"sync"
	"sync/atomic"

	"github.com/anyio-go/anyio/internal/kernel"
)

// Map calls f for each item, at most limit at the same time, and returns the
// results in the order of the items. With limit <= 0 each item has a task of its
// own; else limit tasks share the items, so a million items need no million
// tasks. The first error cancels what runs, no further item is begun, and the
// errors come back in a *GroupError without results.
func Map[In, Out any](ctx context.Context, items []In, limit int, f func(ctx context.Context, item In) (Out, error)) ([]Out, error) {
	if f == nil {
		panic(misuse("Map: the function is nil"))
	}
	if _, err := kernel.Enter(ctx); err != nil {
		return nil, err
	}
	results := make([]Out, len(items))
	var next atomic.Int64
	err := WithTaskGroup(ctx, func(ctx context.Context, tg *TaskGroup) error {
		one := func(ctx context.Context, i int) (err error) {
			results[i], err = f(ctx, items[i])
			return err
		}
		pc := kernel.FuncPC(f)
		if limit <= 0 || limit >= len(items) {
			for i := range items {
				tg.goAs(pc, func(ctx context.Context) error { return one(ctx, i) })
			}
			return nil
		}
		for range limit {
			tg.goAs(pc, func(ctx context.Context) error {
				for i := int(next.Add(1)) - 1; i < len(items); i = int(next.Add(1)) - 1 {
					// A schedule point, and f may not look at the cancellation.
					if _, err := kernel.Enter(ctx); err != nil {
						return err
					}
					if err := one(ctx, i); err != nil {
						return err
					}
				}
				return nil
			})
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return results, nil
}

// ForEach calls f for each item of the sequence, at most limit at the same time,
// each in a task of its own; with limit <= 0 there is no limit. The sequence runs
// in the caller's task and only as fast as items are taken, so it may be endless
// and may block under ctx. The first error cancels what runs, no further item is
// taken, and the errors come back in a *GroupError.
func ForEach[In any](ctx context.Context, items iter.Seq[In], limit int, f func(ctx context.Context, item In) error) error {
	if f == nil || items == nil {
		panic(misuse("ForEach: the sequence or the function is nil"))
	}
	if _, err := kernel.Enter(ctx); err != nil {
		return err
	}
	pc := kernel.FuncPC(f)
	return WithTaskGroup(ctx, func(ctx context.Context, tg *TaskGroup) (err error) {
		room := slots{free: limit, unlimited: limit <= 0}
		for item := range items {
			if err = room.take(ctx); err != nil {
				return err
			}
			tg.goAs(pc, func(ctx context.Context) error {
				err := f(ctx, item)
				if err == nil {
					room.give()
				}
				return err
			})
		}
		return nil
	})
}

// slots counts the tasks that ForEach may still start. One task takes, others give.
type slots struct {
	unlimited bool
	mu        sync.Mutex // guards what follows
	free      int
	room      *kernel.Latch // of the taker that waits, nil if none does
}

// take waits for a slot.
func (s *slots) take(ctx context.Context) error {
	if _, err := kernel.Enter(ctx); err != nil || s.unlimited {
		return err
	}
	s.mu.Lock()
	for s.free == 0 {
		room := &kernel.Latch{}
		s.room = room
		s.mu.Unlock()
		if err := room.Wait(ctx, opRoom); err != nil {
			return err
		}
		s.mu.Lock()
	}
	s.free--
	s.mu.Unlock()
	return nil
}

var opRoom = kernel.RegisterPassiveOp("ForEach: waiting for a running item to end")

// give frees a slot. A task that fails keeps its own: the group is canceled.
func (s *slots) give() {
	s.mu.Lock()
	s.free++
	room := s.room
	s.room = nil
	s.mu.Unlock()
	if room != nil {
		room.Open()
	}
}
