package anyio

import "github.com/anyio-go/anyio/internal/slots"

// A ResourceGuard makes sure that two tasks do not do the same thing with a
// resource at once: the second gets a *BusyError in place of a garbled stream. It
// does not wait and does not know its owner. The zero value is ready; a guard
// must not be copied after its first use.
type ResourceGuard struct {
	// Action completes "another task is already … this resource"; "" means
	// "using". Set it before the first use.
	Action string
	guard  slots.Guard
}

// Acquire enters the guarded region, or returns a *BusyError if somebody is in it.
func (g *ResourceGuard) Acquire() error {
	if g.guard.Enter() {
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
	if !g.guard.Leave() {
		panic(misuse("resource guard released without having been acquired: call Release once for each Acquire that returned nil"))
	}
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
