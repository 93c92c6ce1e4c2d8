package offload

import (
	"net"

	"github.com/anyio-go/anyio/internal/kernel"
	"github.com/anyio-go/anyio/internal/waitq"
)

// An End is that of a call on another goroutine. One caller waits for it, and may leave.
// Of the end, a close and a cancellation the first decides the wait. The zero value is
// that of a call that goes on.
type End struct {
	mu     waitq.Mutex    // guards what follows
	waiter *kernel.Waiter // of who waits, nil if nobody does
	anyway bool           // and does not mind Close
	ended  bool
	failed bool // it has ended with nothing but an error
	closed bool
	late   bool // it was closed before it ended
}

const byClose = 1 // Index of a waiter whose wait Close has ended

// Await waits until the call has ended. The call is the job, which begins in r once the
// wait is prepared, or goes on if that is nil. The error is the cancellation, or
// net.ErrClosed.
func (e *End) Await(p kernel.Place, op kernel.Op, r *kernel.Run, job kernel.Job) error {
	w := kernel.GetWaiter()
	defer kernel.PutWaiter(w)
	w.Prepare(p, op)
	w.Index = 0
	e.mu.Lock()
	if job != nil {
		e.ended, e.late = false, false
	}
	ended, failed, closed := e.ended && !e.late, e.failed, e.closed
	if !ended && !closed {
		e.waiter = w
	}
	e.mu.Unlock()
	if job != nil {
		r.Offload(job)
	}
	switch {
	case ended && failed:
		return p.CanceledOr(nil)
	case ended:
		return nil
	case closed:
		return p.CanceledOr(net.ErrClosed)
	}
	err := w.Wait(p)
	switch {
	case err != nil:
		e.mu.Lock()
		e.waiter = nil
		e.mu.Unlock()
	case w.Index == byClose:
		err = net.ErrClosed
	}
	return err
}

// again makes it the end of another call.
func (e *End) again() {
	e.mu.Lock()
	e.ended, e.late = false, false
	e.mu.Unlock()
}

// AwaitAnyway waits until the call has ended, not minding cancellation nor Close.
func (e *End) AwaitAnyway(p kernel.Place, op kernel.Op) {
	w := kernel.GetWaiter()
	defer kernel.PutWaiter(w)
	w.PrepareShielded(p, op)
	e.mu.Lock()
	ended := e.ended
	if !ended {
		e.waiter, e.anyway = w, true
	}
	e.mu.Unlock()
	if !ended {
		_ = w.Wait(p) // cannot be aborted
	}
}

// Finish is told of the end, and whether there is nothing but an error to tell. It returns
// whom to unpark, nil if nobody waits, and whether nobody will: it was closed before.
func (e *End) Finish(failed bool) (wake *kernel.Waiter, late bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.ended, e.failed, e.late = true, failed, e.closed
	w := e.waiter
	switch {
	case w == nil:
	case failed && !e.anyway && w.Fail(), w.Wake():
		wake, e.waiter, e.anyway = w, nil, false
	}
	return wake, e.late
}

// Close ends the wait, if the call has not ended: in favor of who calls it, unless the
// wait was canceled before. It reports whether the call has ended.
func (e *End) Close() (ended bool) {
	e.mu.Lock()
	ended = e.ended
	w := e.closeLocked()
	e.mu.Unlock()
	if w != nil {
		w.Unpark()
	}
	return ended
}

// closeLocked is Close that leaves it to the caller to unpark the one returned.
func (e *End) closeLocked() (wake *kernel.Waiter) {
	e.closed = true
	if w := e.waiter; w != nil && !e.anyway && w.Fail() {
		w.Index = byClose
		wake, e.waiter = w, nil
	}
	return wake
}
