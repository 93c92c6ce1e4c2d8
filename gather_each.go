package anyio

import (
	"context"
	"iter"

	"github.com/anyio-go/anyio/internal/kernel"
	"github.com/anyio-go/anyio/internal/quiet"
	"github.com/anyio-go/anyio/internal/slots"
)

// Map calls f for each item, at most limit at the same time, and returns the results in
// the order of the items. With limit <= 0 each item has a task of its own; else limit
// tasks share the items, so a million items need no million tasks. The first error
// cancels what runs, no further item is begun, and the errors come back in a
// *GroupError, each as an *ItemError, without results. Cancellation: what runs is
// canceled and waited for; there are no results, unless every item succeeds
// nevertheless.
func Map[In, Out any](ctx context.Context, items []In, limit int, f func(ctx context.Context, item In) (Out, error)) ([]Out, error) {
	if f == nil {
		panic(misuse("Map: the function is nil"))
	}
	results, err := mapItems(ctx, items, limit, f, nil)
	if err != nil {
		return nil, err
	}
	return results, nil
}

// MapAll is like Map but goes on after an error. It returns the results of the items
// that succeeded, the zero value for the others, and the errors of all items, in the
// order of the items, in a *GroupError. Cancellation: what runs is canceled and waited
// for; the results so far are returned, and the errors so far or, if there are none,
// the cancellation.
func MapAll[In, Out any](ctx context.Context, items []In, limit int, f func(ctx context.Context, item In) (Out, error)) ([]Out, error) {
	if f == nil {
		panic(misuse("MapAll: the function is nil"))
	}
	var all failures
	results, err := mapItems(ctx, items, limit, f, &all)
	return results, all.join(err)
}

// mapItems is Map. Errors go to all if it is not nil.
func mapItems[In, Out any](ctx context.Context, items []In, limit int, f func(ctx context.Context, item In) (Out, error), all *failures) ([]Out, error) {
	results := make([]Out, len(items))
	if _, err := kernel.Enter(ctx); err != nil {
		return results, err
	}
	one := func(ctx context.Context, i int) error {
		result, err := f(ctx, items[i])
		if err != nil {
			return all.take(ctx, i, err)
		}
		results[i] = result
		return nil
	}
	pc := kernel.FuncPC(f)
	return results, WithTaskGroup(ctx, func(ctx context.Context, tg *TaskGroup) error {
		if limit <= 0 || limit >= len(items) {
			for i := range items {
				tg.goAs(pc, func(ctx context.Context) error { return one(ctx, i) })
			}
			return nil
		}
		var next quiet.Int64 // who takes an item is not ordered after who took the one before
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
}

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
	return WithTaskGroup(ctx, func(ctx context.Context, tg *TaskGroup) error {
		var room slots.Slots // a task that fails keeps its own: the group is canceled
		if limit > 0 {
			room.Limit(limit)
		}
		i := 0
		for item := range items {
			if _, err := kernel.Enter(ctx); err != nil {
				return err
			}
			if _, err := room.Take(ctx, opRoom); err != nil {
				return err
			}
			at := i
			i++
			tg.goAs(pc, func(ctx context.Context) error {
				err := all.take(ctx, at, f(ctx, item))
				if err == nil {
					room.Give()
				}
				return err
			})
		}
		return nil
	})
}

var opRoom = kernel.RegisterPassiveOp("ForEach: waiting for a running item to end")
