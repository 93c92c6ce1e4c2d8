package asyncio

import "context"

// Gather returns a future of the results of all that is given, in that order; what is
// given twice is awaited once. The first error is that of the future; the others go on.
// Canceling the future cancels all of them; if one is canceled otherwise, the future fails
// with its cancellation, and is not a canceled one.
func Gather[T any](ctx context.Context, fs ...Awaitable[T]) *Future[[]T] {
	return gather(ctx, fs, func(fs []Awaitable[T]) (values []T, err error) {
		values = make([]T, len(fs))
		for i, f := range fs {
			if values[i], err = f.Result(); err != nil {
				return nil, err
			}
		}
		return values, nil
	}, true)
}

// A Result is the outcome of a future.
type Result[T any] struct {
	Value T
	Err   error
}

// GatherResults returns a future as Gather does, for which errors are results: it waits for
// all.
func GatherResults[T any](ctx context.Context, fs ...Awaitable[T]) *Future[[]Result[T]] {
	return gather(ctx, fs, func(fs []Awaitable[T]) ([]Result[T], error) {
		all := make([]Result[T], len(fs))
		for i, f := range fs {
			all[i].Value, all[i].Err = f.Result()
		}
		return all, nil
	}, false)
}

func gather[T, R any](ctx context.Context, fs []Awaitable[T], results func([]Awaitable[T]) (R, error), failFast bool) *Future[R] {
	outer := NewFuture[R](ctx)
	children := distinct(fs)
	if len(children) == 0 {
		v, _ := results(fs)
		outer.finish(v)
		return outer
	}
	left, asked, reason := len(children), false, ""
	for _, f := range children {
		mustBeOf(outer.loop, f)
		f.core().addCallback(func() {
			left--
			switch err := f.core().Err(); {
			case outer.Done():
			case err != nil && failFast:
				outer.fail(err)
			case left > 0:
			case asked:
				outer.fail(canceledError(reason))
			default:
				v, err := results(fs)
				if err != nil {
					outer.fail(err)
				} else {
					outer.finish(v)
				}
			}
		})
	}
	outer.onCancel = func(why string) (some bool) {
		for _, f := range children {
			some = f.core().cancel(why) || some
		}
		if some {
			asked, reason = true, why
		}
		return some
	}
	return outer
}

// distinct is a list without repetitions, in order.
func distinct[F AnyFuture](fs []F) (once []F) {
	seen := make(map[*future]bool, len(fs))
	for _, f := range fs {
		if AnyFuture(f) == nil {
			panic(misuse("a future is nil"))
		}
		if !seen[f.core()] {
			seen[f.core()] = true
			once = append(once, f)
		}
	}
	return once
}

// mustBeOf panics if a future is nil, or belongs to another loop.
func mustBeOf(l *Loop, f AnyFuture) {
	if f == nil {
		panic(misuse("a future is nil"))
	}
	if f.core().loop != l {
		panic(misuse("a future that belongs to another loop"))
	}
}
