package kernel

import (
	"time"
	"unsafe"

	"github.com/anyio-go/anyio/internal/race"
)

// A TaskView is what can be told about a task at one instant.
type TaskView struct {
	Task    *Task
	Depth   int    // nesting of tasks, 0 for a first task
	Scope   *Scope // where it waits, else its own
	Waiting bool
	Op      Op
	Of      Source    // of what it waits for, nil if it knows of no owners
	Since   time.Time // zero unless the run records it
	Word    uint64    // changes with every wait
	goid    int64     // the goroutine that waits, 0: the task's
	waiter  *Waiter
}

// Tasks lists the tasks of the run that have not finished, parents before
// children, siblings in order of their start.
//
//go:norace
func (r *Run) Tasks() []TaskView {
	Touch(nil, Looks)
	l := look{run: r.Whole()}
	l.walk(&l.run.Root, 0)
	l.giveStrangers()
	return l.views
}

// Alone reports, without a look at all of the run, whether t, which runs, is its only task.
// False says nothing.
//
//go:norace
func (r *Run) Alone(t *Task) bool {
	root := &r.Whole().Root
	root.mu.Lock()
	alone := r.Whole().main == &t.Scope && t.next == nil && root.child == nil
	root.mu.Unlock()
	t.mu.Lock()
	defer t.mu.Unlock()
	return alone && t.child == nil && t.firstTask() == nil
}

// A look at a run.
type look struct {
	run       *Run
	views     []TaskView
	strangers []wait // those that are not of the task in whose scope they are
}

// A wait is what a waiter tells.
type wait struct {
	s           *Scope
	op          Op
	of          Source
	word        uint64
	since       int64
	goid, maker int64 // of a stranger
	waiter      *Waiter
}

// walk looks at s and what is below it. A waiter is found in the scope it waits in,
// which may be nested in the task's own. The innermost of a task's waits counts, and
// in one scope the newest.
//
//go:norace
func (l *look) walk(s *Scope, depth int) {
	if s.state.Load()&stTask != 0 {
		l.views = append(l.views, TaskView{Task: s.task, Scope: s, Depth: depth})
		depth++
	}
	var children []*Scope
	var waits []wait
	s.mu.Lock()
	if x := s.ext.Load(); x != nil {
		for w := x.waiters; w != nil; w = w.next {
			waits = w.appendView(waits, s)
		}
	}
	if w := s.waiter.Load(); w != nil {
		if with := w.appendView(waits, s); s.waiter.Load() == w {
			waits = with
		}
	}
	for c := s.firstTask(); c != nil; c = c.next {
		if c.state.Load()&stClosed == 0 {
			children = append(children, c)
		}
	}
	for c := s.child; c != nil; c = c.next {
		children = append(children, c)
	}
	s.mu.Unlock()
	if s.task != nil {
		for i := len(waits) - 1; i >= 0; i-- { // the lists have the newest first
			l.note(waits[i])
		}
	}
	for i := len(children) - 1; i >= 0; i-- {
		l.walk(children[i], depth)
	}
}

// appendView appends what w, which waits in s, tells, if it still waits.
//
//go:norace
func (w *Waiter) appendView(waits []wait, s *Scope) []wait {
	op, word, ok := w.describe()
	if !ok {
		return waits
	}
	since, goid, maker := w.since.Load(), w.who.goid.Load(), w.who.maker.Load()
	of, ok := w.source(word)
	switch g := s.group(); {
	case !ok: // it went on meanwhile
		return waits
	case word&held != 0 && of != nil && !of.(*Task).there(): // see Hold
		return waits
	case op == opJoin && g != nil:
		of = g
	}
	return append(waits, wait{s, op, of, word, since, goid, maker, w})
}

// note gives a wait to the scope's task, if it is its own. What waits on the goroutine
// of a task that runs something else there may be a guest of it.
//
//go:norace
func (l *look) note(w wait) {
	if w.word&own == 0 {
		l.strangers = append(l.strangers, w)
		return
	}
	for i := len(l.views) - 1; i >= 0; i-- {
		if v := &l.views[i]; v.Task == w.s.task {
			if v.Word&held != 0 && w.goid == 0 {
				w.maker = v.Task.GoroutineID()
				l.strangers = append(l.strangers, w)
			} else {
				v.set(w)
			}
			return
		}
	}
}

//go:norace
func (v *TaskView) set(w wait) {
	v.Waiting, v.Op, v.Of, v.Word, v.Scope, v.goid, v.waiter = true, w.op, w.of, w.word, w.s, w.goid, w.waiter
	if w.since != 0 {
		v.Since = w.s.run.Time(w.since - 1)
	}
}

// giveStrangers gives the waits that tasks have begun with the contexts of others
// to those tasks, by their goroutines. Goroutines that are no tasks are not told of.
//
//go:norace
func (l *look) giveStrangers() {
	if len(l.strangers) == 0 {
		return
	}
	tasks := make(map[int64]*TaskView)
	for i := range l.views {
		v := &l.views[i]
		if g := v.Task.GoroutineID(); tasks[g] == nil || v.Task.isGuest() {
			tasks[g] = v
		}
	}
	for _, w := range l.strangers {
		if v := tasks[w.maker]; v != nil && (!v.Waiting || v.Task == w.s.task) {
			v.set(w)
		}
	}
}

// RunsHere reports whether the calling goroutine is the task's.
//
//go:norace
func (t *Task) RunsHere() bool {
	if t.run.Loop {
		return t.run.Current() == t
	}
	return t.goroutine() == GoroutineID()
}

// Asker is the task among those that the calling goroutine runs, nil if there is
// none. Of several on one goroutine it is the innermost, which the others wait for.
//
//go:norace
func Asker(views []TaskView) *Task {
	for i := len(views) - 1; i >= 0; i-- {
		if t := views[i].Task; t.RunsHere() {
			return t
		}
	}
	return nil
}

// AllBlocked reports whether all tasks but one wait at this instant. Two looks
// that see the same waits prove that nothing ran in between.
//
//go:norace
func (r *Run) AllBlocked(except *Task) bool {
	first := r.Tasks()
	return allWait(first, except) && sameWaits(first, r.Tasks(), except)
}

// allWait reports whether all tasks but one wait.
//
//go:norace
func allWait(views []TaskView, except *Task) bool {
	for _, v := range views {
		if !v.Waiting && v.Task != except {
			return false
		}
	}
	return true
}

// sameWaits reports whether the tasks of two looks are the same and, but for one, in the
// same waits. All of them wait in the first.
//
//go:norace
func sameWaits(first, second []TaskView, except *Task) bool {
	if len(first) != len(second) {
		return false
	}
	for i, v := range second {
		if v.Task != first[i].Task || v.Task != except && !v.sameWait(&first[i]) {
			return false
		}
	}
	return true
}

// sameWait reports whether two looks at a task have seen the same wait, or none. Words alone
// do not tell: the next wait may be another waiter's, which has had as many.
//
//go:norace
func (v *TaskView) sameWait(other *TaskView) bool {
	return v.Word == other.Word && v.waiter == other.waiter
}

// Interrupted tells that a task of a loop begins to wait, with 1, for the end of a call that
// it has interrupted, or has waited, with -1. Such a task is about to go on.
//
//go:norace
func (r *Run) Interrupted(n int) { r.interrupted.Add(int64(n)) }

// Interrupting reports whether there are such tasks.
//
//go:norace
func (r *Run) Interrupting() bool { return r.interrupted.Load() > 0 }

// SawAllBlocked lets all that the tasks of the run have done before they ended, or
// began the waits in which they are, happen before what the caller does next.
//
//go:norace
func (r *Run) SawAllBlocked() {
	if !race.Enabled {
		return
	}
	race.Acquire(unsafe.Pointer(&r.Whole().ended))
	for _, v := range r.Tasks() {
		if v.waiter != nil {
			race.Acquire(unsafe.Pointer(&v.waiter.since))
		}
	}
}

// A Stall is the end of a run that cannot go on.
type Stall struct {
	Kind  string // "deadlock", "livelock", "stuck" or "timers"
	Tasks []StalledTask
	Steps uint64
	Began time.Time // when the clock began
	Now   time.Time
	Seed  uint64
	Stuck *StuckStep // the reason, if the kind is "stuck"
}

// A StuckStep is a step of a loop that does not come back.
type StuckStep struct {
	Task  *Task         // whose step it is, nil if none
	State string        // of its goroutine, in the words of package runtime
	Stack string        // of its goroutine
	After time.Duration // how long it had taken, in real time
	// Preempted tells that tasks give way in calls that do not wait; see Preempt.
	Preempted bool
}

// A StalledTask says where a task stands.
type StalledTask struct {
	ID        uint64
	Name      string
	Depth     int
	Op        string
	Forgotten bool // the kind is "timers", and this is one of the reasons
	Since     time.Time
	Places    []string // file:line of the user's calls, the innermost first
	Holds     []Holding
}

// Stalled describes all tasks of the run.
//
//go:norace
func (r *Run) Stalled(kind string) *Stall {
	st := &Stall{Kind: kind, Now: r.Today()}
	views, places := r.Survey()
	var holds map[*Task][]Holding
	if kind != "stuck" { // then one of them may run
		holds = holdings(views)
	}
	for i, v := range views {
		st.Tasks = append(st.Tasks, StalledTask{
			ID: v.Task.ID(), Name: v.Task.Name(), Depth: v.Depth, Op: v.Op.String(), Since: v.Since, Places: places[i],
			Holds: holds[v.Task],
		})
	}
	return st
}

// ShieldedAt reports whether cancellation from outside the task does not reach s, one of its
// scopes.
//
//go:norace
func (t *Task) ShieldedAt(s *Scope) bool {
	for at := s; at != nil; at = at.parent {
		if at.Shield() {
			return true
		}
		if at == &t.Scope {
			return t.IsService()
		}
	}
	return false
}

// InnerScope is the innermost scope of the task that is known to the tree: a
// scope in which nothing has blocked yet is not.
//
//go:norace
func (t *Task) InnerScope() *Scope {
	s := &t.Scope
	for {
		in := s.newestChild()
		if in == nil {
			return s
		}
		s = in
	}
}

// newestChild is the newest scope opened in s, nil if there is none. It belongs to the
// task of s, as its own scope is not among them, and those of its tasks are not either.
//
//go:norace
func (s *Scope) newestChild() *Scope {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.child
}
