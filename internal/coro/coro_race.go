//go:build race

package coro

import (
	"runtime"

	"github.com/anyio-go/anyio/internal/goid"
)

// Pooled reports whether a coroutine may run one task after another. Under
// -race it may not: program order would hide races between the two.
const Pooled = false

type impl struct {
	body    Body
	in, out chan bool
	started bool
	ended   bool
}

// New makes a coroutine that will run body at the first Resume.
func New(body Body) *Coro {
	return &Coro{impl: impl{body: body, in: make(chan bool), out: make(chan bool)}}
}

// Resume runs the coroutine until it yields (true) or ends (false). A panic of the
// body ends the process, where that of iter.Pull would reach the caller; the bodies
// of tasks recover theirs.
//
//go:norace
func (c *Coro) Resume() bool { return c.step(true) }

// Yield gives control back to the caller of Resume. It returns false when the
// coroutine is asked to end.
//
//go:norace
func (c *Coro) Yield() bool {
	runtime.RaceDisable()
	c.out <- true
	more := <-c.in
	runtime.RaceEnable()
	return more
}

// Stop ends a suspended coroutine: its Yield returns false.
//
//go:norace
func (c *Coro) Stop() {
	if !c.started {
		c.started, c.ended = true, true
	}
	for c.step(false) {
	}
}

//go:norace
func (c *Coro) step(more bool) bool {
	if c.ended {
		return false
	}
	if !c.started {
		c.started = true
		go c.main()
	}
	runtime.RaceDisable()
	c.in <- more
	alive := <-c.out
	runtime.RaceEnable()
	if !alive {
		c.ended = true
	}
	return alive
}

//go:norace
func (c *Coro) main() {
	c.goid = goid.Get()
	defer c.finish()
	runtime.RaceDisable()
	<-c.in
	runtime.RaceEnable()
	c.body.RunCoro(c)
}

//go:norace
func (c *Coro) finish() {
	runtime.RaceDisable()
	c.out <- false
	runtime.RaceEnable()
}
