package aiter

import (
	"context"
	"fmt"
	"iter"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/lowlevel"
	"github.com/anyio-go/anyio/stream"
)

// Tee makes n sequences of one. Each has all its items, and may be read by a task of its
// own, at its own pace: who is ahead asks for the next item, and it is kept for the others
// until they have come that far. Ranging over one of them again goes on where it was. The
// one that was given must not be used any more.
//
//	seqs, stop := aiter.Tee(ctx, r.All(ctx), 2)
//	defer stop()
//
// Stop ends the sequence that was given, and with it the others; call it when none is
// read any more. A negative n panics with an *anyio.MisuseError.
//
// Cancellation: that of ctx is yielded by all, and nothing is lost. While an item is waited
// for in the context of seq, the others wait in ctx. An error of seq ends all of them.
func Tee[T any](ctx context.Context, seq iter.Seq2[T, error], n int) (seqs []iter.Seq2[T, error], stop func()) {
	if n < 0 {
		panic(misuse(fmt.Sprintf("Tee of %d sequences: their number is not negative", n)))
	}
	next, end := stream.Pull(seq)
	s := &shared[T]{next: next}
	first := &node[T]{} // what all have read is garbage
	for range n {
		seqs = append(seqs, s.branch(ctx, first))
	}
	return seqs, func() {
		// It fails in a run that cannot go on; then those who read end by that.
		_ = s.mu.Do(context.WithoutCancel(ctx), func(context.Context) error {
			s.stopped = true
			end()
			return nil
		})
	}
}

// A shared sequence is one that several read.
type shared[T any] struct {
	mu      anyio.Lock // guards what follows, and the nodes
	next    func() (T, error, bool)
	stopped bool
}

// A node is an item that may not have been read, with a place for the next one.
type node[T any] struct {
	filled bool
	over   bool // the sequence has ended here
	item   T
	err    error
	next   *node[T]
}

// branch is a sequence that begins at a node.
func (s *shared[T]) branch(ctx context.Context, at *node[T]) iter.Seq2[T, error] {
	return write(func(yield func(T) error) error {
		for {
			if err := lowlevel.Enter(ctx); err != nil {
				return err
			}
			var item T
			over := false
			err := s.mu.Do(ctx, func(context.Context) error {
				s.fill(at)
				if over = at.over; over {
					return at.err
				}
				item, at = at.item, at.next
				return nil
			})
			if err != nil || over {
				return err
			}
			if err := yield(item); err != nil {
				return err
			}
		}
	})
}

// fill takes the next item into a node, if it is empty.
func (s *shared[T]) fill(at *node[T]) {
	if at.filled {
		return
	}
	if s.stopped {
		at.filled, at.over = true, true
		return
	}
	item, err, ok := s.next()
	at.filled, at.over = true, err != nil || !ok
	at.item, at.err = item, err
	at.next = &node[T]{}
}
