package offload

import (
	"errors"
	"net"

	"github.com/anyio-go/anyio/internal/kernel"
)

// A Call makes calls one at a time. Who is canceled while one goes on leaves it, and its
// result is what the next caller gets. After Close there is none. The zero value is ready.
type Call[T any] struct {
	// Step makes a call one step of a simulation. Else it waits for what is outside, and
	// simulated time stands still meanwhile.
	Step bool
	// Drop gets the values that nobody will take; may be nil.
	Drop func(T)

	End
	result  Result[T]   // belongs to the call that goes on, then to who takes it
	run     *kernel.Run // in which it is to begin, nil once it has
	f       func() (T, error)
	op      kernel.Op
	busy    bool // guarded by mu: the calls of a caller go on; what follows is that one's
	started bool // f was called, and nobody has taken the result
}

// ErrBusy is the error of who calls while the call of another caller goes on.
var ErrBusy = errors.New("another call goes on")

// Do waits for the call that goes on, if there is one, else it makes f the call.
func (c *Call[T]) Do(p kernel.Place, op kernel.Op, f func() (T, error)) (v T, err error) {
	if err := c.enter(p); err != nil {
		return v, err
	}
	defer c.leave()
	return c.do(p, op, f)
}

// DoNext waits for the call that goes on, if there is one, and then makes f the call. If
// the first one has failed, its error is that of the second, which is not made.
func (c *Call[T]) DoNext(p kernel.Place, op kernel.Op, f func() (T, error)) (v T, err error) {
	if err := c.enter(p); err != nil {
		return v, err
	}
	defer c.leave()
	if v, err := c.settle(p); err != nil {
		return v, err
	}
	return c.do(p, op, f)
}

// enter begins the calls of one caller; leave must follow.
func (c *Call[T]) enter(p kernel.Place) error {
	c.mu.Lock()
	closed, busy := c.closed, c.busy
	c.busy = busy || !closed
	c.mu.Unlock()
	switch {
	case closed:
		return p.CanceledOr(net.ErrClosed)
	case busy:
		return ErrBusy
	}
	return nil
}

func (c *Call[T]) leave() {
	c.mu.Lock()
	c.busy = false
	left := c.closed && c.remains()
	c.mu.Unlock()
	if left {
		c.drop()
	}
}

// remains reports whether there is a result that can be taken. The caller holds mu.
func (c *Call[T]) remains() bool { return c.started && c.ended && !c.late }

func (c *Call[T]) drop() {
	if r := &c.result; c.Drop != nil && r.Err == nil && r.Panic == nil && !r.Exited {
		c.Drop(r.Value)
	}
}

// do is Do for who has entered.
func (c *Call[T]) do(p kernel.Place, op kernel.Op, f func() (T, error)) (T, error) {
	if !c.started {
		c.Start(p.Run(), op, f)
	}
	return c.settle(p)
}

// settle waits for the call that goes on, if there is one, and takes its result.
func (c *Call[T]) settle(p kernel.Place) (v T, err error) {
	if !c.started {
		return v, nil
	}
	if err := c.Await(p); err != nil {
		return v, err
	}
	return c.Take()
}

// Start prepares a call, which Await begins. It, Await, AwaitAnyway and Take are the parts
// of Do, for who is the only caller.
func (c *Call[T]) Start(r *kernel.Run, op kernel.Op, f func() (T, error)) {
	c.started, c.run, c.f, c.op = true, r, f, op
}

// Await waits for the end of the call, see End.
func (c *Call[T]) Await(p kernel.Place) error {
	if c.run == nil { // it goes on
		return c.await(p, nil, nil)
	}
	run := c.run
	c.run = nil
	if c.Step && run.InPlace(true) {
		c.again()
		c.RunJob()
		return c.await(p, nil, nil)
	}
	return c.await(p, run, c)
}

func (c *Call[T]) await(p kernel.Place, r *kernel.Run, job kernel.Job) error {
	if c.Step {
		return c.End.Await(p, c.op, r, job)
	}
	c.outside(p, 1)
	defer c.outside(p, -1)
	return c.End.Await(p, c.op, r, job)
}

// AwaitAnyway does so not minding cancellation nor Close.
func (c *Call[T]) AwaitAnyway(p kernel.Place) {
	c.outside(p, 1)
	defer c.outside(p, -1)
	c.End.AwaitAnyway(p, c.op)
}

// outside tells that a wait for what is outside of the run begins, with 1, or ends.
func (c *Call[T]) outside(p kernel.Place, n int) {
	if t := p.RunningTask(); t != nil && !c.Step {
		t.Scope.Run().Outside(n)
	}
}

// Take returns the result of the call that has ended, or raises its panic.
func (c *Call[T]) Take() (T, error) {
	r := c.result
	c.started, c.f, c.result = false, nil, Result[T]{}
	return r.take()
}

// RunJob implements kernel.Job.
func (c *Call[T]) RunJob() {
	if w := c.RunWaking(); w != nil {
		w.Unpark()
	}
}

// RunWaking implements kernel.WakingJob.
func (c *Call[T]) RunWaking() (wake *kernel.Waiter) {
	defer func() {
		exits := c.result.Exited
		var late bool
		if wake, late = c.Finish(c.result.Err != nil && c.result.Panic == nil); late {
			c.drop()
		}
		if exits && wake != nil { // there is nobody to do it
			wake.Unpark()
		}
	}()
	c.result.Of(c.f, c.op.String)
	return nil
}

// Close lets the caller who waits go on, with net.ErrClosed, and those fail who come. It
// does not wait for the call that goes on. It reports whether it was the first.
func (c *Call[T]) Close() (first bool) {
	c.mu.Lock()
	first = !c.closed
	left := first && !c.busy && c.remains()
	wake := c.closeLocked()
	c.mu.Unlock()
	if wake != nil {
		wake.Unpark()
	}
	if left {
		c.drop()
	}
	return first
}
