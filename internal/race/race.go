//go:build race

// Package race lets the schedulers of this module tell the race detector which
// of their switches are true synchronization, and which are only bookkeeping.
// Without -race every function is an empty one that the compiler removes.
package race

import (
	"runtime"
	"sync/atomic"
	"unsafe"
)

// Enabled reports whether the race detector is built in.
const Enabled = true

// Disable makes the detector ignore the synchronization of the calling goroutine.
func Disable() { runtime.RaceDisable() }

// Enable ends what Disable began.
func Enable() { runtime.RaceEnable() }

// Acquire takes over what was released at addr.
func Acquire(addr unsafe.Pointer) { runtime.RaceAcquire(addr) }

// ReleaseMerge adds all that happened before to what is released at addr.
func ReleaseMerge(addr unsafe.Pointer) { runtime.RaceReleaseMerge(addr) }

// An Edge leads from who has made it to who acquires it. It may be copied.
type Edge struct{ at *uint64 }

// NewEdge makes the edge from the calling goroutine.
func NewEdge() Edge {
	e := Edge{new(uint64)}
	ReleaseMerge(unsafe.Pointer(e.at))
	return e
}

// Acquire takes over what was done before the edge was made.
func (e Edge) Acquire() { Acquire(unsafe.Pointer(e.at)) }

// ReadRange tells that the system has read p on behalf of the calling goroutine.
func ReadRange(p []byte) {
	if len(p) > 0 {
		runtime.RaceReadRange(unsafe.Pointer(&p[0]), len(p))
	}
}

// WriteRange tells that the system has written to p likewise.
func WriteRange(p []byte) {
	if len(p) > 0 {
		runtime.RaceWriteRange(unsafe.Pointer(&p[0]), len(p))
	}
}

// begun is where the initialization of packages is released.
var begun atomic.Bool

// Begin tells the goroutines of Apart what was done before its first call: that of the
// package that gives the kernel its functions, when it is initialized. They know no more
// of the program than that. Without it the first who calls Apart would tell them all it
// has done.
func Begin() {
	runtime.RaceDisable()
	known := begun.Load()
	runtime.RaceEnable()
	if known {
		return
	}
	runtime.RaceReleaseMerge(unsafe.Pointer(&begun))
	runtime.RaceDisable()
	begun.Store(true)
	runtime.RaceEnable()
}

// Begun tells the calling goroutine what Begin told, which is nothing before its first call.
// It is for a goroutine that was made while Disable held, and so knows nothing at all.
func Begun() { runtime.RaceAcquire(unsafe.Pointer(&begun)) }

// Apart runs f on a goroutine of its own that knows nothing but what Begin told and what
// was released at addr, where it leaves what it has done. The caller, who waits, learns
// nothing.
func Apart(addr unsafe.Pointer, f func()) {
	Begin()
	donec := make(chan struct{})
	runtime.RaceDisable()
	go func() {
		Begun()
		runtime.RaceAcquire(addr)
		f()
		runtime.RaceReleaseMerge(addr)
		runtime.RaceDisable()
		close(donec)
		runtime.RaceEnable()
	}()
	<-donec
	runtime.RaceEnable()
}

// Isolate runs f where nothing that f acquires sticks to the caller: on a
// goroutine of its own, waited for without a happens-before edge.
func Isolate(f func()) {
	donec := make(chan struct{})
	go func() {
		f()
		runtime.RaceDisable()
		close(donec)
		runtime.RaceEnable()
	}()
	runtime.RaceDisable()
	<-donec
	runtime.RaceEnable()
}
