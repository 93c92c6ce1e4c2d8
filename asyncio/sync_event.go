package asyncio

import (
	"context"
	"math"
)

// An Event is a flag that tasks of a loop wait for. Unlike an anyio.Event it can be
// cleared. The zero value is a flag that is not set. An Event must not be copied.
type Event struct {
	waiters waitList
	set     bool
}

// Set sets the flag and wakes all who wait, in the order of their coming. They go on even
// if the flag is cleared before their turn.
func (e *Event) Set() {
	e.waiters.use("Event.Set")
	if !e.set {
		e.set = true
		e.waiters.wake(math.MaxInt)
	}
}

// Clear takes the flag back: Wait waits again.
func (e *Event) Clear() {
	e.waiters.use("Event.Clear")
	e.set = false
}

// IsSet reports whether the flag is set.
func (e *Event) IsSet() bool {
	touch()
	return e.set
}

// Wait waits until the flag is set. If it is, Wait does not give way. Cancellation: it
// returns before.
func (e *Event) Wait(ctx context.Context) error {
	l, err := taskLoop(ctx, "Event.Wait")
	if err != nil || e.set {
		return err
	}
	f, err := e.waiters.add(l)
	if err == nil {
		_, err = e.waiters.wait(ctx, f)
	}
	return err
}
