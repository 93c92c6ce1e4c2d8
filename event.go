package anyio

import (
	"context"
	"sync/atomic"

	"github.com/anyio-go/anyio/internal/kernel"
	"github.com/anyio-go/anyio/internal/waitq"
)

// An Event lets tasks wait until something has happened. It happens once: there
// is no way back. The zero value is ready; it may be set and waited for from any
// task, goroutine and backend. It must not be copied. [SY-02]
//
// Set synchronizes before the return of every Wait that it lets through.
type Event struct {
	state   atomic.Uint32 // eventSet, eventWaiters
	mu      waitq.Mutex   // guards waiters
	waiters kernel.Queue
}

const (
	eventSet     = 1
	eventWaiters = 2 // the queue may hold somebody
)

var opEvent = kernel.RegisterOp("Event.Wait")

// IsSet reports whether Set has been called. [SY-04]
func (e *Event) IsSet() bool { return e.state.Load()&eventSet != 0 }

// Set makes the event happen and lets all who wait go on, also those that are
// canceled right afterwards. Further calls do nothing. [SY-03]
func (e *Event) Set() {
	if e.state.Or(eventSet) != eventWaiters {
		return // nobody waits, or it was set
	}
	for {
		e.mu.Lock()
		w := e.waiters.WakeFirst()
		e.mu.Unlock()
		if w == nil {
			return
		}
		w.Unpark()
	}
}

// Wait waits until the event is set. It is a checkpoint also if it is set already.
// Cancellation: nothing is lost. [SY-05]
func (e *Event) Wait(ctx context.Context) error {
	p, err := kernel.Enter(ctx)
	if err != nil || e.IsSet() {
		return err
	}
	b := kernel.GetBlocker()
	if e.enqueue(p, b, opEvent, false) {
		err = b.Wait(p)
		e.dequeue(b)
	}
	kernel.PutBlocker(b)
	return err
}

// waitShielded waits not minding cancellation.
func (e *Event) waitShielded(ctx context.Context, op kernel.Op) {
	if e.IsSet() {
		return
	}
	p := kernel.Locate(ctx)
	b := kernel.GetBlocker()
	if e.enqueue(p, b, op, true) {
		_ = b.Wait(p) // cannot be aborted
		e.dequeue(b)
	}
	kernel.PutBlocker(b)
}

// enqueue puts b into the queue; false if the event is set meanwhile.
func (e *Event) enqueue(p kernel.Place, b *kernel.Blocker, op kernel.Op, shielded bool) bool {
	if shielded {
		b.PrepareShielded(p, op)
	} else {
		b.Prepare(p, op)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.state.Or(eventWaiters)&eventSet != 0 {
		return false
	}
	e.waiters.Push(&b.Node)
	return true
}

func (e *Event) dequeue(b *kernel.Blocker) {
	e.mu.Lock()
	e.waiters.Remove(&b.Node)
	e.mu.Unlock()
}

// EventStatistics is a snapshot of an Event. [SY-07]
type EventStatistics struct {
	TasksWaiting int
}

// Statistics tells how many wait. [SY-06]
func (e *Event) Statistics() EventStatistics {
	e.mu.Lock()
	defer e.mu.Unlock()
	return EventStatistics{TasksWaiting: e.waiters.Len()}
}
