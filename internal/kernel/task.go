package kernel

import (
	"context"
	"reflect"
	"runtime"
	"runtime/pprof"
	"unsafe"

	"github.com/anyio-go/anyio/internal/goid"
	"github.com/anyio-go/anyio/internal/quiet"
	"github.com/anyio-go/anyio/internal/race"
)

// A Task is one flow of control: its own leaf scope, its context, and its
// bookkeeping in one object.
type Task struct {
	code uintptr // see closure
	Scope
	F      func(context.Context) error // what the task does; the runner clears it
	meta   *TaskMeta
	pc     uintptr // entry of the function it runs, for its name
	id     quiet.Uint64
	goid   quiet.Int64
	held   *Hold                // what it must give back before it ends; its own goroutine's
	done   quiet.Pointer[Latch] // nil: nobody waits yet; over: the task has ended
	strand Strand
}

// A Runner runs the tasks of a group. RunTask must not panic, must survive
// Goexit, and must end with Settle and Exit.
type Runner interface{ RunTask(t *Task) }

// An Outcome is how a task ended.
type Outcome uint32

const (
	Pending Outcome = iota
	Finished
	Canceled
	Failed
)

// TaskMeta is what only few tasks have.
type TaskMeta struct {
	Name    string
	HasName bool
	Runner  Runner              // of a first task
	Boot    any                 // belongs to Start
	Starter quiet.Pointer[Task] // while Start waits: who called it
	Values  context.Context     // answers Value in place of the group's context
	Caller  context.Context     // of a call that has started it and waits for it, for who listens
	Where   int                 // of a team's loops it runs on: see AnyLoop
	Service bool                // is to go on until all others of the group have ended
}

// FuncPC is the entry of a function value of any type F that is a func.
//
//go:norace
func FuncPC[F any](f F) uintptr {
	return reflect.ValueOf(f).Pointer()
}

// Prepare sets what a task runs. Call it before Spawn or OpenMain.
//
//go:norace
func (t *Task) Prepare(f func(context.Context) error, pc uintptr, meta *TaskMeta) {
	t.F, t.pc, t.meta = f, pc, meta
	t.task = t
}

// Meta is what was given to Prepare.
//
//go:norace
func (t *Task) Meta() *TaskMeta { return t.meta }

// OpenMain makes t the first task of a run.
//
//go:norace
func (t *Task) OpenMain(r *Run) {
	t.parent, t.run, t.origin = &r.Root, r, r.Root.origin
	t.id.Store(r.lastID.Add(1)) // in a team, too, the main task is the first
	root := &r.Root
	root.materialize()
	root.mu.Lock()
	st := uint32(stTask)
	st |= root.state.Load() & (stCanceled | stTimed)
	t.state.Begin(st)
	r.main = &t.Scope
	root.mu.Unlock()
	if Heard() {
		r.tellBegan()
	}
}

// Run runs the task on the calling goroutine. Backends call it.
//
//go:norace
func (t *Task) Run() {
	if Heard() {
		t.beginTold()
	} else {
		t.goid.Store(goid.Get())
	}
	if t.run.PprofLabels {
		t.runLabeled()
	} else {
		t.Runner().RunTask(t)
	}
}

// Label gives the calling goroutine, which is about to run t and is not that of a caller
// who has labels of its own, the pprof labels of t's context.
//
//go:norace
func (t *Task) Label() { pprof.SetGoroutineLabels(&t.Scope) }

// there reports whether the task has been added and has not ended.
//
//go:norace
func (t *Task) there() bool { return t.state.Load()&(stTask|stClosed) == stTask }

// RunFirst is Run of the first task of a run, on the goroutine that has called for it.
//
//go:norace
func (t *Task) RunFirst() {
	defer Locate(t.origin.Context).visit(t, true).end()
	t.Run()
}

// runLabeled is apart from Run for the sake of small stacks: what is below all of a
// goroutine's frames counts for each of a million.
//
//go:norace
func (t *Task) runLabeled() {
	pprof.SetGoroutineLabels(pprof.WithLabels(&t.Scope, pprof.Labels("task", t.Name())))
	defer pprof.SetGoroutineLabels(context.Background())
	t.Runner().RunTask(t)
}

// Runner is what runs the task.
//
//go:norace
func (t *Task) Runner() Runner {
	if g := t.parent.group(); g != nil {
		return g.Runner
	}
	return t.meta.Runner
}

// Name is the given name, else that of the task's function.
//
//go:norace
func (t *Task) Name() string {
	if t.meta != nil && t.meta.HasName {
		return t.meta.Name
	}
	if f := runtime.FuncForPC(t.pc); f != nil {
		return f.Name()
	}
	return "task"
}

// Func is the function that the task runs.
//
//go:norace
func (t *Task) Func() uintptr { return t.pc }

// ID identifies the task within its run.
//
//go:norace
func (t *Task) ID() uint64 {
	if id := t.id.Load(); id != 0 {
		return id
	}
	t.id.CompareAndSwap(0, t.run.Whole().lastID.Add(1))
	return t.id.Load()
}

// Host is the task whose group this one belongs to or, until it has started,
// the task that waits in Start; nil for a first task.
//
//go:norace
func (t *Task) Host() *Task {
	if t.meta != nil {
		if s := t.meta.Starter.Load(); s != nil {
			return s
		}
	}
	if t.parent.group() == nil {
		return nil
	}
	return t.parent.task
}

// GoroutineID is the goroutine that runs the task, 0 before it runs. When the task has
// ended, the goroutine may run another one.
//
//go:norace
func (t *Task) GoroutineID() int64 { return t.goid.Load() }

// Finished reports whether the task is over.
//
//go:norace
func (t *Task) Finished() bool { return t.state.Load()&stClosed != 0 }

// LeavesLocked reports, in debug runs on the parallel backend, whether the task is about to
// end with its goroutine locked to a thread.
//
//go:norace
func (t *Task) LeavesLocked() bool {
	return t.run.Debug && !t.run.Loop && !t.isGuest() && goid.Locked()
}

// over is the latch of tasks that had ended before anybody waited.
var over = func() *Latch { l := &Latch{}; l.Open(); return l }()

// Settle records how the task ended, tells the listeners and lets those go on who wait for
// it. What the end means for the group, such as its cancellation, has been done before.
// The outcome never changes afterwards.
//
//go:norace
func (t *Task) Settle(how Outcome, err error) {
	t.F = nil
	if attentive.Load() != 0 {
		t.touchEnd(how)
	}
	if Heard() {
		t.tellEnded(how, err)
	}
	if err != nil && (how != Canceled || !t.why().is(err)) {
		t.mu.Lock()
		t.extLocked().err = err
		t.mu.Unlock()
	}
	race.ReleaseMerge(unsafe.Pointer(&t.done))
	race.ReleaseMerge(unsafe.Pointer(&t.run.Whole().ended)) // before Tasks leaves it out
	t.state.Or(stClosed | uint32(how)<<outcomeShift)
	if !t.done.CompareAndSwap(nil, over) { // somebody waits
		t.done.Load().Open()
	}
}

// Outcome is how the task ended, Pending if it has not.
//
//go:norace
func (t *Task) Outcome() (Outcome, error) {
	Touch(&t.done, Looks)
	return t.outcome()
}

//go:norace
func (t *Task) outcome() (Outcome, error) {
	if l := t.done.Load(); l == nil || !l.isOpen() {
		return Pending, nil
	}
	race.Acquire(unsafe.Pointer(&t.done))
	how := Outcome(t.state.Load() >> outcomeShift & 3)
	if x := t.ext.Load(); x != nil && x.err != nil {
		return how, x.err // not written any more
	}
	if how == Canceled {
		return how, t.reason()
	}
	return how, nil
}

// reason is cancelError of a task that is over: so Settle need not store what all
// tasks of a canceled group end with.
//
//go:norace
func (t *Task) reason() error {
	for at := &t.Scope; at != nil; at = at.parent {
		if c := at.Cause(); c != nil {
			return c.Error()
		}
		if c := at.origin.over.Load(); c != nil && at.state.Load()&stForeign != 0 {
			return c.Error()
		}
	}
	return errHidden.Error()
}

// DoneAt makes l the task's DoneLatch, for who starts a task to wait for it. Call it
// before Spawn.
//
//go:norace
func (t *Task) DoneAt(l *Latch) { t.done.Store(l) }

// DoneLatch is the latch that opens when the task has ended.
//
//go:norace
func (t *Task) DoneLatch() *Latch {
	Touch(&t.done, Looks)
	l := t.done.Load()
	if l == nil {
		t.done.CompareAndSwap(nil, &Latch{})
		l = t.done.Load()
	}
	if l == over {
		race.Acquire(unsafe.Pointer(&t.done))
	}
	return l
}

// Await waits until the task has ended. It is a checkpoint also if it has.
//
//go:norace
func (t *Task) Await(ctx context.Context, op Op) error {
	return t.DoneLatch().WaitFor(ctx, op, t)
}

// AwaitAt is Await without the checkpoint, for who has begun its call at a place.
//
//go:norace
func (t *Task) AwaitAt(p Place, op Op) error { return t.DoneLatch().waitAt(p, op, t) }

// AwaitShieldedAt is AwaitAt not minding cancellation.
//
//go:norace
func (t *Task) AwaitShieldedAt(p Place, op Op) { t.DoneLatch().waitShieldedAt(p, op, t) }

// AwaitShielded is Await not minding cancellation.
//
//go:norace
func (t *Task) AwaitShielded(ctx context.Context, op Op) {
	t.DoneLatch().WaitShieldedFor(ctx, op, t)
}
