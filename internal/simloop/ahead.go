package simloop

import (
	"github.com/anyio-go/anyio/internal/fetch"
	"github.com/anyio-go/anyio/internal/kernel"
)

// A lookahead guesses which tasks the seed will draw, so that the processor fetches what
// they need meanwhile: chosen at random among many, nothing of a task is in a cache. It
// draws from a copy of the seed's numbers, so the schedule does not depend on it. The guess is
// right if the queue grows or shrinks as it did at the last step, and nobody else draws.
//
// Fetching goes by three steps, as each tells where to go on: first the task, then its
// coroutine, then what that has on its stack and waits for.
type lookahead struct {
	left int          // tasks that the last step left in the queue
	near *kernel.Task // at a look, guessed to be drawn next
	far  *kernel.Task // and after that
}

const (
	// lookFrom is how many tasks must be ready for a guess to pay: fewer are in the caches.
	lookFrom = 128
	// What a task touches of its stack until its own function goes on: so many bytes
	// below the frame of Park, and so many lines from there on.
	stackBelow = 256
	stackLines = 13
)

// look is called when a task was drawn, if many are left.
//
//go:noinline
//go:norace
func (q *seeded) look() {
	a := &q.ahead
	if t := a.near; t != nil {
		if c := t.Strand().Coro; c != nil {
			fetch.Lines(c.Stack-stackBelow, stackLines)
			fetch.At(c.Wait, 3)
			resume, yield := c.Switches()
			fetch.At(resume, 1)
			fetch.At(yield, 1)
		}
	}
	if t := a.far; t != nil {
		if c := t.Strand().Coro; c != nil {
			fetch.At(c, 1)
		}
	}
	a.near, a.far = a.far, q.guess(3, q.n-a.left)
	a.left = q.n
	if a.far != nil {
		fetch.At(a.far, 3)
	}
}

// guess is the task that will be drawn in so many steps, if each makes the queue grow by
// so much; nil if it is not yet there.
//
//go:norace
func (q *seeded) guess(steps, growth int) *kernel.Task {
	later := q.rng
	for range steps - 1 {
		later.next()
	}
	if i := later.intn(max(q.n+steps*growth+1, 1)); i < q.n {
		return q.tasks[i]
	}
	return nil
}

// forget drops what was guessed: the queue has become short.
//
//go:norace
func (a *lookahead) forget() { a.near, a.far = nil, nil }
