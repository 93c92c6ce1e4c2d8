package loop

import (
	"sync"

	"github.com/anyio-go/anyio/internal/kernel"
	"github.com/anyio-go/anyio/internal/quiet"
	"github.com/anyio-go/anyio/internal/race"
)

// remote is what other goroutines have made ready.
type remote struct {
	mu     sync.Mutex
	tasks  kernel.ReadyQueue // guarded by mu
	calls  kernel.CallQueue  // guarded by mu
	n      quiet.Int32
	closed bool // the loop is over; guarded by mu
}

// push queues t; false if the loop is over.
//
//go:norace
func (r *remote) push(t *kernel.Task) bool {
	r.mu.Lock()
	if r.closed {
		r.mu.Unlock()
		return false
	}
	r.tasks.Push(t)
	r.n.Add(1)
	r.mu.Unlock()
	return true
}

// pushCall is push of a call.
//
//go:norace
func (r *remote) pushCall(c kernel.Call) bool {
	r.mu.Lock()
	if r.closed {
		r.mu.Unlock()
		return false
	}
	r.calls.Push(c, uint64(r.tasks.Len()))
	r.n.Add(1)
	r.mu.Unlock()
	return true
}

//go:norace
func (l *Loop) drainRemote() {
	if l.remote.n.Load() == 0 {
		return
	}
	race.Disable()
	l.remote.mu.Lock()
	tasks, calls := l.remote.tasks, l.remote.calls
	l.remote.tasks, l.remote.calls = kernel.ReadyQueue{}, l.calls.drained
	l.remote.n.Store(0)
	l.remote.mu.Unlock()
	race.Enable()
	for n := uint64(0); ; n++ {
		for calls.Due(n) {
			l.queueCall(calls.Pop())
		}
		t := tasks.Pop()
		if t == nil {
			l.calls.drained = calls
			return
		}
		l.Order.Push(t)
	}
}

// Pending reports whether another goroutine has made something ready.
func (l *Loop) Pending() bool { return l.remote.n.Load() > 0 }

// Intrude runs f between two steps as if on another goroutine. What f wakes is
// ready afterwards, with and without -race.
//
//go:norace
func (l *Loop) Intrude(f func()) {
	race.Isolate(f)
	if race.Enabled {
		l.drainRemote()
	}
}

// left reports, after the end of the main task, whether tasks are left that
// goroutines outside have started; the root scope is canceled by then. If not, the
// loop is closed: what is still started from outside runs outside.
//
//go:norace
func (l *Loop) left() bool {
	l.drainRemote()
	switch {
	case l.givenUp():
		return false
	case l.Order.Len() > 0 || l.stash != nil:
		return true
	}
	some := false
	race.Isolate(func() { some = l.run.HasTasks() })
	if some {
		return true
	}
	race.Disable()
	l.remote.mu.Lock()
	l.remote.closed = l.remote.n.Load() == 0
	closed := l.remote.closed
	l.remote.mu.Unlock()
	race.Enable()
	return !closed
}
