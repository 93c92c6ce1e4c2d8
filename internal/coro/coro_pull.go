//go:build !race

package coro

import "iter"

// Pooled reports whether a coroutine may run one task after another. Under
// -race it may not: program order would hide races between the two.
const Pooled = true

type impl struct {
	next  func() (struct{}, bool)
	stop  func()
	yield func(struct{}) bool
}

// New makes a coroutine that will run body at the first Resume.
func New(body Body) *Coro {
	c := &Coro{Wait: body}
	c.next, c.stop = iter.Pull(func(yield func(struct{}) bool) {
		c.yield = yield
		for c.body().RunCoro(c) && c.yield(struct{}{}) {
		}
	})
	return c
}

// body takes out what the coroutine is to run. It is apart for the sake of small stacks.
//
//go:noinline
func (c *Coro) body() Body {
	b := c.Wait.(Body)
	c.Wait = nil
	return b
}

// Resume runs the coroutine until it yields (true) or ends (false). When the
// body ended by runtime.Goexit, the caller's goroutine exits as well.
func (c *Coro) Resume() bool {
	_, ok := c.next()
	return ok
}

// Yield gives control back to the caller of Resume. It returns false when the
// coroutine is asked to end.
func (c *Coro) Yield() bool { return c.yield(struct{}{}) }

// Switches are the functions that Resume and Yield call: package fetch can fetch what they
// are made of. That of Yield is nil before the first Resume.
func (c *Coro) Switches() (resume, yield any) { return c.next, c.yield }

// Stop ends a suspended coroutine: its Yield returns false.
func (c *Coro) Stop() { c.stop() }
