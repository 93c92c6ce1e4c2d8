package kernel

import (
	"context"
	"time"
	"unsafe"

	"github.com/anyio-go/anyio/internal/goid"
	"github.com/anyio-go/anyio/internal/quiet"
	"github.com/anyio-go/anyio/internal/race"
)

// A Listener is told what the runs of the process do, by who does it and on its goroutine,
// with no lock held. Its functions must not block, panic or exit the goroutine. Those that
// are nil are not called.
type Listener struct {
	RunBegan      func(r *Run)
	RunEnded      func(r *Run)
	TaskContext   func(ctx context.Context, t *Task) context.Context // see addValues
	TaskBegan     func(t *Task)
	TaskEnded     func(t *Task, how Outcome, err error)
	WaitBegan     func(t *Task, op Op) (ended func()) // by a task in a scope of its own; may be nil
	ScopeCanceled func(s *Scope, c *Cause)            // by Cancel or a deadline; not what is below
	LoopTurned    func(r *Run, turn Turn)
}

// A Turn is one look of a loop at what makes tasks ready from outside.
type Turn struct {
	Ready  int           // tasks that were ready after it
	Behind time.Duration // how much later than due the first timer was fired, 0 if none was
}

var (
	listenersMu quiet.Mutex
	listeners   quiet.Pointer[[]*Listener] // nil if there is none
)

// Listen lets l be told until stop is called. What has begun before may still be told
// after that.
//
//go:norace
func Listen(l *Listener) (stop func()) {
	race.ReleaseMerge(unsafe.Pointer(&listeners))
	setListener(l, true)
	return func() { setListener(l, false) }
}

//go:norace
func setListener(l *Listener, listens bool) {
	listenersMu.Lock()
	defer listenersMu.Unlock()
	var all []*Listener
	if old := listeners.Load(); old != nil {
		for _, other := range *old {
			if other != l {
				all = append(all, other)
			}
		}
	}
	if listens {
		all = append(all, l)
	}
	if len(all) == 0 {
		listeners.Store(nil)
		return
	}
	listeners.Store(&all)
}

// Heard reports whether anybody listens.
//
//go:norace
func Heard() bool { return listeners.Load() != nil }

// tell calls f for each listener.
//
//go:norace
func tell(f func(l *Listener)) {
	if all := listeners.Load(); all != nil {
		race.Acquire(unsafe.Pointer(&listeners)) // what was done before Listen
		for _, l := range *all {
			f(l)
		}
	}
}

//go:norace
func (r *Run) tellBegan() {
	tell(func(l *Listener) {
		if l.RunBegan != nil && r.Whole() == r {
			l.RunBegan(r)
		}
	})
}

//go:norace
func (r *Run) tellEnded() {
	tell(func(l *Listener) {
		if l.RunEnded != nil && r.Whole() == r {
			l.RunEnded(r)
		}
	})
}

// isResident reports whether the task is the one that keeps a loop of a team, other than the
// first, alive. It is nobody's.
//
//go:norace
func (t *Task) isResident() bool { return t.parent.parent == nil && t.run.Whole() != t.run }

// beginTold notes the goroutine of a task that begins, when its values are those that it
// will have, and tells that it begins.
//
//go:norace
func (t *Task) beginTold() {
	resident := t.isResident()
	tell(func(l *Listener) {
		if l.TaskContext != nil && !resident {
			t.addValues(l.TaskContext)
		}
	})
	t.goid.Store(goid.Get())
	tell(func(l *Listener) {
		if l.TaskBegan != nil && !resident {
			l.TaskBegan(t)
		}
	})
}

//go:norace
func (t *Task) tellEnded(how Outcome, err error) {
	tell(func(l *Listener) {
		if l.TaskEnded != nil && !t.isResident() {
			l.TaskEnded(t, how, err)
		}
	})
}

// tellWait tells that a wait in s begins, if it is the scope's own task that waits. What it
// returns tells that the wait has ended, first those who were told last; it may be nil.
//
//go:norace
func (w *Waiter) tellWait(s *Scope) (ended func()) {
	word := w.word.Load()
	if s == nil || s.task == nil || word&own == 0 || s.task.isResident() {
		return nil
	}
	tell(func(l *Listener) {
		if l.WaitBegan != nil {
			ended = both(l.WaitBegan(s.task, Op(word>>opShift&opMask)), ended)
		}
	})
	return ended
}

// both calls two functions, each of which may be nil, as the result may.
//
//go:norace
func both(first, last func()) func() {
	switch {
	case first == nil:
		return last
	case last == nil:
		return first
	}
	return func() { first(); last() }
}

//go:norace
func (s *Scope) tellCanceled(c *Cause) {
	tell(func(l *Listener) {
		if l.ScopeCanceled != nil {
			l.ScopeCanceled(s, c)
		}
	})
}

// TellTurn tells of a turn of the run's loop, if anybody listens.
//
//go:norace
func (r *Run) TellTurn(ready int, behind int64) {
	tell(func(l *Listener) {
		if l.LoopTurned != nil {
			l.LoopTurned(r, Turn{ready, time.Duration(behind)})
		}
	})
}
