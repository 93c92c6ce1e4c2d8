package anyio

import (
	"context"
	"iter"

	"github.com/anyio-go/anyio/internal/kernel"
	"github.com/anyio-go/anyio/internal/quiet"
)

// AsCompleted runs the functions as tasks at the same time and gives their
// handles in the order in which they end:
//
//	for h, err := range anyio.AsCompleted(ctx, a, b, c) {
//		if err != nil {
//			return err // the *GroupError of those that failed; no task is left
//		}
//		v, _ := h.Value()
//		…
//	}
//
// An error of one cancels the others; it comes last, with a nil handle. Leaving
// the loop early cancels those that still run and waits for them; what they return
// then is dropped. The loop's body runs in the caller's task and scope. Without a
// function the error is a *MisuseError. The sequence may be used several times, and
// runs the functions each time.
//
// Cancellation: what runs is canceled and waited for, and the cancellation comes last,
// with a nil handle; handles that have not been given by then are dropped.
func AsCompleted[T any](ctx context.Context, fns ...func(ctx context.Context) (T, error)) iter.Seq2[*ValueHandle[T], error] {
	return func(yield func(*ValueHandle[T], error) bool) {
		if len(fns) == 0 {
			yield(nil, misuse("AsCompleted takes at least one function"))
			return
		}
		if err := enterAll(ctx, "AsCompleted", fns); err != nil {
			yield(nil, err)
			return
		}
		left := false
		err := WithTaskGroup(ctx, func(groupCtx context.Context, tg *TaskGroup) error {
			ended := newMailbox[*ValueHandle[T]](len(fns))
			for _, f := range fns {
				spawnInto(tg, f, ended)
			}
			for range fns {
				//anyiovet:ignore outerctx a cancellation from outside comes before what has ended
				if _, err := kernel.Enter(ctx); err != nil { // canceled outside
					return err
				}
				h, err := ended.take(groupCtx)
				if err != nil {
					return err
				}
				h.t.AwaitShielded(groupCtx, opNextCompleted) // it is about to end
				if h.Status() != Finished {
					continue // the group is canceled, and take says so soon
				}
				if !yield(h, nil) {
					left = true
					tg.g.Scope.Cancel(&kernel.Cause{Reason: "the loop over AsCompleted was left"})
					return nil
				}
			}
			return nil
		})
		if err != nil && !left {
			yield(nil, err)
		}
	}
}

// spawnInto starts f as a task that puts its own handle into the mailbox at its end.
func spawnInto[T any](tg *TaskGroup, f func(ctx context.Context) (T, error), ended *mailbox[*ValueHandle[T]]) {
	h := &ValueHandle[T]{}
	run := func(ctx context.Context) (err error) {
		defer ended.put(h)
		h.value, err = f(ctx)
		return err
	}
	h.start(tg, run, kernel.FuncPC(f), nil)
}

// A mailbox is a queue of one receiver, who learns nothing of those whose items it has
// not taken.
type mailbox[T any] struct {
	mu    quiet.Mutex // guards what follows
	items []T
	more  *kernel.Latch // of the receiver that waits, nil if none does
}

// newMailbox makes a mailbox for n items in all.
func newMailbox[T any](n int) *mailbox[T] { return &mailbox[T]{items: make([]T, 0, n)} }

//go:norace
func (m *mailbox[T]) put(item T) {
	kernel.Touch(m, kernel.Changes)
	m.mu.Lock()
	m.items = append(m.items, item)
	more := m.more
	m.more = nil
	m.mu.Unlock()
	if more != nil {
		more.Open()
	}
}

// take waits for the next item. An item that is there is taken even if ctx is canceled.
//
//go:norace
func (m *mailbox[T]) take(ctx context.Context) (T, error) {
	for {
		kernel.Touch(m, kernel.Changes)
		m.mu.Lock()
		if len(m.items) > 0 {
			item := m.items[0]
			m.items = m.items[1:]
			m.mu.Unlock()
			return item, nil
		}
		more := &kernel.Latch{}
		m.more = more
		m.mu.Unlock()
		if err := more.Wait(ctx, opNextCompleted); err != nil {
			var zero T
			return zero, err
		}
	}
}

var opNextCompleted = kernel.RegisterPassiveOp("AsCompleted: waiting for the next task to end")
