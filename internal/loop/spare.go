package loop

import "github.com/anyio-go/anyio/internal/coro"

// A Spare has the coroutines that one loop leaves to the next. A coroutine without a task
// keeps nothing of the loop that it was in. All loops with one Spare must run on one
// goroutine, one after the other: who resumes a coroutine must be locked to a thread as
// who has made it.
type Spare struct{ pool pool }

// spareOfRun is how many coroutines a loop leaves.
const spareOfRun = 64

// Share lets the loop take its coroutines from s, and leave them there. Call it before
// Main.
func (l *Loop) Share(s *Spare) { l.spare, l.pool, s.pool = s, s.pool, pool{} }

// closePool leaves the coroutines without a task, or ends them.
func (l *Loop) closePool() {
	if l.spare == nil {
		l.pool.close()
		return
	}
	for l.pool.n > spareOfRun {
		l.pool.get().Stop()
	}
	for c := l.pool.idle; c != nil; c = nextOf(c) {
		c.Parked, c.Stack = 0, 0
	}
	l.spare.pool = pool{idle: l.pool.idle, n: l.pool.n}
	l.pool, l.spare = pool{}, nil
}

// Close ends the coroutines.
func (s *Spare) Close() { s.pool.close() }

var _ coro.Body = (*Loop)(nil)
