package kernel

import (
	"context"
	"time"
	"unsafe"

	"github.com/anyio-go/anyio/internal/goid"
	"github.com/anyio-go/anyio/internal/quiet"
	"github.com/anyio-go/anyio/internal/race"
	"github.com/anyio-go/anyio/internal/timerq"
)

// A Backend is what runs tasks, and what is round them. See the package comment for the
// duties.
type Backend interface {
	World
	// Name is "parallel", "eventloop" or "sim".
	Name() string
	// Main runs the root task on the calling goroutine until it has ended.
	Main(t *Task) error
	// Start makes t run (t.Run) some time later, never inside the call.
	Start(t *Task)
	// Current is the task that runs on the calling goroutine, nil if the
	// goroutine is not one of this backend's. The parallel backend, where a task
	// is told by its context, always says nil.
	Current() *Task
	// Move lets the running task go on on another goroutine, one that its own has
	// resumed and waits for. Stepping is the goroutine of the task that runs at this
	// moment, 0 if none does. Both are for loops.
	Move(t *Task, goroutine int64)
	Stepping() int64
	// Park suspends the calling task until Unpark, which may come first.
	Park(t *Task)
	// Unpark resumes a task that parks or is about to; once per Park, from any goroutine.
	Unpark(t *Task)
	// Yield lets other tasks run: always if forced, else when the budget of the
	// calling task is used up. Callers that are no task of this backend return at once.
	Yield(forced bool)
	// Now is the clock, in nanoseconds since an instant of its choice. It never goes back.
	Now() int64
	// Today is Now for people and for what is outside of the run.
	Today() time.Time
	// Time and Instant convert between the two. A time without a monotonic reading is
	// taken as one of the world's clock as that is set now.
	Time(instant int64) time.Time
	Instant(t time.Time) int64
	// Arm starts a timer that is not armed; Disarm reports whether it was.
	Arm(t *Timer)
	Disarm(t *Timer) bool
	// InPlace reports whether a job that may block is to be run by its caller: because
	// a task's goroutine may block, or because the job is one step of a simulation. With
	// detach the caller wants to leave before the end, if that is possible at all.
	InPlace(detach bool) bool
	// Offload starts a job where it may block without holding up other tasks.
	Offload(j Job)
	// WaitAllBlocked returns when every other task of the run waits for something.
	WaitAllBlocked(p Place) error
	// Rand is a source of the backend's random choices, seeded in the simulator.
	Rand(n int) int
}

// A Job is work that may block. RunJob must not panic, and may exit its goroutine.
type Job interface{ RunJob() }

// A WakingJob is a Job that ends with waking a waiter, which it may leave to who runs it.
type WakingJob interface {
	Job
	// RunWaking is RunJob but for the Unpark of the waiter that is returned; nil if there
	// is none.
	RunWaking() *Waiter
	// Own reports whether the job is code of this module and of the standard library
	// alone, which neither exits its goroutine nor leaves it locked to a thread. Then the
	// goroutine may go on to run other jobs, and tasks.
	Own() bool
}

// A Timer calls Fire when it is due, on the backend's own time and goroutine.
// Fire must not block.
type Timer = timerq.Item[Firer]

// Fire fires a timer that is due. Who does so happens to look at the clock, and has
// nothing to do with what the timer is for.
//
//go:norace
func Fire(t *Timer) {
	if race.Enabled {
		race.Apart(unsafe.Pointer(t), t.Value.Fire)
	} else {
		t.Value.Fire()
	}
}

// A Firer is what a timer is for.
type Firer interface{ Fire() }

// noDeadline is the deadline of a scope that has none.
const noDeadline int64 = 1<<63 - 1

// Config is what a run may be told.
type Config struct {
	Debug        bool          // record since when tasks wait, warn of unclosed resources
	PprofLabels  bool          // label each task's goroutine with the task's name
	PanicHandler func(any)     // gets the *PanicError of the root package at once
	PanicGrace   time.Duration // from a panic to the crash if its group does not end
	Name         string        // of the root task
	HoldLimit    time.Duration // how long a task may hold a loop before OnHog is told; 0: forever
	OnHog        func(Hog)     // called on a goroutine of its own, while the task goes on
}

// A Run is one tree of tasks on one backend.
type Run struct {
	Backend
	Config
	Traits
	Root Scope // of which all scopes of the run descend
	// Intruder, if set before the run begins, is asked by the simulator before each
	// step. It serves tests.
	Intruder Intruder
	origin   origin
	rootExt  scopeExt           // of Root
	main     *Scope             // of the first task; guarded by Root.mu
	nextLoop quiet.Pointer[Run] // see loops
	lastID   quiet.Uint64
	killed   quiet.Pointer[Cause] // set when the run cannot go on, see Kill
	refusals quiet.Int32          // since then, see refused
	ended    quiet.Bool
	stuck    quiet.Pointer[StuckStep] // see GiveUp
	birth    Birth                    // see KeepRuns
	timed    bool                     // waits note when they begin

	unpreemptible int         // calls of Unpreempted; the tasks' in turns
	interrupted   quiet.Int64 // see Interrupted

	team  *team       // nil for a run on one loop, or none
	index int         // in the team
	load  quiet.Int64 // tasks of the loop, if there is a team

	vars     vars
	finishMu quiet.Mutex
	finish   []func() // see OnFinish; guarded by finishMu

	ThreadLimiter quiet.Value // belongs to RunBlocking
	Asyncio       quiet.Value // belongs to package asyncio: its *Loop
}

// Traits are what the kernel must know of a backend.
type Traits struct {
	Loop    bool    // tasks are coroutines of one loop; Current tells the running one
	Preempt bool    // others may run at each operation that they can notice; see Preempt
	Watcher Watcher // if not nil, told of what tasks touch
	Drawer  Drawer  // if not nil, chooses among the cases of a Select, in place of Rand
	// Took, if not nil, is told which case of several a Select has taken without a wait.
	Took func(index int)
}

// attends reports whether operations that do not wait have to do more than their work.
//
//go:norace
func (t *Traits) attends() bool { return t.Preempt || t.Watcher != nil }

// Simultaneous reports whether tasks of the run may run at the same time as the one that
// asks: then it is worth while to look again for what another one is about to do.
//
//go:norace
func (r *Run) Simultaneous() bool { return !r.Loop || r.team != nil }

// Inside reports whether the calling goroutine may touch what the run's tasks share: it
// runs one of them, or they have goroutines like it.
//
//go:norace
func (r *Run) Inside() bool { return !r.Loop || r.Current() != nil }

// NewRun makes a run. Its root scope hangs on ctx.
//
//go:norace
func NewRun(b Backend, traits Traits, ctx context.Context, cfg Config) *Run {
	r := &Run{}
	r.Init(b, traits, ctx, cfg)
	return r
}

// Init makes r, the zero value, a run.
//
//go:norace
func (r *Run) Init(b Backend, traits Traits, ctx context.Context, cfg Config) {
	r.Backend, r.Traits, r.Config = b, traits, cfg
	r.Root.initRoot(r, ctx)
	if cfg.Debug {
		debugRuns.Add(1)
	}
	if r.attends() {
		attentive.Add(1)
	}
	kept := live.on.Load()
	if r.timed = kept || cfg.Debug; kept {
		r.keep()
	}
	if f := observer.Load(); f != nil {
		(*f)(r)
	}
}

// debugRuns counts the runs with Debug that are not over.
var debugRuns quiet.Int32

// DebugRuns reports whether any run with Debug goes on: then resources that are
// made are watched, and reported when they are never closed.
//
//go:norace
func DebugRuns() bool { return debugRuns.Load() > 0 }

// Ended reports whether the run is over.
//
//go:norace
func (r *Run) Ended() bool { return r.ended.Load() }

// OnFinish leaves a function to be called when the run is over, or at once if it is.
// It may wait, but for no task of the run.
//
//go:norace
func (r *Run) OnFinish(f func()) {
	r = r.Whole()
	race.ReleaseMerge(unsafe.Pointer(&r.finish))
	r.finishMu.Lock()
	ended := r.ended.Load()
	if !ended {
		r.finish = append(r.finish, f)
	}
	r.finishMu.Unlock()
	if ended {
		f()
	}
}

// Finish marks the run as over, leaves its root scope, and calls what OnFinish has
// left, the last first.
//
//go:norace
func (r *Run) Finish() {
	r.finishMu.Lock()
	if !r.ended.Swap(true) {
		if r.Debug {
			debugRuns.Add(-1)
		}
		if r.attends() {
			attentive.Add(-1)
		}
		if r.birth.Number != 0 {
			r.forget()
		}
		defer r.tellEnded() // when all that is left here is over
	}
	finish := r.finish
	r.finish = nil
	r.finishMu.Unlock()
	race.Acquire(unsafe.Pointer(&r.finish))
	race.Acquire(unsafe.Pointer(&r.ended))
	if r.GivenUp() == nil {
		r.Root.Leave()
	} else {
		r.Root.stopWatching()
	}
	callLastFirst(finish)
}

// callLastFirst calls all, also if one of them panics or exits the goroutine.
//
//go:norace
func callLastFirst(all []func()) {
	n := len(all)
	defer func() {
		if n > 0 {
			callLastFirst(all[:n])
		}
	}()
	for n > 0 {
		n--
		all[n]()
	}
}

// Kill ends a run that cannot go on: every wait in it, shielded or not, fails
// with the cause.
//
//go:norace
func (r *Run) Kill(c *Cause) {
	c.publish()
	r = r.Whole()
	if !r.killed.CompareAndSwap(nil, c) {
		return
	}
	for _, other := range r.Loops() {
		other.killed.Store(c)
	}
	reached := cancellation{killed: true}
	r.Root.mu.Lock()
	r.Root.killLocked(&reached)
	r.Root.mu.Unlock()
	reached.finish()
}

// maxRefusals is how many calls may fail in a killed run, before others run.
const maxRefusals = 10_000

// refused is told of a call that fails without having let others run. In a killed run a
// task that tries again and again would spin: after some failures it gives way each time,
// and its steps are counted, so that the loop can give it up.
//
//go:norace
func (r *Run) refused() {
	if r.killed.Load() != nil && r.Loop && r.refusals.Add(1) > maxRefusals {
		r.Yield(true)
	}
}

// Killed is the cause given to Kill, nil before.
//
//go:norace
func (r *Run) Killed() *Cause { return r.killed.Load() }

// GiveUp marks a loop's run as one that a step blocks for good. Its caller returns
// without it: nothing in it is told, or woken, and should the step come back after
// all, the loop runs no other one.
//
//go:norace
func (r *Run) GiveUp(s *StuckStep) {
	r.stuck.Store(s)
	Unregister(r)
}

// GivenUp is what was given to GiveUp, nil before.
//
//go:norace
func (r *Run) GivenUp() *StuckStep { return r.stuck.Load() }

// --- which loop runs the calling goroutine ---

var (
	loopsMu quiet.Mutex
	loops   quiet.Pointer[Run] // the newest; each knows the next older one in nextLoop
)

// Register makes a loop's run known, so that its tasks are recognized even when
// they use a foreign context.
//
//go:norace
func Register(r *Run) { setLoops(r, true) }

// Unregister undoes Register.
//
//go:norace
func Unregister(r *Run) { setLoops(r, false) }

// setLoops changes a list that others walk meanwhile: who is at a run that is taken out
// still comes from there to all that are older.
//
//go:norace
func setLoops(r *Run, known bool) {
	loopsMu.Lock()
	defer loopsMu.Unlock()
	for at := &loops; ; {
		other := at.Load()
		if other == r {
			if !known {
				at.Store(r.nextLoop.Load())
			}
			return
		}
		if other == nil {
			break
		}
		at = &other.nextLoop
	}
	if known {
		r.nextLoop.Store(loops.Load())
		loops.Store(r)
	}
}

// LoopTask is the loop task that runs on the calling goroutine, nil if none.
//
//go:norace
func LoopTask() *Task {
	for r := loops.Load(); r != nil; r = r.nextLoop.Load() {
		if t := r.Current(); t != nil {
			return t
		}
	}
	return nil
}

// ambient is the run of everything that is used without a Run.
var ambient quiet.Pointer[Run]

// SetAmbient installs the run that stands behind foreign contexts.
//
//go:norace
func SetAmbient(r *Run) { ambient.Store(r) }

// Ambient is the run that stands behind foreign contexts.
//
//go:norace
func Ambient() *Run { return ambient.Load() }

// GoroutineID identifies the calling goroutine.
//
//go:norace
func GoroutineID() int64 { return goid.Get() }
