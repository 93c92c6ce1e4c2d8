package loop

import (
	"math"
	"unsafe"

	"github.com/anyio-go/anyio/internal/goid"
	"github.com/anyio-go/anyio/internal/kernel"
	"github.com/anyio-go/anyio/internal/race"
)

// calls are what the loop calls between the steps of tasks. Only the driver does so: a
// task that acts for it gives it control when a call is due, or an iteration ends.
type calls struct {
	queue   kernel.CallQueue
	tasks   uint64 // how many steps of tasks there were
	done    uint64 // how many calls
	due     bool   // the first of the queue comes next
	running bool   // one runs
	border  uint64 // of the iteration: so many tasks and calls; the maximum if there are none
	halt    bool
	onHalt  func()
	drained kernel.CallQueue // empty: the memory of remote.calls, in turns
}

// Call is as kernel.Looper says.
//
//go:norace
func (l *Loop) Call(to kernel.Callee) bool {
	c := kernel.NewCall(to)
	if l.drives(goid.Get()) {
		l.queueCall(c)
		return true
	}
	race.Disable()
	queued := l.remote.pushCall(c)
	race.Enable()
	if queued {
		l.Clock.Wake()
	}
	return queued
}

// CallHere is as kernel.Looper says.
//
//go:norace
func (l *Loop) CallHere(to kernel.Callee) { l.queueCall(kernel.NewCall(to)) }

//go:norace
func (l *Loop) queueCall(c kernel.Call) {
	l.calls.queue.Push(c, l.calls.tasks+uint64(l.Order.Len()))
}

// callDue decides whether a call comes next.
//
//go:norace
func (l *Loop) callDue() bool {
	c := &l.calls
	switch {
	case c.queue.Len() == 0:
		return false
	case l.Director == nil:
		c.due = c.queue.Due(c.tasks)
	default:
		n := l.Order.Len()
		c.due = n == 0 || l.Director.CallFirst(n)
	}
	return c.due
}

// call does the call that is due, and those after it while nobody else's turn comes.
//
//go:norace
func (l *Loop) call() {
	if l.Director != nil {
		if kind := l.Director.OnCall(); kind != "" {
			l.stall(kind)
		}
	}
	l.cur = nil
	if own := goid.Get(); l.current.Load() != own { // to store is an exchange
		l.current.Store(own)
	}
	l.calls.running = true
	for next := true; next; next = l.another() {
		l.calls.due = false
		c := l.calls.queue.Pop()
		l.calls.done++
		l.goOn()
		c.Make()
		l.giveWay()
	}
	l.calls.running = false
}

// another reports whether a call comes next, and the driver has nothing to look at before.
//
//go:norace
func (l *Loop) another() bool {
	if l.Director != nil || l.stalled != nil || l.pace.picks <= 1 || l.prompt.late.Load() || l.iterationEnds() || l.givenUp() || !l.callDue() {
		return false
	}
	l.pace.picks--
	return true
}

// Iterate is as kernel.Looper says.
//
//go:norace
func (l *Loop) Iterate(onHalt func()) {
	l.calls.onHalt = onHalt
	if l.calls.border == math.MaxUint64 {
		l.calls.border = l.ran()
	}
}

// Halt is as kernel.Looper says.
//
//go:norace
func (l *Loop) Halt() { l.calls.halt = true }

// Pause is as kernel.Looper says.
//
//go:norace
func (l *Loop) Pause(wait func(lend func(goroutine int64))) {
	own := goid.Get()
	l.watch.rest()
	l.current.Store(0)
	wait(l.goid.Store)
	l.goid.Store(own)
	l.watch.run()
}

// Called reports whether any call was made.
//
//go:norace
func (l *Loop) Called() bool { return l.calls.done > 0 }

// ran is how many steps and calls there were.
//
//go:norace
func (l *Loop) ran() uint64 { return l.calls.tasks + l.calls.done }

// iterationEnds reports whether all has been run that was ready when the iteration began.
//
//go:norace
func (l *Loop) iterationEnds() bool { return l.calls.tasks+l.calls.done >= l.calls.border }

// iterate begins an iteration.
//
//go:norace
func (l *Loop) iterate() {
	if l.calls.halt {
		l.calls.halt = false
		l.goOn()
		l.calls.onHalt()
		l.giveWay()
	}
	l.drainRemote()
	if !l.timers.empty() {
		l.fireTimers(l.Clock.Now())
	}
	if race.Enabled {
		l.drainRemote()
	}
	l.calls.border = l.ran() + uint64(l.Order.Len()+l.calls.queue.Len())
}

// iterateHere is iterate where there is nothing to do but to count, also for a task that acts
// for the driver; false if it is the driver's.
//
//go:norace
func (l *Loop) iterateHere() bool {
	if race.Enabled || l.calls.halt || l.remote.n.Load() > 0 || !l.timers.empty() {
		return false
	}
	l.calls.border = l.ran() + uint64(l.Order.Len()+l.calls.queue.Len())
	return true
}

// goOn and giveWay are called when somebody's turn begins and ends, and order the turns
// for the race detector, if the loop iterates.
//
//go:norace
func (l *Loop) goOn() {
	if race.Enabled && l.calls.border != math.MaxUint64 {
		race.Acquire(unsafe.Pointer(&l.calls))
	}
}

//go:norace
func (l *Loop) giveWay() {
	if race.Enabled && l.calls.border != math.MaxUint64 {
		race.ReleaseMerge(unsafe.Pointer(&l.calls))
	}
}
