package aiter

import (
	"context"
	"iter"
	"math"

	"github.com/anyio-go/anyio/lowlevel"
)

// NoLimit is the number of items of Repeat, Limit and Slice that means without end.
const NoLimit = math.MaxInt

// A Number is what Count counts in.
type Number interface {
	~int | ~int8 | ~int16 | ~int32 | ~int64 | ~uint | ~uint8 | ~uint16 | ~uint32 | ~uint64 | ~float32 | ~float64
}

// From makes a sequence with errors of one without, such as slices.Values of a slice.
// Cancellation: it is yielded, before the next item is taken.
func From[T any](ctx context.Context, seq iter.Seq[T]) iter.Seq2[T, error] {
	return read(ctx, func(yield func(T, error) bool) {
		for item := range seq {
			if !yield(item, nil) {
				return
			}
		}
	})
}

// Count yields start, start+step, start+2*step and so on, without end. Cancellation: it is
// yielded.
func Count[T Number](ctx context.Context, start, step T) iter.Seq2[T, error] {
	return From(ctx, func(yield func(T) bool) {
		for n := T(0); yield(start + n*step); n++ {
		}
	})
}

// Repeat yields an item n times; with NoLimit, without end. Cancellation: it is yielded.
func Repeat[T any](ctx context.Context, item T, n int) iter.Seq2[T, error] {
	return From(ctx, func(yield func(T) bool) {
		for i := 0; (i < n || n == NoLimit) && yield(item); i++ {
		}
	})
}

// Cycle yields the items of a sequence and then, without end, the same ones again, which
// it keeps. An empty sequence ends at once. Cancellation: it is yielded.
func Cycle[T any](ctx context.Context, seq iter.Seq2[T, error]) iter.Seq2[T, error] {
	return write(func(yield func(T) error) error {
		var kept []T
		for item, err := range read(ctx, seq) {
			if err != nil {
				return err
			}
			kept = append(kept, item)
			if err := yield(item); err != nil {
				return err
			}
		}
		for len(kept) > 0 {
			for _, item := range kept {
				if err := lowlevel.Enter(ctx); err != nil {
					return err
				}
				if err := yield(item); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

// Concat yields the items of one sequence after the other. Cancellation: it is yielded.
func Concat[T any](ctx context.Context, seqs ...iter.Seq2[T, error]) iter.Seq2[T, error] {
	return Flatten(ctx, func(yield func(iter.Seq2[T, error], error) bool) {
		for _, seq := range seqs {
			if !yield(seq, nil) {
				return
			}
		}
	})
}

// Flatten is like Concat but the sequences come from a sequence themselves, each only when
// the one before has ended. Cancellation: it is yielded.
func Flatten[T any](ctx context.Context, seqs iter.Seq2[iter.Seq2[T, error], error]) iter.Seq2[T, error] {
	return write(func(yield func(T) error) error {
		for seq, err := range read(ctx, seqs) {
			if err != nil {
				return err
			}
			for item, err := range read(ctx, seq) {
				if err != nil {
					return err
				}
				if err := yield(item); err != nil {
					return err
				}
			}
		}
		return nil
	})
}
