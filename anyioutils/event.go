package anyioutils

import (
	"context"
	"sync/atomic"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/inside"
)

// An Event lets tasks wait until something has happened, again and again: unlike an
// anyio.Event it can be cleared. The zero value is ready and not set. It must not be
// copied.
//
// Set synchronizes before the return of every Wait that it lets through.
type Event struct{ now atomic.Pointer[anyio.Event] }

// current is what Set sets and Wait waits for.
func (e *Event) current() *anyio.Event {
	inside.Touch(e)
	if now := e.now.Load(); now != nil {
		return now
	}
	e.now.CompareAndSwap(nil, &anyio.Event{})
	return e.now.Load()
}

// IsSet reports whether the event is set.
func (e *Event) IsSet() bool { return e.current().IsSet() }

// Set sets the event and lets all who wait go on, even if it is cleared right away.
func (e *Event) Set() { e.current().Set() }

// Clear makes later calls of Wait wait for another Set. If the event is not set, nothing
// changes.
func (e *Event) Clear() {
	if now := e.current(); now.IsSet() {
		inside.Touch(e)
		e.now.CompareAndSwap(now, &anyio.Event{})
	}
}

// Wait waits until the event is set. It is a checkpoint also if it is set already.
// Cancellation: nothing is lost.
func (e *Event) Wait(ctx context.Context) error { return e.current().Wait(ctx) }
