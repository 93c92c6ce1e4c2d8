package anyio

import (
	"context"

	"github.com/anyio-go/anyio/internal/kernel"
	"github.com/anyio-go/anyio/internal/quiet"
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
