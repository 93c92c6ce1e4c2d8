package anyio

import (
	"sync/atomic"

	"github.com/anyio-go/anyio/internal/kernel"
)

// A ResourceGuard makes sure that two tasks do not do the same thing with a
// resource at once: the second gets a *BusyError in place of a garbled stream. It
// does not wait and does not know its owner. The zero value is ready; a guard
// must not be copied after its first use.
type ResourceGuard struct {
	// Action completes "another task is already … this resource"; "" means
	// "using". Set it before the first use.
	Action string
	taken  atomic.Uint32
}

// Acquire enters the guarded region, or returns a *BusyError if somebody is in it.
func (g *ResourceGuard) Acquire() error {
	kernel.Preempt()
	free := g.taken.CompareAndSwap(0, 1)
	kernel.Preempt()
	if free {
		return nil
	}
	action := g.Action
	if action == "" {
		action = "using"
	}
	return &BusyError{Action: action}
}

// Release leaves the guarded region. It panics with a *MisuseError if nobody is
// in it.
func (g *ResourceGuard) Release() {
	kernel.Preempt()
	if !g.taken.CompareAndSwap(1, 0) {
		panic(misuse("resource guard released without having been acquired: call Release once for each Acquire that returned nil"))
	}
	kernel.Preempt()
}

// Do runs f in the guarded region, or returns a *BusyError. It leaves the region
// also if f panics.
func (g *ResourceGuard) Do(f func() error) error {
	if err := g.Acquire(); err != nil {
		return err
	}
	defer g.Release()
	return f()
}
