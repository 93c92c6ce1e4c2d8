package anyio

import (
	"context"
	"errors"

	"github.com/anyio-go/anyio/internal/kernel"
	"github.com/anyio-go/anyio/internal/waitq"
)

// A Condition lets tasks that hold a lock wait until another one, holding it too,
// tells them to look again. Unlike sync.Cond its waiting obeys cancellation.
//
// Those who wait are notified in the order of their coming, and get the lock in
// that order. The zero value is ready and has a lock of its own. A Condition must
// not be copied.
type Condition struct {
	lock    *Lock // nil: own; constant
	own     Lock
	mu      waitq.Mutex // guards waiters
	waiters claims
}

// A notice tells a waiter by which call it was notified.
type notice uint8

const (
	notNotified notice = iota
	byNotify
	byNotifyAll
)

var (
	opCondition = kernel.RegisterOp("Condition.Wait")
	opRelock    = kernel.RegisterOp("Condition.Wait: getting the lock back")
)

// NewCondition makes a condition over lock, which may be shared with other
// conditions and used by itself; nil makes it one of its own.
func NewCondition(lock *Lock) *Condition { return &Condition{lock: lock} }

func (c *Condition) underlying() *Lock {
	if c.lock != nil {
		return c.lock
	}
	return &c.own
}

// Acquire acquires the lock; see Lock.Acquire. Cancellation: as for Lock.Acquire.
func (c *Condition) Acquire(ctx context.Context) error { return c.underlying().Acquire(ctx) }

// TryAcquire acquires the lock if it is free; see Lock.TryAcquire.
func (c *Condition) TryAcquire() error { return c.underlying().TryAcquire() }

// Release releases the lock; see Lock.Release.
func (c *Condition) Release() { c.underlying().Release() }

// Reset makes a lock that is broken free again; see Lock.Reset.
func (c *Condition) Reset() { c.underlying().Reset() }

// Locked reports whether somebody owns the lock, or it is broken.
func (c *Condition) Locked() bool { return c.underlying().Locked() }

// Do runs f while holding the lock; see Lock.Do. Cancellation: as for Lock.Do.
func (c *Condition) Do(ctx context.Context, f func(ctx context.Context) error) error {
	return c.underlying().Do(ctx, f)
}

// Wait releases the lock, waits until it is notified, and acquires the lock
// again. The caller must own the lock, else it gets a *MisuseError. The lock is
// owned on return in every case, also with an error: getting it back cannot be
// canceled. Only if the lock broke meanwhile, see Lock, it is not, and the error
// matches ErrBroken.
//
// Cancellation: in a scope that is canceled already the lock is not even
// released. A notification that came before the cancellation, but while the lock
// was not yet back, passes to the next who waits.
func (c *Condition) Wait(ctx context.Context) error {
	p, err := kernel.Enter(ctx)
	if err != nil {
		return err
	}
	kernel.Touch(c, kernel.Changes)
	l := c.underlying()
	if !l.heldByMe() {
		return c.errNotOwner()
	}
	w := claimants.Get()
	defer putClaimant(w)
	w.id, w.run = kernel.Caller(), p.Run()
	w.Prepare(p, opCondition)
	c.mu.Lock()
	c.waiters.Push(&w.node)
	c.mu.Unlock()
	me, task, by := w.id, p.CallerTask(w.id), l.hold.By()
	l.release()

	granted, err := w.wait(p, c)
	switch {
	case granted: // Notify put us into the queue of the lock, which is ours now
	case w.err != nil: // and there it broke
		return err
	default:
		kernel.Touch(c, kernel.Changes)
		c.mu.Lock()
		c.waiters.Remove(&w.node)
		c.mu.Unlock()
		if broken := l.acquireSlow(p, lockWord(), true); broken != nil {
			return errors.Join(err, broken)
		}
	}
	l.hold.Retake((*lockHold)(l), task, me, by)
	if !granted {
		return err
	}
	if err = p.Check(); err != nil && w.notified == byNotify {
		c.notify(1, byNotify)
	}
	return err
}

// WaitFor waits until predicate, which is called with the lock held, returns true. If
// it does so at once nothing is waited for. Otherwise it waits as Wait does.
// Cancellation: as for Wait.
func (c *Condition) WaitFor(ctx context.Context, predicate func() bool) error {
	if _, err := kernel.Enter(ctx); err != nil {
		return err
	}
	kernel.Touch(c.underlying(), kernel.Looks)
	if !c.underlying().heldByMe() {
		return c.errNotOwner()
	}
	for !predicate() {
		if err := c.Wait(ctx); err != nil {
			return err
		}
	}
	return nil
}

// Notify lets up to n of those who wait go on, as soon as the lock is released.
// It is not remembered if nobody waits. It panics with a *MisuseError if the
// caller does not own the lock at that moment.
func (c *Condition) Notify(n int) {
	kernel.Preempt()
	c.notify(n, byNotify)
	kernel.PreemptAfter(c, kernel.Changes)
}

// NotifyAll lets all who wait go on, one after the other, as soon as the lock is
// released. It panics with a *MisuseError if the caller does not own the
// lock.
func (c *Condition) NotifyAll() {
	kernel.Preempt()
	c.notify(int(^uint(0)>>1), byNotifyAll)
	kernel.PreemptAfter(c, kernel.Changes)
}

// notify moves waiters to the queue of the lock, so that none wakes in vain.
func (c *Condition) notify(n int, how notice) {
	l := c.underlying()
	kernel.Touch(c, kernel.Changes)
	kernel.Touch(l, kernel.Changes)
	if !l.heldByMe() {
		panic(errNotHolding())
	}
	var woken claims // all are chosen at one instant
	c.mu.Lock()
	for ; n > 0; n-- {
		w := c.waiters.wakeFirst()
		if w == nil {
			break
		}
		woken.Push(&w.node)
	}
	c.mu.Unlock()
	for at := woken.Pop(); at != nil; at = woken.Pop() {
		w := at.Value
		w.notified = how
		w.Requeue(opRelock, (*lockHold)(l))
		_, _ = l.enqueue(w, lockWord()) // the lock is held, so it queues
	}
}

// errNotOwner is for a caller who does not own the lock.
func (c *Condition) errNotOwner() error {
	if err := c.underlying().brokenBy(); err != nil {
		return err
	}
	return errNotHolding()
}

func errNotHolding() error {
	return misuse("the current task is not holding the underlying lock of this Condition: acquire it before Wait, Notify and NotifyAll, and release it afterwards")
}

// TasksWaiting returns how many wait for a notification. Those notified wait for the lock,
// whose Statistics tells of them.
func (c *Condition) TasksWaiting() int {
	kernel.Touch(c, kernel.Looks)
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.waiters.Len()
}
