package aiter

import (
	"context"
	"errors"
	"iter"

	"github.com/anyio-go/anyio/lowlevel"
)

// ErrEmpty is returned by Reduce of an empty sequence.
var ErrEmpty = errors.New("anyio: aiter.Reduce of an empty sequence: use Fold, which is given a value to begin with")

// Reduce calls f with the first two items, then with what it has returned and the third,
// and so on, and returns the last result. That of one item is the item. The error is
// that of the sequence or of f, or ErrEmpty. Cancellation: it is returned, without what
// there was so far; in f, it is up to f.
func Reduce[T any](ctx context.Context, seq iter.Seq2[T, error], f func(ctx context.Context, sum, item T) (T, error)) (T, error) {
	mustCall("Reduce", f == nil)
	return last(Accumulate(ctx, seq, f))
}

// Fold is like Reduce but begins with a value, which is the result if there is no item.
// Cancellation: as for Reduce.
func Fold[T, Sum any](ctx context.Context, seq iter.Seq2[T, error], sum Sum, f func(ctx context.Context, sum Sum, item T) (Sum, error)) (Sum, error) {
	mustCall("Fold", f == nil)
	return last(AccumulateFrom(ctx, seq, sum, f))
}

// last is the last item of a sequence.
func last[T any](seq iter.Seq2[T, error]) (T, error) {
	var last, zero T
	found := false
	for item, err := range seq {
		if err != nil {
			return zero, err
		}
		last, found = item, true
	}
	if !found {
		return zero, ErrEmpty
	}
	return last, nil
}

// Accumulate yields the first item, what f returns for that and the second, what it returns
// for that and the third, and so on: for an addition, the sums so far. An error of f ends
// the sequence. Cancellation: it is yielded; in f, it is up to f.
func Accumulate[T any](ctx context.Context, seq iter.Seq2[T, error], f func(ctx context.Context, sum, item T) (T, error)) iter.Seq2[T, error] {
	mustCall("Accumulate", f == nil)
	return write(func(yield func(T) error) error {
		var sum T
		first := true
		for item, err := range read(ctx, seq) {
			if err != nil {
				return err
			}
			if first {
				sum, first = item, false
			} else if sum, err = f(ctx, sum, item); err != nil {
				return err
			}
			if err := yield(sum); err != nil {
				return err
			}
		}
		return nil
	})
}

// AccumulateFrom is like Accumulate but begins with a value, which is yielded first.
// Cancellation: as for Accumulate.
func AccumulateFrom[T, Sum any](ctx context.Context, seq iter.Seq2[T, error], sum Sum, f func(ctx context.Context, sum Sum, item T) (Sum, error)) iter.Seq2[Sum, error] {
	mustCall("AccumulateFrom", f == nil)
	return write(func(yield func(Sum) error) error {
		if err := lowlevel.Enter(ctx); err != nil {
			return err
		}
		sum := sum // of this loop over the sequence
		if err := yield(sum); err != nil {
			return err
		}
		for item, err := range read(ctx, seq) {
			if err != nil {
				return err
			}
			if sum, err = f(ctx, sum, item); err != nil {
				return err
			}
			if err := yield(sum); err != nil {
				return err
			}
		}
		return nil
	})
}
