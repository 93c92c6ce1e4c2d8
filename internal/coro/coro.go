// Package coro switches between coroutines: functions with a stack of their
// own that run one at a time, on whoever calls Resume.
//
// There are two implementations behind one API. Without -race a coroutine is an
// iter.Pull iterator, whose switch costs about 45 ns and creates a
// happens-before edge. Under -race it is a goroutine handed on over channels
// that the race detector is told to ignore, so that two tasks which merely ran
// one after the other are still seen to race.
package coro

import "github.com/anyio-go/anyio/internal/goid"

// A Coro is a coroutine. Resume and Stop are for its owner; Yield and Goid are
// for the function that runs inside.
type Coro struct {
	impl
	goid   int64
	Parked int64   // for its owner: when its task began to wait
	Wait   any     // for its owner: what its task waits for; of one without a task, the next of those; see Body
	Stack  uintptr // for its owner: where its stack was when its task began to wait, see package fetch
}

// A Body is what a coroutine runs. The first thing RunCoro does is to call c.Begin. If it
// returns true, the coroutine yields with nothing of the body on its stack, and its owner
// may resume it with another body in Wait. That is for where Pooled is true.
type Body interface{ RunCoro(c *Coro) (again bool) }

// Begin notes on which goroutine the coroutine's function runs. What is below that has
// no room for it on its stack.
func (c *Coro) Begin() { c.goid = goid.Get() }

// Goid is the id of the goroutine on which the coroutine's function runs; valid
// after Begin.
func (c *Coro) Goid() int64 { return c.goid }

// SetGoid tells that the function goes on on another goroutine, which it waits for
// and which may call Yield in its place.
func (c *Coro) SetGoid(id int64) { c.goid = id }

// An Ordered body may ask the race detector to take its switches for synchronization,
// as they are where nothing else runs but who resumes it.
type Ordered interface {
	Body
	OrderedSteps() bool
}
