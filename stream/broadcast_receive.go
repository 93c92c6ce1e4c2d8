package stream

import (
	"context"
	"iter"
	"runtime"
	"slices"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/kernel"
	"github.com/anyio-go/anyio/internal/unclosed"
)

// A BroadcastReceiveStream is a receiving end of a broadcast, made by Subscribe.
// Several tasks may receive from it: then each item goes to one of them.
type BroadcastReceiveStream[T any] struct {
	b       *broadcast[T]
	buf     ring[T] // from here on guarded by b.mu
	waiters queue[T]
	own     node[T] // of one wait, the usual number
	ownUsed bool
	end     error // what comes after the buffer; nil while items are sent
	closed  bool
	dropped uint64
	watch   *unclosed.Watch
}

var opBroadcastReceive = kernel.RegisterOp("BroadcastReceiveStream.Receive")

// Receive returns the next item. When all are received it returns ErrEndOfStream if
// the sending end is closed, and an error that matches ErrLagged if this receiver
// did not keep up and the policy is FailSlow; if this end is or gets closed,
// ErrClosed. It is a checkpoint. Cancellation: no item is lost; one that was handed
// over already is returned although the scope is canceled.
func (r *BroadcastReceiveStream[T]) Receive(ctx context.Context) (item T, err error) {
	p, err := kernel.Enter(ctx)
	if err != nil {
		return item, err
	}
	var woken queue[T]
	r.b.mu.Lock()
	item, done, err := r.receive(&woken)
	if done {
		r.b.mu.Unlock()
		woken.unpark()
		kernel.PreemptAfter(r.b, kernel.Changes)
		return item, err
	}
	kernel.Touch(r.b, kernel.Changes)
	n := &r.own
	if r.ownUsed {
		n = &node[T]{}
	}
	mine := n == &r.own
	r.ownUsed = r.ownUsed || mine
	n.w = &n.own
	n.own.Prepare(p, opBroadcastReceive)
	r.waiters.push(n)
	r.b.mu.Unlock()
	err = n.own.Wait(p)
	kernel.Touch(r.b, kernel.Changes)
	r.b.mu.Lock()
	if err != nil {
		r.waiters.remove(n)
	} else {
		item, err = n.item, n.err
	}
	n.clear()
	if mine {
		r.ownUsed = false
	}
	r.b.mu.Unlock()
	return item, err
}

// TryReceive is like Receive but never waits: it returns ErrWouldBlock if there is no
// item. It needs no context and is not a checkpoint.
func (r *BroadcastReceiveStream[T]) TryReceive() (T, error) {
	var woken queue[T]
	kernel.Preempt()
	r.b.mu.Lock()
	item, done, err := r.receive(&woken)
	r.b.mu.Unlock()
	woken.unpark()
	kernel.PreemptAfter(r.b, kernel.Changes)
	if !done {
		err = anyio.ErrWouldBlock
	}
	return item, err
}

// receive completes a Receive if that is possible now.
func (r *BroadcastReceiveStream[T]) receive(woken *queue[T]) (item T, done bool, err error) {
	switch {
	case r.closed:
		return item, true, anyio.ErrClosed
	case r.buf.n > 0:
		item = r.buf.pop()
		r.b.admit(woken)
		return item, true, nil
	}
	return item, r.end != nil, r.end
}

// All receives until the sending end is closed, which ends the sequence. Any other
// error is yielded once and ends it, too. Leaving the loop does not close the stream.
// Cancellation: no item is lost.
func (r *BroadcastReceiveStream[T]) All(ctx context.Context) iter.Seq2[T, error] {
	return All(ctx, r)
}

// Dropped returns how many items this receiver has lost because it was slow, under
// the policy DropOldest.
func (r *BroadcastReceiveStream[T]) Dropped() uint64 {
	kernel.Touch(r.b, kernel.Looks)
	r.b.mu.Lock()
	defer r.b.mu.Unlock()
	return r.dropped
}

// Close ends the subscription; further calls do nothing. Calls of Receive that wait
// return ErrClosed, and senders no longer wait for this receiver. It always returns
// nil. Cancellation: ignored; it never waits.
func (r *BroadcastReceiveStream[T]) Close(ctx context.Context) error {
	b := r.b
	var woken queue[T]
	kernel.Preempt()
	b.mu.Lock()
	kernel.Touch(b, kernel.Changes)
	if r.closed {
		b.mu.Unlock()
		return nil
	}
	r.closed = true
	r.buf.clear()
	r.finish(anyio.ErrClosed, &woken)
	if i := slices.Index(b.receivers, r); i >= 0 {
		b.receivers = slices.Delete(b.receivers, i, i+1)
	}
	b.admit(&woken)
	b.mu.Unlock()
	woken.unpark()
	r.watch.Stop()
	runtime.KeepAlive(r)
	kernel.PreemptAfter(b, kernel.Changes)
	return nil
}

// finish sets what comes after the buffer, and ends the waits, for which it is empty.
func (r *BroadcastReceiveStream[T]) finish(end error, woken *queue[T]) {
	r.end = end
	r.waiters.fail(nil, end, woken)
}

// SelectReceive makes the case of anyio.OnReceive. v may be nil if the item is of
// no interest.
func (r *BroadcastReceiveStream[T]) SelectReceive(v *T) anyio.Case {
	return newCase(&broadcastCase[T]{r: r, v: v})
}

type broadcastCase[T any] struct {
	r *BroadcastReceiveStream[T]
	v *T
	n node[T]
}

func (c *broadcastCase[T]) Begin(kernel.Place) {}

func (c *broadcastCase[T]) Try() (done bool, err error) {
	var woken queue[T]
	kernel.Touch(c.r.b, kernel.Changes)
	c.r.b.mu.Lock()
	item, done, err := c.r.receive(&woken)
	c.r.b.mu.Unlock()
	woken.unpark()
	if done && err == nil && c.v != nil {
		*c.v = item
	}
	return done, err
}

func (c *broadcastCase[T]) Ready() bool {
	kernel.Touch(c.r.b, kernel.Looks)
	c.r.b.mu.Lock()
	defer c.r.b.mu.Unlock()
	return c.readyLocked()
}

func (c *broadcastCase[T]) readyLocked() bool {
	return c.r.closed || c.r.buf.n > 0 || c.r.end != nil
}

func (c *broadcastCase[T]) Enqueue(w *kernel.Waiter, index int) bool {
	kernel.Touch(c.r.b, kernel.Changes)
	c.r.b.mu.Lock()
	defer c.r.b.mu.Unlock()
	if c.readyLocked() {
		return false
	}
	c.n.w, c.n.index = w, index
	c.r.waiters.push(&c.n)
	return true
}

func (c *broadcastCase[T]) Dequeue() {
	kernel.Touch(c.r.b, kernel.Changes)
	c.r.b.mu.Lock()
	c.r.waiters.remove(&c.n)
	c.n.clear()
	c.r.b.mu.Unlock()
}

func (c *broadcastCase[T]) Result() error {
	kernel.Touch(c.r.b, kernel.Looks)
	err := c.n.err
	if err == nil && c.v != nil {
		*c.v = c.n.item
	}
	c.n.clear()
	return err
}
