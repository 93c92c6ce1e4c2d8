package asyncio

import (
	"context"
	"math"
)

// A Condition lets tasks that have locked a lock wait until another one, which has locked
// it too, tells them to look again. Those who were notified compete for the lock with all
// others, in the order of their coming.
//
// The zero value is ready, with a lock of its own. A Condition must not be copied.
type Condition struct {
	waiters waitList
	shared  *Lock // nil: own
	own     Lock
}

// NewCondition makes a condition over a lock that others may use as well; nil makes it one
// of its own.
func NewCondition(lock *Lock) *Condition { return &Condition{shared: lock} }

func (c *Condition) lock() *Lock {
	if c.shared != nil {
		return c.shared
	}
	return &c.own
}

// Acquire acquires the lock; see Lock.Acquire. Cancellation: as for Lock.Acquire.
func (c *Condition) Acquire(ctx context.Context) error { return c.lock().Acquire(ctx) }

// Release releases the lock; see Lock.Release.
func (c *Condition) Release() { c.lock().Release() }

// Locked reports whether the lock is locked.
func (c *Condition) Locked() bool { return c.lock().locked }

// Do runs f while the lock is locked; see Lock.Do. Cancellation: as for Lock.Do.
func (c *Condition) Do(ctx context.Context, f func(ctx context.Context) error) error {
	return c.lock().Do(ctx, f)
}

// Wait releases the lock, waits until it is notified, and acquires the lock again. The
// error is a *anyio.MisuseError if the lock is not locked.
//
// Cancellation: the lock is locked all the same when Wait returns; who is asked to end
// while it waits for the lock begins to wait anew. A notification that it had passes to the
// next who waits. In a scope that is canceled before, the lock is not released.
func (c *Condition) Wait(ctx context.Context) error {
	l, err := taskLoop(ctx, "Condition.Wait")
	if err != nil {
		return err
	}
	lock := c.lock()
	if !lock.locked {
		return errNotLocked("Wait")
	}
	f, err := c.waiters.add(l)
	if err != nil {
		return err
	}
	lock.Release()
	notified, err := c.waiters.wait(ctx, f)
	if asked := lock.regain(ctx); asked != nil {
		err = asked
	}
	if err != nil && notified {
		c.waiters.wake(1)
	}
	return err
}

// WaitFor waits until predicate, which is called while the lock is locked, returns true. It
// asks first. Cancellation: as for Wait.
func (c *Condition) WaitFor(ctx context.Context, predicate func() bool) error {
	for !predicate() {
		if err := c.Wait(ctx); err != nil {
			return err
		}
	}
	return nil
}

// Notify wakes up to n of those who wait, in the order of their coming. They return when
// they have the lock. Nothing is remembered if nobody waits. It panics with a
// *anyio.MisuseError if the lock is not locked.
func (c *Condition) Notify(n int) {
	c.waiters.use("Condition.Notify")
	if !c.Locked() {
		panic(errNotLocked("Notify"))
	}
	c.waiters.wake(max(n, 0))
}

// NotifyAll wakes all who wait, as Notify does.
func (c *Condition) NotifyAll() { c.Notify(math.MaxInt) }

func errNotLocked(op string) error {
	return misuse("Condition." + op + ": the lock is not locked: acquire it before")
}
