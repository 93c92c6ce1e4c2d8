package cluster

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/anyio-go/anyio"
)

// An Event happens once, for all members that make one of its name, also for those that
// come later: there is no way back, so each occasion needs a name of its own. It is kept
// in the key-value store of JetStream, as long as that keeps it.
type Event struct {
	c    *Conn
	name string
	key  string
}

// eventRetry is how often who waits looks by itself, told or not.
const eventRetry = 5 * time.Second

// NewEvent returns the event of a name.
func NewEvent(c *Conn, name string) (*Event, error) {
	if err := c.check("NewEvent"); err != nil {
		return nil, err
	}
	if name == "" {
		return nil, misuse("an Event without a name: members that share it need one")
	}
	return &Event{c, name, "e." + tokenOf(name)}, nil
}

// Set makes the event happen, and lets all who wait go on. Further calls do nothing.
// Cancellation: before the store was asked, nothing has happened.
func (e *Event) Set(ctx context.Context) error {
	return e.ask(ctx, func(ctx context.Context) error {
		_, err := e.c.leases.put(ctx, e.key, []byte(e.c.cfg.Name), 0)
		if errors.Is(err, errTaken) {
			return nil
		}
		return err
	})
}

// IsSet reports whether Set has been called.
func (e *Event) IsSet(ctx context.Context) (set bool, err error) {
	err = e.ask(ctx, func(ctx context.Context) error {
		_, revision, err := e.c.leases.get(ctx, e.key)
		set = revision != 0
		return err
	})
	return set, err
}

// Wait waits until the event is set. An error of the store ends the wait.
// Cancellation: nothing is lost.
func (e *Event) Wait(ctx context.Context) error {
	var watch *keyWatch
	for {
		set, err := e.IsSet(ctx)
		switch {
		case set || err != nil:
			if watch != nil {
				watch.stop()
			}
			return err
		case watch == nil: // what happens before there is one, the next look sees
			watch, err = e.c.leases.watch(e.key)
			if err != nil {
				return err
			}
		default:
			if err := watch.wait(ctx, eventRetry); err != nil {
				watch.stop()
				return err
			}
		}
	}
}

func (e *Event) ask(ctx context.Context, f func(ctx context.Context) error) error {
	if err := e.c.leases.open(ctx); err != nil {
		return err
	}
	err := e.c.leases.ask(ctx, f)
	if err != nil && !anyio.IsCancellation(err) {
		return fmt.Errorf("cluster: event %q: %w", e.name, err)
	}
	return err
}
