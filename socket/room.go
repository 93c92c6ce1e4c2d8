package socket

import (
	"context"
	"sync"

	"github.com/anyio-go/anyio"
)

// A room counts the connections that Serve may still have handled at the same time.
// The zero value has no limit.
type room struct {
	mu      sync.Mutex // guards what follows
	limited bool
	free    int
	closed  bool
	changed *anyio.Event // nil if nobody waits for a change
}

func (r *room) limit(n int) { r.limited, r.free = true, n }

// take waits for a place. It returns ErrClosed after close.
func (r *room) take(ctx context.Context) error {
	if !r.limited {
		return nil
	}
	for {
		r.mu.Lock()
		switch {
		case r.closed:
			r.mu.Unlock()
			return anyio.ErrClosed
		case r.free > 0:
			r.free--
			r.mu.Unlock()
			return nil
		case r.changed == nil:
			r.changed = &anyio.Event{}
		}
		e := r.changed
		r.mu.Unlock()
		if err := e.Wait(ctx); err != nil {
			return err
		}
	}
}

// give gives a place back.
func (r *room) give() {
	if r.limited {
		r.change(func() { r.free++ })
	}
}

// close ends the waits.
func (r *room) close() { r.change(func() { r.closed = true }) }

func (r *room) change(f func()) {
	r.mu.Lock()
	f()
	e := r.changed
	r.changed = nil
	r.mu.Unlock()
	if e != nil {
		e.Set()
	}
}
