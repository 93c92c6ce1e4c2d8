package stream

import (
	"context"
	"os"
	"sync"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/kernel"
)

// A netSide is one direction of a netConn. All its calls wait in one scope, whose
// deadline is the direction's. When that has passed the scope is canceled for good,
// so a later deadline needs a new one. While there is no call the scope is left alone:
// net/http sets a deadline that has passed, and takes it back, with each request.
type netSide struct {
	turn     *anyio.Semaphore // held by the call that goes on
	ctx      context.Context  // in which the scopes are opened; constant
	mu       sync.Mutex       // guards what follows, and orders moves of the deadline
	scope    *kernel.Scope
	calls    int   // that go on, or wait for their turn
	deadline int64 // of the run's clock
	armed    int64 // the deadline of the scope: the same, while there are calls
	closed   bool
	ended    error // why the scope was canceled before closed was set; nil if it was not
}

func (d *netSide) open(ctx context.Context) {
	d.turn, d.ctx, d.deadline = anyio.NewSemaphore(1), ctx, kernel.NoDeadline
	d.renewLocked()
}

// renewLocked replaces the scope.
func (d *netSide) renewLocked() {
	if d.scope != nil {
		d.scope.Leave()
	}
	d.scope, d.armed = &kernel.Scope{}, d.deadline
	d.scope.Init(d.ctx, d.deadline, false)
}

// moveLocked makes the deadline that of the scope.
func (d *netSide) moveLocked() {
	switch {
	case d.scope.CancelCalled():
		d.renewLocked()
	case d.armed != d.deadline:
		d.armed = d.deadline
		d.scope.SetDeadline(d.deadline)
	}
}

// begin begins a call and returns the scope to make it in; nil if the deadline has passed.
// After the call comes end.
func (d *netSide) begin() *kernel.Scope {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.closed {
		if d.expiredLocked() {
			if (kernel.Place{S: d.scope}).CanceledOr(nil) == nil || d.scope.CancelCalled() {
				return nil
			}
		} else {
			d.moveLocked()
		}
	}
	d.calls++
	return d.scope
}

func (d *netSide) end() {
	d.mu.Lock()
	d.calls--
	d.mu.Unlock()
}

// setDeadline moves the deadline, the zero time being none. It returns false if
// the connection is closed.
func (d *netSide) setDeadline(t time.Time) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return false
	}
	if d.deadline = d.scope.Run().Instant(t); d.calls > 0 {
		d.moveLocked()
	}
	return true
}

// expired reports whether the deadline has passed.
func (d *netSide) expired() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.expiredLocked()
}

func (d *netSide) expiredLocked() bool {
	return d.deadline != kernel.NoDeadline && d.scope.Run().Now() >= d.deadline
}

// closing precedes the end of the stream: what has canceled the calls that go on is
// their error. No deadline is set any more.
func (d *netSide) closing() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.closed = true
	d.ended = kernel.Place{S: d.scope}.CanceledOr(nil)
	if d.ended != nil && d.scope.CancelCalled() && d.expiredLocked() {
		d.ended = os.ErrDeadlineExceeded
	}
}

// outcome is the error of a call that was canceled, if the connection is closed.
func (d *netSide) outcome() (err error, closed bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed && d.ended == nil {
		return anyio.ErrClosed, true
	}
	return d.ended, d.closed
}

// close ends all calls and allows no more.
func (d *netSide) close() { d.scope.Leave() }
