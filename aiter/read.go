package aiter

import (
	"context"
	"errors"
	"iter"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/lowlevel"
)

// read is how the functions of this package read a sequence: with a check before each
// item is asked for, up to the first error.
func read[T any](ctx context.Context, seq iter.Seq2[T, error]) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var zero T
		if err := lowlevel.Enter(ctx); err != nil {
			yield(zero, err)
			return
		}
		for item, err := range seq {
			if err != nil {
				yield(zero, err)
				return
			}
			if !yield(item, nil) {
				return
			}
			if err := lowlevel.Enter(ctx); err != nil {
				yield(zero, err)
				return
			}
		}
	}
}

// errLeft is returned by the yield of write when the loop over the sequence was left.
var errLeft = errors.New("the loop was left")

// write makes a sequence of a function that gives items to yield as long as that returns
// nil, and returns what ends it.
func write[T any](body func(yield func(T) error) error) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		err := body(func(item T) error {
			if !yield(item, nil) {
				return errLeft
			}
			return nil
		})
		if err != nil && err != errLeft {
			var zero T
			yield(zero, err)
		}
	}
}

// Collect returns all items of a sequence, or those before its error beside that.
// Cancellation: the items so far are returned.
func Collect[T any](ctx context.Context, seq iter.Seq2[T, error]) ([]T, error) {
	var all []T
	for item, err := range read(ctx, seq) {
		if err != nil {
			return all, err
		}
		all = append(all, item)
	}
	return all, nil
}

func misuse(text string) error { return &anyio.MisuseError{Text: "aiter." + text} }

// mustCall panics if a function that was given is nil.
func mustCall(who string, missing bool) {
	if missing {
		panic(misuse(who + ": the function is nil"))
	}
}
