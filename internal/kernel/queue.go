package kernel

import (
	"github.com/anyio-go/anyio/internal/quiet"
	"github.com/anyio-go/anyio/internal/waitq"
)

// A Slot is what a waiter puts into a primitive's queue: one waiter may stand in
// several queues, and Index tells which one it was woken from.
type Slot struct {
	W     *Waiter
	Index int
}

// A Queue holds the waiters of a primitive in FIFO order. The primitive's lock
// guards it.
type Queue struct{ waitq.Queue[Slot] }

// WakeFirst ends the wait of the first waiter that still waits and returns it,
// to be unparked after the lock is released; nil if there is none.
//
//go:norace
func (q *Queue) WakeFirst() *Waiter {
	for n := q.Pop(); n != nil; n = q.Pop() {
		if w := n.Value.W; w.Wake() {
			w.Index = n.Value.Index
			return w
		}
	}
	return nil
}

// WakeAll ends the waits of all who still wait, to be unparked after the lock is
// released, and returns how many there were.
//
//go:norace
func (q *Queue) WakeAll(woken *Woken) int { return q.WakeUpTo(q.Len(), woken) }

// WakeUpTo is WakeAll for the first n.
//
//go:norace
func (q *Queue) WakeUpTo(n int, woken *Woken) int {
	for i := range n {
		w := q.WakeFirst()
		if w == nil {
			return i
		}
		woken.Add(w)
	}
	return max(n, 0)
}

// FailAll is WakeAll by Waiter.Fail.
//
//go:norace
func (q *Queue) FailAll(woken *Woken) {
	for w := q.FailFirst(); w != nil; w = q.FailFirst() {
		woken.Add(w)
	}
}

// FailFirst is WakeFirst by Waiter.Fail.
//
//go:norace
func (q *Queue) FailFirst() *Waiter {
	for n := q.Pop(); n != nil; n = q.Pop() {
		if w := n.Value.W; w.Fail() {
			w.Index = n.Value.Index
			return w
		}
	}
	return nil
}

// A Blocker is a waiter with one node, for calls that wait in one queue.
type Blocker struct {
	Waiter
	Node waitq.Node[Slot]
}

// Init makes a blocker that is part of something else ready for use.
//
//go:norace
func (b *Blocker) Init() { b.Node.Value.W = &b.Waiter }

var blockers = quiet.NewPool(func() *Blocker {
	b := &Blocker{}
	b.Init()
	return b
})

// GetBlocker takes a blocker from the pool.
//
//go:norace
func GetBlocker() *Blocker { return blockers.Get() }

// PutBlocker gives back a blocker whose wait is over and whose node is in no queue.
//
//go:norace
func PutBlocker(b *Blocker) {
	b.Forget()
	blockers.Put(b)
}
