package kernel

import "github.com/anyio-go/anyio/internal/coro"

// A Strand is what a loop keeps of a task. It belongs to the loop alone.
type Strand struct {
	Coro *coro.Coro // that runs it; nil until the task first runs
	next *Task      // in a ReadyQueue
}

// Strand is the task's.
//
//go:norace
func (t *Task) Strand() *Strand { return &t.strand }

// A ReadyQueue is a FIFO of tasks that goes through them, so that it allocates nothing:
// a task is in one at most. Its owner guards it. The zero value is empty.
type ReadyQueue struct {
	head, tail *Task
	n          int
}

// Len is the number of tasks.
//
//go:norace
func (q *ReadyQueue) Len() int { return q.n }

// Push appends a task.
//
//go:norace
func (q *ReadyQueue) Push(t *Task) {
	if q.tail == nil {
		q.head = t
	} else {
		q.tail.strand.next = t
	}
	q.tail = t
	q.n++
}

// Pop takes out the first task, nil if there is none.
//
//go:norace
func (q *ReadyQueue) Pop() *Task {
	t := q.head
	if t == nil {
		return nil
	}
	if q.head = t.strand.next; q.head == nil {
		q.tail = nil
	}
	t.strand.next = nil
	q.n--
	return t
}
