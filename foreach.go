package anyio

import (
	"context"
	"iter"
	"sync"

	"github.com/anyio-go/anyio/internal/kernel"
)

// ForEach calls f for each item of the sequence, at most limit at the same time, each
// in a task of its own; with limit <= 0 there is no limit. The sequence runs in the
// caller's task and only as fast as items are taken, so it may be endless and may block
// under ctx. The first error cancels what runs, no further item is taken, and the
// errors come back in a *GroupError, each as an *ItemError. Cancellation: what runs is
// canceled and waited for; an item that was taken from the sequence and has not begun
// is dropped.
func ForEach[In any](ctx context.Context, items iter.Seq[In], limit int, f func(ctx context.Context, item In) error) error {
	if f == nil || items == nil {
		panic(misuse("ForEach: the sequence or the function is nil"))
	}
	return forEach(ctx, kernel.FuncPC(f), items, limit, f, nil)
}

// ForEachAll is like ForEach but goes on after an error. It returns the errors of all
// items, in the order of the items, in a *GroupError. A sequence that is endless must
// be ended by cancellation, and its failures take memory until then. Cancellation: as
// for ForEach; the error has what failed before, or else is the cancellation.
func ForEachAll[In any](ctx context.Context, items iter.Seq[In], limit int, f func(ctx context.Context, item In) error) error {
	if f == nil || items == nil {
		panic(misuse("ForEachAll: the sequence or the function is nil"))
	}
	var all failures
	return all.join(forEach(ctx, kernel.FuncPC(f), items, limit, f, &all))
}

// ForEach2 is like ForEach but for a sequence of pairs, such as that of a map, or of a
// stream, whose second value is an error. Cancellation: as for ForEach.
func ForEach2[K, V any](ctx context.Context, items iter.Seq2[K, V], limit int, f func(ctx context.Context, key K, value V) error) error {
	if f == nil || items == nil {
		panic(misuse("ForEach2: the sequence or the function is nil"))
	}
	type pair struct {
		k K
		v V
	}
	pairs := func(yield func(pair) bool) { items(func(k K, v V) bool { return yield(pair{k, v}) }) }
	one := func(ctx context.Context, p pair) error { return f(ctx, p.k, p.v) }
	return forEach(ctx, kernel.FuncPC(f), pairs, limit, one, nil)
}

// forEach is ForEach with tasks that are named after the function at pc. Errors go to
// all if it is not nil.
func forEach[In any](ctx context.Context, pc uintptr, items iter.Seq[In], limit int, f func(ctx context.Context, item In) error, all *failures) error {
	if _, err := kernel.Enter(ctx); err != nil {
		return err
	}
	return WithTaskGroup(ctx, func(ctx context.Context, tg *TaskGroup) (err error) {
		room := slots{free: limit, unlimited: limit <= 0}
		i := 0
		for item := range items {
			if err = room.take(ctx); err != nil {
				return err
			}
			at := i
			i++
			tg.goAs(pc, func(ctx context.Context) error {
				err := all.take(ctx, at, f(ctx, item))
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
