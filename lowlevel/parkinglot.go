package lowlevel

import (
	"context"
	"math"
	"sync"

	"github.com/anyio-go/anyio/internal/kernel"
	"github.com/anyio-go/anyio/internal/waitq"
)

// A ParkingLot is where tasks wait until somebody lets them go on, first come,
// first served. The zero value is ready. It must not be copied.
//
// L is the lock of the primitive that the lot belongs to, as in sync.Cond: all
// methods but Len are called with L held, and Park gives it up. So deciding to
// wait and waiting are one step, and no wake is missed. The lock is held for
// moments and never across a blocking call; where it is, as the lock of a condition is,
// let its Unlock be the Release of an anyio.Lock. Without L the methods are called
// without a lock.
type ParkingLot struct {
	L sync.Locker // set before first use, or nil

	op    kernel.Op
	mu    waitq.Mutex // guards queue
	queue kernel.Queue
}

// NewParkingLot makes a lot. The name of the wait, such as "Gate.Wait", is shown
// by anyio.RunningTasks and in a *sim.DeadlockError.
func NewParkingLot(name string, l sync.Locker) *ParkingLot {
	return &ParkingLot{L: l, op: kernel.RegisterOp(name)}
}

var opPark = kernel.RegisterOp("ParkingLot.Park")

// Park waits until Unpark chooses the calling task or goroutine. L is held on entry and
// not on return. Call Enter before taking L: Park itself is not a schedule point until
// it waits.
//
// Cancellation: the caller has left the queue, and was not chosen.
func (l *ParkingLot) Park(ctx context.Context) error {
	p := kernel.Locate(ctx)
	op := l.op
	if op == 0 {
		op = opPark
	}
	b := kernel.GetBlocker()
	b.Prepare(p, op)
	kernel.Touch(l, kernel.Changes)
	l.mu.Lock()
	l.queue.Push(&b.Node)
	l.mu.Unlock()
	if l.L != nil {
		kernel.Unpreempted(l.L.Unlock) // it may be a Lock's Release, and this is one step
	}
	err := b.Wait(p)
	kernel.Touch(nil, kernel.Changes)
	kernel.Touch(l, kernel.Changes)
	l.mu.Lock()
	l.queue.Remove(&b.Node)
	l.mu.Unlock()
	kernel.PutBlocker(b)
	return err
}

// Unpark lets the n longest waiting go on and returns how many there were. Those that are
// canceled at the same time do not count. L must be held.
//
// It synchronizes before the return of each Park that it ends.
func (l *ParkingLot) Unpark(n int) int { return l.wake(n, false) }

// UnparkAll lets all go on and returns how many there were. L must be held.
func (l *ParkingLot) UnparkAll() int { return l.wake(math.MaxInt, false) }

// FailAll is like UnparkAll for those who have nothing but an error to give, such as
// those who close what is waited for. They may do so because of the same cancellation
// that is about to reach a waiter. So a waiter whose scope was canceled before is not
// chosen: its Park returns the cancellation. L must be held.
func (l *ParkingLot) FailAll() { l.wake(math.MaxInt, true) }

func (l *ParkingLot) wake(n int, fail bool) int {
	if l.L == nil { // else the caller holds it
		kernel.Preempt()
	}
	var woken kernel.Woken
	kernel.Touch(l, kernel.Changes)
	l.mu.Lock()
	if fail {
		l.queue.FailAll(&woken)
	} else {
		n = l.queue.WakeUpTo(n, &woken)
	}
	l.mu.Unlock()
	woken.Unpark()
	if l.L == nil {
		kernel.Preempt()
	}
	return n
}

// Len returns the number of those that wait, for statistics.
func (l *ParkingLot) Len() int {
	kernel.Touch(l, kernel.Changes)
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.queue.Len()
}

func (l *ParkingLot) lock() {
	if l.L != nil {
		l.L.Lock()
	}
}

func (l *ParkingLot) unlock() {
	if l.L != nil {
		l.L.Unlock()
	}
}
