package loop

import (
	"sync/atomic"
	"time"

	"github.com/anyio-go/anyio/internal/coro"
	"github.com/anyio-go/anyio/internal/goid"
	"github.com/anyio-go/anyio/internal/kernel"
)

// A Host is a foreign loop, in whose calls all tasks of a guest run.
type Host struct {
	// Post has f called soon on the host's goroutine. It may block until f has
	// returned, and is called on a goroutine that the host does not know.
	Post func(f func())
	// PostHere is the same for calls on the host's own goroutine, where it must not
	// block or call f. It may be nil.
	PostHere func(f func())
	// Burst is how long the guest may keep the host in one call.
	Burst time.Duration
}

// A Guest runs a loop inside a host. The loop is itself a coroutine, which the host
// resumes: where the loop would wait, and when a burst is over, it gives control back.
// The goroutine that called Main waits in its place, and then asks the host to call.
//
// A burst ends between two steps, in Clock.Poll, perhaps on the stack of a task: a switch
// of coroutines does not ask which goroutine makes it.
//
// The race detector sees all steps in the order of the host's calls: what the host may
// touch, tasks may.
type Guest struct {
	loop  *Loop
	clock Clock // the real one
	host  Host
	main  *kernel.Task
	coro  *coro.Coro // of the loop; nil before the first call
	call  func()     // burst
	asked atomic.Bool

	// What follows is handed to and fro with control.
	until  int64 // when the burst is over
	next   int64 // when Idle is to end, if timed
	timed  bool
	resume bool // the burst was over before the loop had nothing to do
	ended  bool
	ending Ending

	caller caller
	back   chan struct{} // the host has got control back
}

// AsGuest makes l a guest, before its Main, which is the Guest's then. It is not lent.
func (l *Loop) AsGuest(h Host) *Guest {
	g := &Guest{loop: l, clock: l.Clock, host: h, back: make(chan struct{}, 1)}
	g.call = g.burst
	l.Clock, l.Looks = guestClock{l.Clock, g}, false
	return g
}

// Main is that of the loop. Its steps are made by the host.
func (g *Guest) Main(t *kernel.Task) error {
	g.main, g.resume = t, true
	for {
		if !g.resume {
			_ = g.clock.Idle(g.next, g.timed)
		}
		g.asked.Store(true)
		g.host.Post(g.call)
		if <-g.back; g.ended {
			g.dismiss()
			return g.ending.Result()
		}
	}
}

// burst is what the host calls. Calls that nobody has asked for do nothing, such as one
// by a loop within the host's that a task runs.
func (g *Guest) burst() {
	if !g.asked.CompareAndSwap(true, false) {
		return
	}
	g.caller.check()
	if g.coro == nil {
		g.coro = coro.New(g)
	}
	g.until = g.clock.Now() + int64(g.host.Burst)
	g.coro.Resume()
	if g.resume && !g.ended && g.host.PostHere != nil {
		g.asked.Store(true)
		g.host.PostHere(g.call)
		return
	}
	g.back <- struct{}{}
}

// RunCoro is the life of the loop. If it ends by runtime.Goexit, the coroutine must not
// end as well, which would exit the goroutine of the host.
func (g *Guest) RunCoro(c *coro.Coro) (again bool) {
	c.Begin()
	defer func() {
		g.ended = true
		if !g.ending.returned && g.ending.panicked == nil {
			c.Yield()
		}
	}()
	g.ending.Note("the event loop", func() error { return g.loop.Main(g.main) })
	return false
}

// OrderedSteps makes the loop a coroutine of the host also for the race detector.
func (g *Guest) OrderedSteps() bool { return true }

// OrderedSteps does so with the tasks of a guest.
func (l *Loop) OrderedSteps() bool {
	_, guest := l.Clock.(guestClock)
	return guest
}

var _, _ coro.Ordered = (*Guest)(nil), (*Loop)(nil)

// dismiss ends a coroutine that must not end in the host: on a goroutine that exits with
// it. One that belongs to a thread stays as it is.
func (g *Guest) dismiss() {
	if !g.ending.returned && g.ending.panicked == nil && !g.caller.locked {
		go g.coro.Stop()
	}
}

// leave gives control to the host until the next burst.
func (g *Guest) leave(resume bool) {
	g.resume = resume
	g.coro.Yield()
}

// A guestClock is the Clock of a guest.
type guestClock struct {
	Clock
	guest *Guest
}

// Idle ends the burst.
func (c guestClock) Idle(next int64, hasTimer bool) error {
	c.guest.next, c.guest.timed = next, hasTimer
	c.guest.leave(false)
	return nil
}

// Poll ends the burst if its time is over.
func (c guestClock) Poll() {
	if g := c.guest; c.Clock.Now() >= g.until {
		g.loop.watch.rest()
		g.leave(true)
		g.loop.watch.run()
	}
	c.Clock.Poll()
}

// A caller is who calls on behalf of the host. The runtime ends a program that resumes a
// coroutine on another thread than it was made on, if either goroutine is locked to its
// thread. So a guest that is called by a locked goroutine belongs to that.
type caller struct {
	goid   int64
	locked bool
}

// check raises a mistake before the runtime does. To know whether a goroutine is locked
// takes microseconds, so it is asked for each that has not called last.
func (c *caller) check() {
	here := goid.Get()
	if c.goid == here {
		return
	}
	locked := goid.Locked()
	if c.goid != 0 && (c.locked || locked) {
		panic(kernel.Misuse("a host loop calls its guest from a goroutine that is locked to a thread and from another one: let one goroutine make all calls, or lock none"))
	}
	c.goid, c.locked = here, locked
}
