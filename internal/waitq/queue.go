package waitq

// A Node is one place in a queue, embedded in (or allocated with) what waits.
type Node[V any] struct {
	next, prev *Node[V]
	queued     bool
	Value      V
}

// Queued reports whether the node is in a queue.
//
//go:norace
func (n *Node[V]) Queued() bool { return n.queued }

// Next is the node behind n, nil if n is the last one.
//
//go:norace
func (n *Node[V]) Next() *Node[V] { return n.next }

// A Queue is a doubly linked FIFO of nodes. The zero value is empty. Its owner
// guards it.
type Queue[V any] struct {
	head, tail *Node[V]
	n          int
}

// Len is the number of nodes.
//
//go:norace
func (q *Queue[V]) Len() int { return q.n }

// Front is the oldest node, nil if the queue is empty.
//
//go:norace
func (q *Queue[V]) Front() *Node[V] { return q.head }

// Push appends a node, which must not be in a queue.
//
//go:norace
func (q *Queue[V]) Push(n *Node[V]) {
	n.prev, n.next, n.queued = q.tail, nil, true
	if q.tail == nil {
		q.head = n
	} else {
		q.tail.next = n
	}
	q.tail = n
	q.n++
}

// Pop takes out the oldest node, nil if the queue is empty.
//
//go:norace
func (q *Queue[V]) Pop() *Node[V] {
	n := q.head
	if n != nil {
		q.Remove(n)
	}
	return n
}

// Remove takes a node out and reports whether it was in.
//
//go:norace
func (q *Queue[V]) Remove(n *Node[V]) bool {
	if !n.queued {
		return false
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
	q.n--
	return true
}
