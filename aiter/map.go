package aiter

import (
	"context"
	"iter"
)

// Map yields what f returns for each item. Its error ends the sequence. To call f for
// several items at the same time see anyio.ForEach2. Cancellation: it is yielded; in f, it
// is up to f.
func Map[In, Out any](ctx context.Context, seq iter.Seq2[In, error], f func(ctx context.Context, item In) (Out, error)) iter.Seq2[Out, error] {
	mustCall("Map", f == nil)
	return write(func(yield func(Out) error) error {
		for item, err := range read(ctx, seq) {
			if err != nil {
				return err
			}
			out, err := f(ctx, item)
			if err != nil {
				return err
			}
			if err := yield(out); err != nil {
				return err
			}
		}
		return nil
	})
}

// MapPairs is like Map but f takes the two items of a pair, such as those of Zip.
// Cancellation: as for Map.
func MapPairs[A, B, Out any](ctx context.Context, seq iter.Seq2[Pair[A, B], error], f func(ctx context.Context, a A, b B) (Out, error)) iter.Seq2[Out, error] {
	mustCall("MapPairs", f == nil)
	return Map(ctx, seq, func(ctx context.Context, p Pair[A, B]) (Out, error) { return f(ctx, p.First, p.Second) })
}

// Filter yields the items for which keep returns true. Its error ends the sequence.
// Cancellation: as for Map.
func Filter[T any](ctx context.Context, seq iter.Seq2[T, error], keep func(ctx context.Context, item T) (bool, error)) iter.Seq2[T, error] {
	mustCall("Filter", keep == nil)
	return choose(ctx, seq, func(item T) (verdict, error) {
		ok, err := keep(ctx, item)
		return verdict{take: ok}, err
	})
}

// Exclude yields the items for which drop returns false. Cancellation: as for Map.
func Exclude[T any](ctx context.Context, seq iter.Seq2[T, error], drop func(ctx context.Context, item T) (bool, error)) iter.Seq2[T, error] {
	mustCall("Exclude", drop == nil)
	return choose(ctx, seq, func(item T) (verdict, error) {
		ok, err := drop(ctx, item)
		return verdict{take: !ok}, err
	})
}

// TakeWhile yields the items before the first for which keep returns false. That one is
// taken from the sequence and dropped. Cancellation: as for Map.
func TakeWhile[T any](ctx context.Context, seq iter.Seq2[T, error], keep func(ctx context.Context, item T) (bool, error)) iter.Seq2[T, error] {
	mustCall("TakeWhile", keep == nil)
	return choose(ctx, seq, func(item T) (verdict, error) {
		ok, err := keep(ctx, item)
		return verdict{take: ok, last: !ok}, err
	})
}

// DropWhile yields the items from the first for which drop returns false; for those after
// it, drop is not called. Cancellation: as for Map.
func DropWhile[T any](ctx context.Context, seq iter.Seq2[T, error], drop func(ctx context.Context, item T) (bool, error)) iter.Seq2[T, error] {
	mustCall("DropWhile", drop == nil)
	return func(yield func(T, error) bool) {
		begun := false
		choose(ctx, seq, func(item T) (verdict, error) {
			if !begun {
				dropped, err := drop(ctx, item)
				if err != nil {
					return verdict{}, err
				}
				begun = !dropped
			}
			return verdict{take: begun}, nil
		})(yield)
	}
}

// A verdict is what becomes of an item, and whether it is the last to be asked for.
type verdict struct{ take, last bool }

// choose yields the items that are taken.
func choose[T any](ctx context.Context, seq iter.Seq2[T, error], judge func(item T) (verdict, error)) iter.Seq2[T, error] {
	return write(func(yield func(T) error) error {
		for item, err := range read(ctx, seq) {
			if err != nil {
				return err
			}
			v, err := judge(item)
			if err != nil {
				return err
			}
			if v.take {
				if err := yield(item); err != nil {
					return err
				}
			}
			if v.last {
				return nil
			}
		}
		return nil
	})
}
