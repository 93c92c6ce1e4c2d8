package anyio

import (
	"context"
	"unsafe"

	"github.com/anyio-go/anyio/internal/kernel"
	"github.com/anyio-go/anyio/internal/race"
)

// acquire waits for the lock. The caller then takes the hold, for the task.
//
//go:norace
func (l *RWLock) acquire(ctx context.Context, write bool) (h *rwHold, t *kernel.Task, err error) {
	p, err := kernel.Enter(ctx)
	if err != nil {
		return nil, nil, err
	}
	h = l.newHold(p.Run(), write)
	l.mu.Lock()
	err = l.takeLocked(h)
	l.mu.Unlock()
	if err == ErrWouldBlock {
		err = l.wait(p, h)
	}
	if err != nil {
		h.free()
		return nil, nil, err
	}
	h.synchronize()
	return h, p.CallerTask(h.id), nil
}

//go:norace
func (l *RWLock) tryAcquire(write bool) (h *rwHold, t *kernel.Task, err error) {
	kernel.Preempt()
	var run *kernel.Run // mostly not known without a context, but on a loop
	if t = (kernel.Place{}).CallerTask(kernel.Caller()); t != nil {
		run = t.Scope.Run()
	}
	h = l.newHold(run, write)
	l.mu.Lock()
	err = l.takeLocked(h)
	l.mu.Unlock()
	if err != nil {
		h.free()
		return nil, nil, err
	}
	h.synchronize()
	return h, t, nil
}

// wait is acquire after the lock was seen not to be free.
//
//go:norace
func (l *RWLock) wait(p kernel.Place, h *rwHold) error {
	c := claimants.Get()
	defer putClaimant(c)
	c.rw = h
	c.For((*rwLockOwners)(l))
	op := opRWLockRead
	if h.write {
		op = opRWLock
	}
	c.Prepare(p, op)
	l.mu.Lock()
	err := l.takeLocked(h)
	if err == ErrWouldBlock && kernel.SomeHost(func(id int64) bool { return l.holdOf(id) != nil }) {
		err = errHeldByHost
	}
	if err == ErrWouldBlock {
		l.waiters.Push(&c.node)
	}
	l.mu.Unlock()
	if err != ErrWouldBlock {
		return err
	}
	granted, err := c.wait(p, l)
	if !granted {
		l.forget(c)
	}
	return err
}

// forget takes a canceled wait out of the queue. It may have held up readers.
//
//go:norace
func (l *RWLock) forget(c *claimant) {
	kernel.Touch(l, kernel.Changes)
	var woken kernel.Woken
	l.mu.Lock()
	l.waiters.Remove(&c.node)
	l.grantLocked(&woken)
	l.mu.Unlock()
	woken.UnparkUnordered()
}

// takeLocked makes h an owner if that is possible now.
//
//go:norace
func (l *RWLock) takeLocked(h *rwHold) error {
	kernel.Touch(l, kernel.Changes)
	switch {
	case l.holdOf(h.id) != nil:
		return misuse("attempted to acquire an RWLock that this task holds already: it is not reentrant, not even for readers; release it first, or call a function that expects it to be held")
	case l.broken != nil:
		race.Acquire(unsafe.Pointer(&l.wrote))
		return l.broken
	case l.waiters.Len() > 0 || !l.isFree(h.write):
		return ErrWouldBlock
	}
	l.giveLocked(h)
	return nil
}

// isFree reports whether one more may read or write.
//
//go:norace
func (l *RWLock) isFree(write bool) bool {
	return l.writer == nil && (!write || l.reading == 0)
}

//go:norace
func (l *RWLock) giveLocked(h *rwHold) {
	if h.write {
		l.writer = h
		return
	}
	first := &l.readers[h.id%rwBuckets]
	h.next, *first = *first, h
	l.reading++
}

// grantLocked gives the lock to those who are first in the queue, as far as it is free.
//
//go:norace
func (l *RWLock) grantLocked(woken *kernel.Woken) {
	for n := l.waiters.Front(); n != nil; n = l.waiters.Front() {
		c := n.Value
		if c.Waiting() && !l.isFree(c.rw.write) {
			return
		}
		l.waiters.Remove(n)
		if c.Wake() {
			l.giveLocked(c.rw)
			woken.Add(&c.Waiter)
		}
	}
}

// holdOf is the hold of a goroutine, nil if it has none.
//
//go:norace
func (l *RWLock) holdOf(id int64) *rwHold {
	if l.writer != nil && l.writer.id == id {
		return l.writer
	}
	h := l.readers[id%rwBuckets]
	for h != nil && h.id != id {
		h = h.next
	}
	return h
}

// endLocked undoes giveLocked, and gives the lock to the next.
//
//go:norace
func (l *RWLock) endLocked(h *rwHold, woken *kernel.Woken) {
	if h.write {
		race.ReleaseMerge(unsafe.Pointer(&l.wrote))
		l.writer = nil
	} else {
		race.ReleaseMerge(unsafe.Pointer(&l.read))
		at := &l.readers[h.id%rwBuckets]
		for *at != h {
			at = &(*at).next
		}
		*at = h.next
		l.reading--
	}
	l.grantLocked(woken)
}

//go:norace
func (l *RWLock) release(write bool) {
	kernel.Preempt()
	kernel.Touch(l, kernel.Changes)
	var woken kernel.Woken
	l.mu.Lock()
	h := l.holdOf(kernel.Caller())
	broken := l.broken != nil
	mine := h != nil && h.write == write
	if mine {
		l.endLocked(h, &woken)
	}
	l.mu.Unlock()
	switch {
	case mine:
		h.Drop()
		h.free()
		woken.UnparkUnordered()
	case !broken:
		panic(misuse("the current task is not holding this RWLock in that way: let the task that acquired it release it, exactly once, by Release after Acquire and by ReleaseRead after AcquireRead"))
	}
	kernel.PreemptAfter(l, kernel.Changes)
}

// newHold makes what the calling goroutine is going to hold.
//
//go:norace
func (l *RWLock) newHold(run *kernel.Run, write bool) *rwHold {
	h := rwHolds.Get()
	h.lock, h.id, h.run, h.write = l, kernel.Caller(), run, write
	return h
}

//go:norace
func (h *rwHold) free() {
	h.lock, h.run, h.next = nil, nil, nil
	rwHolds.Put(h)
}

// synchronize tells the race detector whom the new owner comes after.
//
//go:norace
func (h *rwHold) synchronize() {
	race.Acquire(unsafe.Pointer(&h.lock.wrote))
	if h.write {
		race.Acquire(unsafe.Pointer(&h.lock.read))
	}
}

// Abandoned breaks the lock if the task that has ended was writing, else it releases
// it. It is not for callers outside.
//
//go:norace
func (h *rwHold) Abandoned(who, place string) error {
	var err error
	var woken kernel.Woken
	l := h.lock
	kernel.Touch(l, kernel.Changes)
	if h.write {
		err = abandoned(who, "an RWLock that it was writing under", place)
		race.ReleaseMerge(unsafe.Pointer(&l.wrote))
		l.mu.Lock()
		l.breakLocked(&BrokenError{Cause: err}, &woken)
	} else {
		err = notReleased(who, "an RWLock that it was reading under", place, "as DoRead does")
		l.mu.Lock()
		l.endLocked(h, &woken)
	}
	l.mu.Unlock()
	h.free()
	woken.Unpark()
	return err
}

// breakLocked takes the lock from its writer and ends all waits with an error.
//
//go:norace
func (l *RWLock) breakLocked(err error, woken *kernel.Woken) {
	l.writer, l.broken = nil, err
	for n := l.waiters.Pop(); n != nil; n = l.waiters.Pop() {
		if c := n.Value; c.Wake() {
			c.err = err
			woken.Add(&c.Waiter)
		}
	}
}
