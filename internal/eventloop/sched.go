// Package eventloop is the backend that runs all tasks of a run on one thread,
// as coroutines, in the order in which they become ready.
package eventloop

import (
	"math/rand/v2"

	"github.com/anyio-go/anyio/internal/kernel"
	"github.com/anyio-go/anyio/internal/loop"
)

// budget is how many operations that need not wait a task may do in a row, as
// Tokio's cooperative budget.
const budget = 128

// New makes the backend of one run.
func New() (kernel.Backend, error) {
	c, err := newClock()
	if err != nil {
		return nil, err
	}
	return loop.New(loop.Params{
		Name: "eventloop", Order: &fifo{}, Clock: c, Budget: budget, Rand: rand.IntN,
	}), nil
}

// fifo is a queue through Task.Sched.Link.
type fifo struct {
	head, tail *kernel.Task
	n          int
}

//go:norace
func (q *fifo) Len() int { return q.n }

//go:norace
func (q *fifo) Push(t *kernel.Task) {
	t.Sched.Link = nil
	if q.tail == nil {
		q.head = t
	} else {
		q.tail.Sched.Link = t
	}
	q.tail = t
	q.n++
}

//go:norace
func (q *fifo) Pop() *kernel.Task {
	t := q.head
	if t == nil {
		return nil
	}
	q.head = t.Sched.Link
	if q.head == nil {
		q.tail = nil
	}
	t.Sched.Link = nil
	q.n--
	return t
}
