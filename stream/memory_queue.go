package stream

import "github.com/anyio-go/anyio/internal/kernel"

// A node is one place in a queue of senders or of receivers. Who wins its waiter
// (Wake) writes the result before Unpark; the waiter reads it after Wait.
type node[T any] struct {
	next, prev *node[T] // in a queue; next also in the list of free nodes
	queued     bool
	w          *kernel.Waiter // own, or that of a Select
	index      int            // of the Select's case
	end        *end[T]        // on which the call waits
	item       T              // offered by a sender, granted to a receiver
	err        error          // result of a call that was woken without a partner
	own        kernel.Waiter
}

// A queue holds those who wait on one side, in FIFO order. It is no waitq.Queue
// because a generic alias of its node makes Go 1.26's compiler deadlock.
type queue[T any] struct{ head, tail *node[T] }

func (q *queue[T]) push(n *node[T]) {
	n.prev, n.next, n.queued = q.tail, nil, true
	if q.tail == nil {
		q.head = n
	} else {
		q.tail.next = n
	}
	q.tail = n
}

// remove takes n out if it is in.
func (q *queue[T]) remove(n *node[T]) {
	if !n.queued {
		return
	}
	if n.prev == nil {
		q.head = n.next
	} else {
		n.prev.next = n.next
	}
	if n.next == nil {
		q.tail = n.prev
	} else {
		n.next.prev = n.prev
	}
	n.next, n.prev, n.queued = nil, nil, false
}

// wakeFirst ends the wait of the first who still waits, nil if there is none.
func (q *queue[T]) wakeFirst() *node[T] {
	for n := q.head; n != nil; n = q.head {
		q.remove(n)
		if n.w.Wake() {
			n.w.Index = n.index
			return n
		}
	}
	return nil
}

// fail ends the waits on one end, or all if it is nil, with an error, and moves
// them to woken, to be unparked without the lock.
func (q *queue[T]) fail(on *end[T], err error, woken *queue[T]) {
	for n := q.head; n != nil; {
		next := n.next
		if on == nil || n.end == on {
			q.remove(n)
			if n.w.Fail() {
				n.w.Index, n.err = n.index, err
				woken.push(n)
			}
		}
		n = next
	}
}

// unpark lets all go on whom fail has moved to q.
func (q *queue[T]) unpark() {
	for n := q.head; n != nil; n = q.head {
		q.remove(n)
		n.w.Unpark()
	}
}

// partner reports whether somebody other than w waits.
func (q *queue[T]) partner(w *kernel.Waiter) bool {
	for n := q.head; n != nil; n = n.next {
		if n.w != w && n.w.Waiting() {
			return true
		}
	}
	return false
}

// waiting counts those who still wait.
func (q *queue[T]) waiting() (count int) {
	for n := q.head; n != nil; n = n.next {
		if n.w.Waiting() {
			count++
		}
	}
	return count
}

// newNode takes a node for a call that has to wait. The caller holds mu.
func (m *memory[T]) newNode(on *end[T]) *node[T] {
	n := m.free
	if n == nil {
		n = &node[T]{}
		n.w = &n.own
	} else {
		m.free, n.next = n.next, nil
	}
	n.end = on
	return n
}

// wait parks the call that has put n into q, and returns its result: of a
// receiver, the item.
func (m *memory[T]) wait(p kernel.Place, q *queue[T], n *node[T]) (item T, err error) {
	err = n.own.Wait(p)
	kernel.Touch(m, kernel.Changes)
	m.mu.Lock()
	if err != nil {
		q.remove(n)
	} else {
		item, err = n.item, n.err
	}
	n.clear()
	n.next, m.free = m.free, n
	m.mu.Unlock()
	return item, err
}

// clear drops what a wait that is over has left in its node.
func (n *node[T]) clear() {
	var zero T
	n.item, n.err, n.end = zero, nil, nil
	n.own.Forget()
}
