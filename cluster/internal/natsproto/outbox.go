package natsproto

import (
	"context"
	"errors"
	"sync"

	"github.com/anyio-go/anyio/lowlevel"
	"github.com/anyio-go/anyio/stream"
)

// ErrFull is returned by Add if more waits to be sent than may.
var ErrFull = errors.New("too much waits to be sent")

// An Outbox is what is to be sent over a connection, or over several, one after the other.
type Outbox struct {
	mu      sync.Mutex
	lot     *lowlevel.ParkingLot
	max     int
	pending []byte
	marked  int
}

// NewOutbox makes one for so many bytes.
func NewOutbox(max int) *Outbox {
	o := &Outbox{max: max}
	o.lot = lowlevel.NewParkingLot("send", &o.mu)
	return o
}

// Add adds something. It never waits, and is no schedule point: it may be called with a
// lock held.
func (o *Outbox) Add(data []byte) error { return o.add(data, 0) }

// AddMarked is Add of something that is counted as long as it waits.
func (o *Outbox) AddMarked(data []byte) error { return o.add(data, 1) }

// Marked returns how many of those wait.
func (o *Outbox) Marked() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.marked
}

func (o *Outbox) add(data []byte, marks int) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.pending)+len(data) > o.max {
		return ErrFull
	}
	o.pending = append(o.pending, data...)
	o.marked += marks
	o.lot.Unpark(1)
	return nil
}

// Send sends what is there and what is added, until it fails. One task may do so at a time.
// Cancellation: an unknown part may have been sent.
func (o *Outbox) Send(ctx context.Context, conn stream.ByteSendStream) error {
	for {
		data, err := o.take(ctx)
		if err != nil {
			return err
		}
		if err := conn.Send(ctx, data); err != nil {
			return err
		}
	}
}

// take waits until there is something, and takes it.
func (o *Outbox) take(ctx context.Context) ([]byte, error) {
	if err := lowlevel.Enter(ctx); err != nil {
		return nil, err
	}
	for {
		o.mu.Lock()
		if len(o.pending) > 0 {
			data := o.pending
			o.pending, o.marked = nil, 0
			o.mu.Unlock()
			return data, nil
		}
		if err := o.lot.Park(ctx); err != nil {
			return nil, err
		}
	}
}
