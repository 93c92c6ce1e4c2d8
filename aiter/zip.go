package aiter

import (
	"context"
	"iter"

	"github.com/anyio-go/anyio/lowlevel"
	"github.com/anyio-go/anyio/stream"
)

// A Pair is two items that belong together.
type Pair[A, B any] struct {
	First  A
	Second B
}

// Zip yields the items of two sequences side by side, until one of them ends. If it is the
// second, an item of the first was taken and is dropped. Cancellation: it is yielded; an item
// of the first for which the second has none yet is dropped.
func Zip[A, B any](ctx context.Context, a iter.Seq2[A, error], b iter.Seq2[B, error]) iter.Seq2[Pair[A, B], error] {
	return write(func(yield func(Pair[A, B]) error) error {
		nextA, stopA := stream.Pull(a)
		defer stopA()
		nextB, stopB := stream.Pull(b)
		defer stopB()
		for {
			if err := lowlevel.Enter(ctx); err != nil {
				return err
			}
			first, err, ok := nextA()
			if err != nil || !ok {
				return err
			}
			second, err, ok := nextB()
			if err != nil || !ok {
				return err
			}
			if err := yield(Pair[A, B]{first, second}); err != nil {
				return err
			}
		}
	})
}

// ZipLongest yields the items of several sequences side by side, until all have ended, with
// fill in the place of those that have. Cancellation: it is yielded; items for which the
// other sequences have none yet are dropped.
func ZipLongest[T any](ctx context.Context, fill T, seqs ...iter.Seq2[T, error]) iter.Seq2[[]T, error] {
	return write(func(yield func([]T) error) error {
		var nexts []func() (T, error, bool)
		for _, seq := range seqs {
			next, stop := stream.Pull(seq)
			defer stop()
			nexts = append(nexts, next)
		}
		for {
			if err := lowlevel.Enter(ctx); err != nil {
				return err
			}
			row, left := make([]T, len(nexts)), false
			for i, next := range nexts {
				row[i] = fill
				if next == nil {
					continue
				}
				item, err, ok := next()
				if err != nil {
					return err
				}
				if !ok {
					nexts[i] = nil
					continue
				}
				row[i], left = item, true
			}
			if !left {
				return nil
			}
			if err := yield(row); err != nil {
				return err
			}
		}
	})
}

// Mask yields the items at whose places mask has true, until one of the two ends.
// Cancellation: as for Zip.
func Mask[T any](ctx context.Context, seq iter.Seq2[T, error], mask iter.Seq2[bool, error]) iter.Seq2[T, error] {
	return write(func(yield func(T) error) error {
		for p, err := range Zip(ctx, seq, mask) {
			if err != nil {
				return err
			}
			if p.Second {
				if err := yield(p.First); err != nil {
					return err
				}
			}
		}
		return nil
	})
}
