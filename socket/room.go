package socket

import (
	"context"
	"sync"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/kernel"
)

// A room counts the connections that Serve may still have handled at the same time.
// The zero value has no limit.
type room struct {
	mu      sync.Mutex // guards what follows
	limited bool
	free    int
	closed  bool
	changed *kernel.Latch // nil if nobody waits for a change
}

func (r *room) limit(n int) { r.limited, r.free = true, n }

var opServe = kernel.RegisterOp("Listener.Serve")

// take waits for a place. It returns ErrClosed after close.
func (r *room) take(ctx context.Context) error {
	if !r.limited {
		return nil
	}
	for waited := false; ; waited = true {
		r.mu.Lock()
		switch {
		case r.closed:
			r.mu.Unlock()
			if waited { // close has ended the wait, and knew whether it was canceled
				return anyio.ErrClosed
			}
			return kernel.Locate(ctx).CanceledOr(anyio.ErrClosed)
		case r.free > 0:
			r.free--
			r.mu.Unlock()
			return nil
		case r.changed == nil:
			r.changed = &kernel.Latch{}
		}
		l := r.changed
		r.mu.Unlock()
		if err := l.Wait(ctx, opServe); err != nil {
			return err
		}
	}
}

// give gives a place back.
func (r *room) give() {
	if !r.limited {
		return
	}
	r.mu.Lock()
	r.free++
	l := r.changed
	r.changed = nil
	r.mu.Unlock()
	if l != nil {
		l.Open()
	}
}

// close ends the waits.
func (r *room) close() {
	r.mu.Lock()
	r.closed = true
	l := r.changed
	r.changed = nil
	r.mu.Unlock()
	if l != nil {
		l.Fail()
	}
}
