package lowlevel

import (
	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/inside"
	"github.com/anyio-go/anyio/internal/kernel"
	"github.com/anyio-go/anyio/internal/waitq"
)

var newCase = inside.NewCase.(func(kernel.Case) anyio.Case)

// Case returns the case of anyio.Select in which an operation that waits in the lot is
// done. It takes the operation apart into what a blocking call does in a row:
//
//   - ready reports whether the operation need not wait. It changes nothing.
//   - take finishes it, and returns what the case returns. unparked is false right after
//     ready has returned true, and true when Unpark has chosen the Select: then what it
//     waited for is its own. take may be nil if there is nothing to do.
//
// Both are called with L held, and must not wait; in the simulator each is one step. If
// another case is chosen, or the Select is canceled, take is not called, and Unpark passes
// over the Select.
func (l *ParkingLot) Case(ready func() bool, take func(unparked bool) error) anyio.Case {
	return newCase(&parkingCase{l: l, ready: ready, take: take})
}

type parkingCase struct {
	l     *ParkingLot
	ready func() bool
	take  func(unparked bool) error
	node  waitq.Node[kernel.Slot] // guarded by the lot's mu
}

func (c *parkingCase) Begin(kernel.Place) { kernel.Touch(nil, kernel.Changes) }

func (c *parkingCase) Try() (done bool, err error) {
	c.locked(func() {
		if done = c.ready(); done {
			err = c.finish(false)
		}
	})
	return done, err
}

func (c *parkingCase) Ready() (ready bool) {
	c.locked(func() { ready = c.ready() })
	return ready
}

func (c *parkingCase) Result() (err error) {
	c.locked(func() { err = c.finish(true) })
	return err
}

func (c *parkingCase) finish(unparked bool) error {
	if c.take == nil {
		return nil
	}
	return c.take(unparked)
}

func (c *parkingCase) Enqueue(w *kernel.Waiter, index int) (queued bool) {
	c.locked(func() {
		if queued = !c.ready(); queued {
			c.node.Value = kernel.Slot{W: w, Index: index}
			kernel.Touch(c.l, kernel.Changes)
			c.l.mu.Lock()
			c.l.queue.Push(&c.node)
			c.l.mu.Unlock()
		}
	})
	return queued
}

// locked calls f with L held. A Select is one step: it stands in queues by then, where
// nobody must find it before it waits.
func (c *parkingCase) locked(f func()) {
	c.l.lock()
	defer kernel.Unpreempted(c.l.unlock)
	kernel.Unpreempted(f)
}

func (c *parkingCase) Dequeue() {
	kernel.Touch(c.l, kernel.Changes)
	c.l.mu.Lock()
	c.l.queue.Remove(&c.node)
	c.l.mu.Unlock()
}
