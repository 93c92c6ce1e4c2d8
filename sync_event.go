package anyio

import (
	"context"

	"github.com/anyio-go/anyio/internal/kernel"
)

// An Event lets tasks wait until something has happened. It happens once: there
// is no way back. The zero value is ready; it may be set and waited for from any
// task, goroutine and backend. It must not be copied.
//
// Set synchronizes before the return of every Wait that it lets through.
type Event struct{ latch kernel.Latch }

var opEvent = kernel.RegisterOp("Event.Wait")

// IsSet reports whether Set has been called.
func (e *Event) IsSet() bool { return e.latch.IsOpen() }

// Set makes the event happen and lets all who wait go on, also those that are
// canceled right afterwards. Further calls do nothing.
func (e *Event) Set() {
	kernel.Preempt()
	e.latch.Open()
	kernel.PreemptAfter(&e.latch, kernel.Changes)
}

// Wait waits until the event is set. It is a checkpoint also if it is set already.
// Cancellation: nothing is lost.
func (e *Event) Wait(ctx context.Context) error { return e.latch.Wait(ctx, opEvent) }

// TasksWaiting returns how many wait.
func (e *Event) TasksWaiting() int { return e.latch.Waiting() }
