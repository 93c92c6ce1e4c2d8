package kernel

import (
	"context"
	"unsafe"

	"github.com/anyio-go/anyio/internal/quiet"
	"github.com/anyio-go/anyio/internal/race"
	"github.com/anyio-go/anyio/internal/waitq"
)

// A Latch opens once and lets all through who wait for it. The zero value is shut.
type Latch struct {
	state   quiet.Uint32     // latchOpen, latchWaiters
	mu      waitq.QuietMutex // guards waiters
	waiters Queue
}

const (
	latchOpen    = 1
	latchWaiters = 2 // the queue may hold somebody
)

// IsOpen reports whether Open has been called.
//
//go:norace
func (l *Latch) IsOpen() bool {
	Touch(l, Looks)
	return l.isOpen()
}

//go:norace
func (l *Latch) isOpen() bool {
	if l.state.Load()&latchOpen == 0 {
		return false
	}
	race.Acquire(unsafe.Pointer(l))
	return true
}

// Open lets all go on who wait, also those that are canceled right afterwards.
//
//go:norace
func (l *Latch) Open() { l.open(false) }

// Fail is Open for who tells of a failure: see Waiter.Fail.
//
//go:norace
func (l *Latch) Fail() { l.open(true) }

//go:norace
func (l *Latch) open(failed bool) {
	Touch(l, Changes)
	race.ReleaseMerge(unsafe.Pointer(l))
	if s := l.state.Load(); s&latchOpen != 0 || s == 0 && l.state.CompareAndSwap(0, latchOpen) {
		return // it was open, or nobody waits
	}
	var woken Woken
	l.mu.Lock()
	if failed {
		l.waiters.FailAll(&woken)
	} else {
		l.waiters.WakeAll(&woken)
	}
	l.state.Or(latchOpen) // who sees this, and cancels those who wait, comes too late
	l.mu.Unlock()
	woken.Unpark()
}

// Wait waits until the latch is open. It is a checkpoint also if it is open already.
//
//go:norace
func (l *Latch) Wait(ctx context.Context, op Op) error { return l.WaitFor(ctx, op, nil) }

// WaitFor is Wait for those that of knows to open the latch.
//
//go:norace
func (l *Latch) WaitFor(ctx context.Context, op Op, of Source) error {
	p, err := Enter(ctx)
	Touch(l, Looks)
	if err != nil || l.isOpen() {
		return err
	}
	return l.waitAt(p, op, of)
}

// WaitAt is Wait without the checkpoint: a latch that is open lets through who is
// canceled.
//
//go:norace
func (l *Latch) WaitAt(p Place, op Op) error { return l.waitAt(p, op, nil) }

//go:norace
func (l *Latch) waitAt(p Place, op Op, of Source) (err error) {
	b := GetBlocker()
	b.For(of)
	b.Prepare(p, op)
	if l.Enqueue(&b.Node) {
		err = b.Wait(p)
		l.Dequeue(&b.Node)
	}
	PutBlocker(b)
	return err
}

// WaitShielded waits not minding cancellation.
//
//go:norace
func (l *Latch) WaitShielded(ctx context.Context, op Op) { l.WaitShieldedFor(ctx, op, nil) }

// WaitShieldedFor is WaitShielded for those that of knows to open the latch.
//
//go:norace
func (l *Latch) WaitShieldedFor(ctx context.Context, op Op, of Source) {
	if !l.IsOpen() {
		l.waitShieldedAt(Locate(ctx), op, of)
	}
}

// WaitShieldedAt is WaitShielded at a place.
//
//go:norace
func (l *Latch) WaitShieldedAt(p Place, op Op) { l.waitShieldedAt(p, op, nil) }

//go:norace
func (l *Latch) waitShieldedAt(p Place, op Op, of Source) {
	b := GetBlocker()
	b.For(of)
	b.PrepareShielded(p, op)
	if l.Enqueue(&b.Node) {
		_ = b.Wait(p) // cannot be aborted
		l.Dequeue(&b.Node)
	}
	PutBlocker(b)
}

// Enqueue queues a node of a prepared waiter; false if the latch is open.
//
//go:norace
func (l *Latch) Enqueue(n *waitq.Node[Slot]) bool {
	Touch(l, Adds)
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.state.Or(latchWaiters)&latchOpen != 0 {
		race.Acquire(unsafe.Pointer(l))
		return false
	}
	l.waiters.Push(n)
	return true
}

// Dequeue takes a node out, if it is still queued.
//
//go:norace
func (l *Latch) Dequeue(n *waitq.Node[Slot]) {
	Touch(l, Adds)
	l.mu.Lock()
	l.waiters.Remove(n)
	l.mu.Unlock()
}

// Notify lets i.Interrupt be called when the latch opens, by who opens it, or at once if it
// is open. It must not block. stop takes that back, and reports whether it was in time.
//
//go:norace
func (l *Latch) Notify(op Op, i Interrupter) (stop func() bool) {
	x := &External{i: i}
	x.ext = x
	x.prepareFor(nil, Place{}, uint64(op)<<opShift|noAbort)
	n := &waitq.Node[Slot]{Value: Slot{W: &x.Waiter}}
	race.ReleaseMerge(unsafe.Pointer(x))
	if !l.Enqueue(n) && x.Wake() {
		i.Interrupt()
	}
	return func() bool {
		l.Dequeue(n)
		return x.Wake()
	}
}

// Waiting is the number of waiters.
//
//go:norace
func (l *Latch) Waiting() int {
	Touch(l, Looks)
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.waiters.Len()
}
