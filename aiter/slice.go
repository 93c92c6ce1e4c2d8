package aiter

import (
	"context"
	"fmt"
	"io"
	"iter"

	"github.com/anyio-go/anyio/lowlevel"
)

// Limit yields the first n items, and asks for none after them. A negative n is yielded as
// an *anyio.MisuseError. Cancellation: it is yielded.
func Limit[T any](ctx context.Context, seq iter.Seq2[T, error], n int) iter.Seq2[T, error] {
	if n < 0 {
		return write(func(func(T) error) error {
			return misuse(fmt.Sprintf("Limit of %d items: their number is not negative", n))
		})
	}
	return Slice(ctx, seq, 0, n, 1)
}

// Slice yields each step-th of the items from number start on, before number stop; with
// NoLimit for stop, to the end. No item is asked for after the last of them. A negative
// number, or a step below 1, is yielded as an *anyio.MisuseError. Cancellation: it is
// yielded.
func Slice[T any](ctx context.Context, seq iter.Seq2[T, error], start, stop, step int) iter.Seq2[T, error] {
	return write(func(yield func(T) error) error {
		switch {
		case start < 0 || stop < 0:
			return misuse(fmt.Sprintf("Slice from %d to %d: numbers of items are not negative", start, stop))
		case step < 1:
			return misuse(fmt.Sprintf("Slice with a step of %d: it is at least 1", step))
		case start >= stop:
			return lowlevel.Enter(ctx)
		}
		at, next := 0, start
		for item, err := range read(ctx, seq) {
			if err != nil {
				return err
			}
			if at == next {
				if err := yield(item); err != nil {
					return err
				}
				if step >= stop-next {
					return nil
				}
				next += step
			}
			at++
		}
		return nil
	})
}

// Chunk yields slices of n items, the last of which may be shorter. None shares memory
// with another. An n below 1 is yielded as an *anyio.MisuseError. Cancellation: it is
// yielded, after the items of an incomplete chunk.
func Chunk[T any](ctx context.Context, seq iter.Seq2[T, error], n int) iter.Seq2[[]T, error] {
	return chunks(ctx, "Chunk", seq, n, func(chunk []T, end error, yield func([]T) error) error {
		if err := yield(chunk); err != nil {
			return err
		}
		return end
	})
}

// ChunkExactly is like Chunk but if the last one is shorter, an *IncompleteChunkError with
// its items is yielded in its place. Cancellation: it is yielded; the items of an
// incomplete chunk are dropped.
func ChunkExactly[T any](ctx context.Context, seq iter.Seq2[T, error], n int) iter.Seq2[[]T, error] {
	return chunks(ctx, "ChunkExactly", seq, n, func(chunk []T, end error, yield func([]T) error) error {
		if end != nil {
			return end
		}
		return &IncompleteChunkError[T]{chunk, n}
	})
}

// An IncompleteChunkError is yielded by ChunkExactly. It matches io.ErrUnexpectedEOF.
type IncompleteChunkError[T any] struct {
	Items []T // that there were
	Want  int // how many there should have been
}

func (e *IncompleteChunkError[T]) Error() string {
	return fmt.Sprintf("anyio: the sequence ended after %d of the %d items of a chunk", len(e.Items), e.Want)
}

// Unwrap returns io.ErrUnexpectedEOF.
func (e *IncompleteChunkError[T]) Unwrap() error { return io.ErrUnexpectedEOF }

// chunks yields chunks of n items, and calls short for those that are left.
func chunks[T any](ctx context.Context, who string, seq iter.Seq2[T, error], n int, short func(chunk []T, end error, yield func([]T) error) error) iter.Seq2[[]T, error] {
	return write(func(yield func([]T) error) error {
		if n < 1 {
			return misuse(fmt.Sprintf("%s of %d items: a chunk has one at least", who, n))
		}
		var chunk []T
		var end error
		for item, err := range read(ctx, seq) {
			if err != nil {
				end = err
				break
			}
			if chunk = append(chunk, item); len(chunk) == n {
				if err := yield(chunk); err != nil {
					return err
				}
				chunk = nil
			}
		}
		if len(chunk) > 0 {
			return short(chunk, end, yield)
		}
		return end
	})
}

// Pairwise yields each item with the one after it. Cancellation: it is yielded.
func Pairwise[T any](ctx context.Context, seq iter.Seq2[T, error]) iter.Seq2[[2]T, error] {
	return write(func(yield func([2]T) error) error {
		var last T
		first := true
		for item, err := range read(ctx, seq) {
			if err != nil {
				return err
			}
			if !first {
				if err := yield([2]T{last, item}); err != nil {
					return err
				}
			}
			last, first = item, false
		}
		return nil
	})
}

// A Group is a run of neighbors with the same key.
type Group[K comparable, T any] struct {
	Key   K
	Items []T
}

// GroupBy yields groups of neighbors for which key returns the same; to group all items
// with a key, sort them before. An error of key ends the sequence. Cancellation: it is
// yielded, after the items of the group that was being read.
func GroupBy[T any, K comparable](ctx context.Context, seq iter.Seq2[T, error], key func(ctx context.Context, item T) (K, error)) iter.Seq2[Group[K, T], error] {
	mustCall("GroupBy", key == nil)
	return write(func(yield func(Group[K, T]) error) error {
		var group Group[K, T]
		var end error
		for item, err := range read(ctx, seq) {
			var k K
			if err == nil {
				k, err = key(ctx, item)
			}
			if err != nil {
				end = err
				break
			}
			if len(group.Items) > 0 && k != group.Key {
				if err := yield(group); err != nil {
					return err
				}
				group.Items = nil
			}
			group.Key, group.Items = k, append(group.Items, item)
		}
		if len(group.Items) > 0 {
			if err := yield(group); err != nil {
				return err
			}
		}
		return end
	})
}
