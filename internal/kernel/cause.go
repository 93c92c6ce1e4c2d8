package kernel

import (
	"context"
	"runtime"
	"time"
	"unsafe"

	"github.com/anyio-go/anyio/internal/quiet"
	"github.com/anyio-go/anyio/internal/race"
)

// CauseKind tells what canceled a scope.
type CauseKind uint8

const (
	ByCall     CauseKind = iota // somebody called Cancel
	ByDeadline                  // the scope's deadline passed
	ByContext                   // a foreign context above was canceled
	ByEnd                       // the scope has been left
	ByKill                      // the whole run ended early
	ByRequest                   // one task was asked to end, see Request
)

// A Cause says why a scope was canceled. It is shared by everything below.
type Cause struct {
	Kind     CauseKind
	Reason   string
	Err      error     // the error behind it, if there is one
	Task     string    // name of the task that failed or canceled
	Deadline time.Time // ByDeadline
	PC       uintptr   // of the call to Cancel
	Timeout  bool      // ByContext: that context's Err is context.DeadlineExceeded
	once     quiet.Once
	err      error
	context  causeContext
}

// sentinel is the cause as the Err of a context, which package context allows two
// values only.
//
//go:norace
func (c *Cause) sentinel() error {
	if c.Kind == ByDeadline || c.Timeout {
		return context.DeadlineExceeded
	}
	return context.Canceled
}

// publish lets all that was done before Cancel happen before what sees the
// cancellation. Time orders nothing: who notices that a deadline has passed, or has
// set it, has told nobody anything.
//
//go:norace
func (c *Cause) publish() {
	if !c.silent() {
		race.ReleaseMerge(unsafe.Pointer(c))
	}
}

// silent reports whether who cancels is not to be ordered before those who see it.
//
//go:norace
func (c *Cause) silent() bool { return c.Kind == ByDeadline }

// Error is the cause as the error that blocking calls return, always the same one.
//
//go:norace
func (c *Cause) Error() error {
	c.once.Do(func() { race.Apart(unsafe.Pointer(c), func() { c.err = hooks.Canceled(c) }) })
	race.Acquire(unsafe.Pointer(c))
	return c.err
}

// is reports whether err is the cause, as blocking calls or as Err tell it.
//
//go:norace
func (c *Cause) is(err error) bool { return err == c.sentinel() || err == c.Error() }

// CallerPC is the place skip frames above its caller.
//
//go:norace
func CallerPC(skip int) uintptr {
	var pc [1]uintptr
	runtime.Callers(skip+2, pc[:])
	return pc[0]
}

// errHidden is for who was canceled for a moment, before a shield hid the cause.
var errHidden = &Cause{Kind: ByCall}

var errScopeEnded = &Cause{Kind: ByEnd, Reason: "the scope of this context has ended; use the context of a scope that is still open"}
