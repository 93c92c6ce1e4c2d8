package loop

import (
	"unsafe"

	"github.com/anyio-go/anyio/internal/goid"
	"github.com/anyio-go/anyio/internal/kernel"
	"github.com/anyio-go/anyio/internal/quiet"
	"github.com/anyio-go/anyio/internal/race"
	"github.com/anyio-go/anyio/internal/timerq"
	"github.com/anyio-go/anyio/internal/waitq"
)

// timers is a heap that tasks and foreign goroutines share.
type timers struct {
	mu   waitq.QuietMutex
	heap timerq.Heap[kernel.Firer]
	n    quiet.Int32
}

//go:norace
func (ts *timers) empty() bool { return ts.n.Load() == 0 }

// push adds a timer and reports whether it is the first to be due.
//
//go:norace
func (ts *timers) push(t *kernel.Timer) bool {
	ts.mu.Lock()
	ts.heap.Push(t)
	ts.n.Store(int32(ts.heap.Len()))
	first := ts.heap.Min() == t
	ts.mu.Unlock()
	return first
}

//go:norace
func (ts *timers) remove(t *kernel.Timer) bool {
	ts.mu.Lock()
	ok := ts.heap.Remove(t)
	ts.n.Store(int32(ts.heap.Len()))
	ts.mu.Unlock()
	return ok
}

// due takes out the first timer if it is due.
//
//go:norace
func (ts *timers) due(now int64) *kernel.Timer {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	t := ts.heap.Min()
	if t == nil || t.When > now {
		return nil
	}
	ts.heap.Remove(t)
	ts.n.Store(int32(ts.heap.Len()))
	return t
}

// next is when the first timer is due.
//
//go:norace
func (ts *timers) next() (when int64, ok bool) {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	if t := ts.heap.Min(); t != nil {
		return t.When, true
	}
	return 0, false
}

// Armed is how many timers were armed so far.
//
//go:norace
func (l *Loop) Armed() uint64 { return l.timers.heap.Pushed() }

// HasTimerOf reports whether one of the first n timers is still armed.
//
//go:norace
func (l *Loop) HasTimerOf(n uint64) bool {
	race.Disable()
	defer race.Enable()
	l.timers.mu.Lock()
	defer l.timers.mu.Unlock()
	return l.timers.heap.HasOf(n)
}

// Firing reports whether the loop just fires timers.
//
//go:norace
func (l *Loop) Firing() bool { return l.firing }

//go:norace
func (l *Loop) Arm(t *kernel.Timer) {
	race.ReleaseMerge(unsafe.Pointer(t))
	first := l.timers.push(t)
	if g := goid.Get(); first && g != l.current.Load() && g != l.goid.Load() {
		l.Clock.Wake()
	}
}

//go:norace
func (l *Loop) Disarm(t *kernel.Timer) bool {
	return l.timers.remove(t)
}

// fireTimers fires what is due, and returns by how much the first was late, 0 if none was.
//
//go:norace
func (l *Loop) fireTimers(now int64) (behind int64) {
	if l.timers.empty() {
		return 0
	}
	t := l.timers.due(now)
	if t == nil {
		return 0
	}
	behind = now - t.When
	l.stats.fired(now, behind)
	for l.firing = true; t != nil; t = l.timers.due(now) {
		kernel.Fire(t)
	}
	l.firing = false
	return behind
}
