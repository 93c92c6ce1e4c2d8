package stream

import (
	"context"
	"iter"
	"runtime"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/kernel"
	"github.com/anyio-go/anyio/internal/unclosed"
)

// A MemoryReceiveStream is the receiving end of a stream made by Memory.
type MemoryReceiveStream[T any] struct{ end[T] }

var opReceive = kernel.RegisterOp("MemoryReceiveStream.Receive")

// Receive returns the oldest item, waiting for one if there is none. It returns
// ErrClosed if this end is or gets closed, and ErrEndOfStream if all sending ends
// are closed and everything is received. Cancellation: no item is lost; one that
// was already handed over is returned although the scope is canceled.
func (r *MemoryReceiveStream[T]) Receive(ctx context.Context) (T, error) {
	p, err := kernel.Enter(ctx)
	if err != nil {
		var zero T
		return zero, err
	}
	m := r.m
	m.mu.Lock()
	item, w, done, err := m.receive(&r.end)
	if done {
		m.mu.Unlock()
		if w != nil {
			w.Unpark()
		}
		if err != nil {
			err = p.CanceledOr(err)
		}
		kernel.PreemptAfter(m, kernel.Changes)
		return item, err
	}
	kernel.Touch(m, kernel.Changes)
	n := m.newNode(&r.end)
	n.own.Prepare(p, opReceive)
	m.receivers.push(n)
	m.mu.Unlock()
	return m.wait(p, &m.receivers, n)
}

// TryReceive is like Receive but never waits: it returns ErrWouldBlock if nothing was
// sent. It needs no context and is not a checkpoint.
func (r *MemoryReceiveStream[T]) TryReceive() (T, error) {
	kernel.Preempt()
	r.m.mu.Lock()
	item, w, done, err := r.m.receive(&r.end)
	r.m.mu.Unlock()
	if w != nil {
		w.Unpark()
	}
	kernel.PreemptAfter(r.m, kernel.Changes)
	if !done {
		err = anyio.ErrWouldBlock
	}
	return item, err
}

// All receives until all sending ends are closed, which ends the sequence. Any other
// error is yielded once and ends it, too. The sequence may be ranged over again to go
// on. Leaving the loop does not close the stream. Cancellation: no item is lost.
func (r *MemoryReceiveStream[T]) All(ctx context.Context) iter.Seq2[T, error] {
	return All(ctx, r)
}

// Clone makes another receiving end of the same stream, to be closed on its own.
// Each item goes to one receiver. The clone of a closed end is closed, so that its
// calls return ErrClosed.
func (r *MemoryReceiveStream[T]) Clone() *MemoryReceiveStream[T] {
	m := r.m
	c := &MemoryReceiveStream[T]{end[T]{m: m}}
	kernel.Preempt()
	m.mu.Lock()
	if c.closed = r.closed; !c.closed {
		m.openReceive++
	}
	m.mu.Unlock()
	if !c.closed && kernel.DebugRuns() {
		c.watch = unclosed.New(c, "stream.MemoryReceiveStream", kernel.CallerPC(1))
	}
	kernel.PreemptAfter(m, kernel.Changes)
	return c
}

// Close closes this end; further calls do nothing. Calls of Receive that wait on it
// return ErrClosed. When the last receiving end is closed, senders that wait get
// ErrBroken and what is in the buffer is dropped. It always returns nil. Cancellation:
// ignored; it never waits.
func (r *MemoryReceiveStream[T]) Close(ctx context.Context) error {
	m := r.m
	var woken queue[T]
	kernel.Preempt()
	m.mu.Lock()
	kernel.Touch(m, kernel.Changes)
	if r.closed {
		m.mu.Unlock()
		return nil
	}
	r.closed = true
	m.openReceive--
	m.receivers.fail(&r.end, anyio.ErrClosed, &woken)
	if m.openReceive == 0 {
		m.senders.fail(nil, anyio.ErrBroken, &woken)
		m.buf.clear()
	}
	m.mu.Unlock()
	woken.unpark()
	r.watch.Stop()
	runtime.KeepAlive(r)
	kernel.PreemptAfter(m, kernel.Changes)
	return nil
}
