package kernel

import (
	"unsafe"

	"github.com/anyio-go/anyio/internal/race"
)

// A request asks one task to end, once, as the cancellation of asyncio does. It belongs
// to no scope, and no shield stops it. It ends the wait in progress or, if there is none,
// the next one: the call fails once, and the task may go on. A call that need not wait is
// not hindered. Only tasks of loops can be asked.

// Request asks the task. Who does so has the turn of its loop. A request that has not
// ended a wait yet is replaced.
//
//go:norace
func (t *Task) Request(c *Cause) {
	c.Kind = ByRequest
	c.publish()
	t.mu.Lock()
	if t.state.Load()&stClosed != 0 {
		t.mu.Unlock()
		return
	}
	t.extLocked().request = c
	t.state.Or(stRequested)
	t.mu.Unlock()
	if co := t.strand.Coro; co != nil {
		if w, ok := co.Wait.(*Waiter); ok && w.task == t && w.yieldTo() {
			w.Unpark()
		}
	}
}

// RequestError is the error that a request gives, for what is canceled by one without
// being a task.
//
//go:norace
func RequestError(c *Cause) error {
	c.Kind = ByRequest
	c.publish()
	return c.Error()
}

// Requested reports whether there is a request that has not ended a wait yet.
//
//go:norace
func (t *Task) Requested() bool { return t.state.Load()&stRequested != 0 }

// TakeRequest takes the request back, and returns it as the error of a blocking call; nil
// if there is none.
//
//go:norace
func (t *Task) TakeRequest() error {
	if t == nil || t.state.Load()&stRequested == 0 {
		return nil
	}
	t.mu.Lock()
	x := t.extLocked()
	c := x.request
	x.request = nil
	t.state.And(^uint32(stRequested))
	t.mu.Unlock()
	race.Acquire(unsafe.Pointer(c))
	return c.Error()
}

// yieldTo ends the wait in favor of a request.
//
//go:norace
func (w *Waiter) yieldTo() bool {
	word := w.word.Load()
	return word&phaseMask == phaseWaiting && (word&noAbort == 0 || word&heeds != 0) && w.word.CompareAndSwap(word, word+2)
}

// heedRequest is called before a task waits: if it was asked to end, it need not.
//
//go:noinline
//go:norace
func (w *Waiter) heedRequest() error {
	if w.yieldTo() {
		return w.task.TakeRequest()
	}
	return nil
}

// takeRequest returns the request to the task at the place, if there is one: of a schedule
// point at which nothing is waited for.
//
//go:norace
func (p Place) takeRequest() error {
	if p.S != nil && !p.S.run.Loop {
		return nil
	}
	return p.RunningTask().TakeRequest()
}
