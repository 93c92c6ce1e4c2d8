package testkit

import (
	"context"
	"fmt"
	"sync/atomic"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/kernel"
)

// A Bell is a kernel.Ready that tasks wait for.
type Bell struct {
	readable, writable atomic.Pointer[anyio.Event]
	Reads, Writes      atomic.Int32 // how often it was told
}

// NewBell makes a Bell.
func NewBell() *Bell {
	b := &Bell{}
	b.readable.Store(&anyio.Event{})
	b.writable.Store(&anyio.Event{})
	return b
}

// Readable implements kernel.Ready.
func (b *Bell) Readable() {
	b.Reads.Add(1)
	b.readable.Load().Set()
}

// Writable implements kernel.Ready.
func (b *Bell) Writable() {
	b.Writes.Add(1)
	b.writable.Load().Set()
}

// Until makes attempts until one does not find nothing, and waits between them.
func (b *Bell) Until(ctx context.Context, write bool, try func() error) error {
	for {
		e := &anyio.Event{}
		if write {
			b.writable.Store(e)
		} else {
			b.readable.Store(e)
		}
		if err := try(); err != kernel.ErrWouldBlock {
			return err
		}
		if err := e.Wait(ctx); err != nil {
			return fmt.Errorf("not told: %w", err)
		}
	}
}
