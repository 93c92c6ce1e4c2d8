package socket

import (
	"sync/atomic"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/kernel"
)

// A readGuard and a writeGuard are an anyio.ResourceGuard each, a sixth of its size.
type (
	readGuard  struct{ guard }
	writeGuard struct{ guard }
)

func (g *readGuard) Acquire() error  { return g.acquire("reading from") }
func (g *writeGuard) Acquire() error { return g.acquire("writing to") }

type guard struct{ taken atomic.Uint32 }

func (g *guard) acquire(action string) error {
	kernel.Preempt()
	free := g.taken.CompareAndSwap(0, 1)
	kernel.Preempt()
	if free {
		return nil
	}
	return &anyio.BusyError{Action: action}
}

// Release leaves the region that was entered by Acquire.
func (g *guard) Release() {
	kernel.Preempt()
	g.taken.Store(0)
	kernel.Preempt()
}
