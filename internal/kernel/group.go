package kernel

import (
	"unsafe"

	"github.com/anyio-go/anyio/internal/quiet"
	"github.com/anyio-go/anyio/internal/race"
)

// A Group is a scope with tasks in it that are waited for.
type Group struct {
	Scope
	Runner Runner
	tasks  *Scope  // newest first, linked by next, ended ones too; guarded by mu
	linked int64   // their number
	joiner *Waiter // the host; set before Join takes its one from live
	// services has the tasks that go on until those of the group have ended; nil if there
	// were none.
	services quiet.Pointer[Group]
	_        [64]byte
	// live is the number of tasks that have not exited, plus one until Join. It
	// never rises from 0 again. Tasks that end on other cores write to it, so it
	// and the crew have a cache line of their own.
	live quiet.Int64
	crew crew
	_    [16]byte
}

// Open makes the group of a scope that has just been opened by Init.
//
//go:norace
func (g *Group) Open(runner Runner) {
	g.Runner = runner
	g.live.Store(1)
	g.state.Or(stGroup)
}

// firstTask is the head of the scope's list of tasks, if it is a group's.
//
//go:norace
func (s *Scope) firstTask() *Scope {
	if g := s.group(); g != nil {
		return g.tasks
	}
	if s.parent == nil { // the root
		return s.run.main
	}
	return nil
}

// group is the group whose scope s is, nil if it is none's.
//
//go:norace
func (s *Scope) group() *Group {
	if s.state.Load()&stGroup == 0 {
		return nil
	}
	return (*Group)(unsafe.Pointer(s)) // the scope is the group's first field
}

// sweepSlack is how many ended tasks a group keeps linked at least.
const sweepSlack = 64

// Spawn adds a prepared task and starts it. It returns false if the group has ended.
//
//go:norace
func (g *Group) Spawn(t *Task) bool {
	if !g.adopt(t) {
		return false
	}
	t.run.Start(t)
	return true
}

// RunHere is Spawn that runs the task on the calling goroutine, which may not be
// a loop's, to its end. The place is the caller's. The group's run may not be one on a
// loop.
//
//go:norace
func (g *Group) RunHere(p Place, t *Task) bool {
	if !g.adopt(t) {
		return false
	}
	t.strand.next = t // see isGuest
	defer p.visit(t, false).end()
	t.Run()
	return true
}

// MayRunHere reports whether the calling goroutine may as well be that of a task of the
// group, so that RunHere may be called.
//
//go:norace
func (g *Group) MayRunHere() bool { return !g.run.Loop && !g.run.PprofLabels && LoopTask() == nil }

// isGuest reports whether the task runs on the goroutine of its caller, by RunHere.
//
//go:norace
func (t *Task) isGuest() bool { return !t.run.Loop && t.goid.Load() != 0 && t.strand.next == t }

// adopt adds a task.
//
//go:norace
func (g *Group) adopt(t *Task) bool {
	if attentive.Load() != 0 {
		g.touchStart()
	}
	if !g.hold() {
		return false
	}
	if g.state.Load()&stLazy != 0 {
		g.materialize()
	}
	t.parent, t.run, t.origin = &g.Scope, g.run, g.origin
	if t.meta != nil && t.meta.Values != nil {
		t.origin = &origin{Context: t.meta.Values}
		race.ReleaseMerge(unsafe.Pointer(t.origin))
	}
	if t.run.team != nil {
		t.place()
	}
	g.mu.Lock()
	st := uint32(stTask)
	st |= g.state.Load() & (stCanceled | stTimed)
	t.state.Begin(st)
	t.next, g.tasks = g.tasks, &t.Scope // no other task is touched: it may be running
	if g.linked++; g.linked > 2*g.live.Load()+sweepSlack {
		g.sweepLocked()
	}
	g.mu.Unlock()
	return true
}

// hold keeps the group open until release, as a task in it does. It returns false if the
// group has ended.
//
//go:norace
func (g *Group) hold() bool {
	for {
		n := g.live.Load()
		if n == 0 {
			return false
		}
		if g.live.CompareAndSwap(n, n+1) {
			return true
		}
	}
}

// release undoes hold. The last one lets the host go on.
//
//go:norace
func (g *Group) release() {
	Touch(g, Adds)
	if g.live.Add(-1) == 0 && g.joiner.Wake() {
		if attentive.Load() != 0 {
			g.gather()
		}
		g.joiner.Unpark()
	}
}

// Sweep unlinks the tasks that have ended, from any goroutine. A group does so itself
// when others begin: Sweep is for who must not keep them longer.
//
//go:norace
func (g *Group) Sweep() {
	g.mu.Lock()
	g.sweepLocked()
	g.mu.Unlock()
}

// sweepLocked unlinks the tasks that have ended. Ending tasks do not do that
// themselves, so that they need no lock and one kept handle keeps few others.
//
//go:norace
func (g *Group) sweepLocked() {
	g.linked = 0
	for at := &g.tasks; *at != nil; {
		c := *at
		if c.state.Load()&stClosed != 0 {
			*at, c.next = c.next, nil
		} else {
			at = &c.next
			g.linked++
		}
	}
}

// CloseOpen closes the scopes that the task has opened on its own goroutine and
// not closed: it cancels them and waits for their tasks. It reports whether there
// were any, which is a mistake of the task's function.
//
//go:norace
func (t *Task) CloseOpen() (open bool) {
	if t.state.Load()&stParent == 0 {
		return false
	}
	for s := t.innermostOpen(); s != nil; s = t.innermostOpen() {
		open = true
		s.Cancel(&Cause{Reason: "the task that opened the scope ended without closing it"})
		if g := s.group(); g != nil {
			_ = g.Join()
		}
		s.Leave()
	}
	return open
}

// innermostOpen is the innermost scope below s that the calling goroutine has
// opened to close it by hand, nil if there is none.
//
//go:norace
func (s *Scope) innermostOpen() *Scope {
	s.mu.Lock()
	var children []*Scope
	for c := s.child; c != nil; c = c.next {
		children = append(children, c)
	}
	s.mu.Unlock()
	for _, c := range children {
		if inner := c.innermostOpen(); inner != nil {
			return inner
		}
		if c.openedHere() {
			return c
		}
	}
	return nil
}

// Exit ends a settled task. It is the last thing its runner does.
//
//go:norace
func (t *Task) Exit() {
	if x := t.ext.Load(); x != nil {
		t.disarm(x)
	}
	t.dismiss()
	g := t.parent.group()
	if g == nil {
		return
	}
	if t.run.team != nil {
		t.run.load.Add(-1)
	}
	race.ReleaseMerge(unsafe.Pointer(g))
	g.release()
}

var opJoin = RegisterPassiveOp("TaskGroup exit: waiting for its tasks")

// Join waits until no task is left, not minding cancellation, which reaches the
// tasks by themselves, and closes the group; then it ends the service tasks. The host calls
// it, once. It is a schedule point also if there is no task to wait for. If the host is asked
// to end meanwhile, the group is canceled, and Join returns the request.
//
//go:norace
func (g *Group) Join() (requested error) {
	requested = g.join()
	if g.services.Load() != nil {
		if err := g.endServices(); requested == nil {
			requested = err
		}
	}
	return requested
}

// join is Join of the tasks that are no service tasks.
//
//go:norace
func (g *Group) join() (requested error) {
	Touch(g, Adds)
	if g.live.CompareAndSwap(1, 0) {
		g.unlinkTasks()
		if g.run.Loop {
			g.run.Yield(false)
		}
		return nil
	}
	w, p := GetWaiter(), Place{S: &g.Scope}
	w.prepareFor(p.RunningTask(), p, uint64(opJoin)<<opShift|noAbort|heeds)
	g.joiner = w
	if w.task == nil && p.mayBePulled() {
		if err := pulledByLoop(); err != nil { // Wait will panic, and nobody wait for the tasks
			g.Cancel(&Cause{Err: err})
		}
	}
	if g.live.Add(-1) > 0 {
		requested = w.Wait(p)
		Touch(g, Adds)
		if requested != nil {
			g.joinAsked(w, p, requested)
		}
	}
	PutWaiter(w)
	g.unlinkTasks()
	return requested
}

// joinAsked goes on to wait for the tasks when the host was asked to end: then so are they.
//
//go:norace
func (g *Group) joinAsked(w *Waiter, p Place, requested error) {
	w.PrepareShielded(p, opJoin)
	g.Cancel(&Cause{Err: requested})
	if g.live.Load() == 0 && w.Wake() {
		return // the last one came while nobody waited
	}
	_ = w.Wait(p) // cannot be aborted
	Touch(g, Adds)
}

// unlinkTasks forgets all tasks, which have ended.
//
//go:norace
func (g *Group) unlinkTasks() {
	race.Acquire(unsafe.Pointer(g))
	g.Sweep()
}
