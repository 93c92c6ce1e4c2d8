//go:build race

package coro

import "runtime"

// Pooled reports whether a coroutine may run one task after another. Under
// -race it may not: program order would hide races between the two.
const Pooled = false

type impl struct {
	body    Body
	in, out chan bool
	ordered bool // see Ordered
	started bool
	ended   bool
}

// New makes a coroutine that will run body at the first Resume.
func New(body Body) *Coro {
	o, ok := body.(Ordered)
	return &Coro{impl: impl{body: body, in: make(chan bool), out: make(chan bool), ordered: ok && o.OrderedSteps()}}
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
	c.hide()
	c.out <- true
	more := <-c.in
	c.show()
	return more
}

// Switches are nil here.
func (c *Coro) Switches() (resume, yield any) { return nil, nil }

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
	c.hide()
	c.in <- more
	alive := <-c.out
	c.show()
	if !alive {
		c.ended = true
	}
	return alive
}

//go:norace
func (c *Coro) main() {
	defer c.finish()
	c.hide()
	<-c.in
	c.show()
	c.body.RunCoro(c)
}

// hide keeps a switch from the race detector.
//
//go:norace
func (c *Coro) hide() {
	if !c.ordered {
		runtime.RaceDisable()
	}
}

// show ends what hide began.
//
//go:norace
func (c *Coro) show() {
	if !c.ordered {
		runtime.RaceEnable()
	}
}

//go:norace
func (c *Coro) finish() {
	c.hide()
	c.out <- false
	c.show()
}
