// Package loop is the one single-threaded loop behind two backends: tasks are
// coroutines that run one at a time on the goroutine that called Main, or on one that
// stands in for it while it waits (see Lender). The event loop and the simulator give
// it their own order of ready tasks, clock, and source of outside events.
//
// Under -race everything the tasks share only because they take turns is
// invisible to the detector (go:norace, intrusive lists instead of append), and
// the true edges are made by hand: Start releases, the task's first step acquires; the
// kernel does the same for a wait and who ends it.
package loop

import (
	"math"
	"time"
	"unsafe"

	"github.com/anyio-go/anyio/internal/coro"
	"github.com/anyio-go/anyio/internal/goid"
	"github.com/anyio-go/anyio/internal/kernel"
	"github.com/anyio-go/anyio/internal/quiet"
	"github.com/anyio-go/anyio/internal/race"
)

// Order is a queue of ready tasks that decides who runs next.
type Order interface {
	Push(t *kernel.Task)
	Pop() *kernel.Task // nil if empty
	Len() int
}

// Clock tells the time and what to do when no task is ready.
type Clock interface {
	Now() int64
	Today() time.Time
	Time(instant int64) time.Time
	Instant(t time.Time) int64
	// Idle waits until something may have happened: a timer is due at next (if
	// hasTimer), Wake was called, a descriptor is ready. It returns an error if
	// nothing ever will.
	Idle(next int64, hasTimer bool) error
	// Wake ends Idle, from any goroutine.
	Wake()
	// Poll hands out outside events without waiting.
	Poll()
	Close() error
}

// Params are what the two backends differ in.
type Params struct {
	Name    string
	Order   Order
	Clock   Clock
	Budget  int  // operations a task may do before it gives way
	Trims   bool // coroutines that are not needed any more are given back
	Prompts bool // a turn that is late is made due from outside, see prompter
	Looks   bool // Idle looks at what is outside before it waits
	Stride  int  // tasks that may run between two looks at the clock, if they were short before
	// Rand returns a choice out of n, unless the backend has a Rand of its own.
	Rand func(n int) int
	// Director, if set, is asked and told of each step.
	Director Director
}

// A Director directs the steps of a loop.
type Director interface {
	// BeforeStep is called before each choice. It may make tasks ready and let
	// time pass; if it reports true, timers may be due.
	BeforeStep() (passed bool)
	// OnStep is told of each task before it runs. It may name a kind of stall, which
	// ends the run.
	OnStep(t *kernel.Task) (stall string)
	// CallFirst chooses whether a call comes before the tasks that are ready, of which
	// there is one at least. Without a Director the order in which they became ready
	// decides.
	CallFirst(tasks int) bool
	// OnCall is OnStep of a call.
	OnCall() (stall string)
	// OnStall turns the report of a stall into its error.
	OnStall(s *kernel.Stall) error
}

// Loop is what runs the tasks of a kernel.Backend, which adds the world round them. It
// serves one run.
type Loop struct {
	Params
	run      *kernel.Run
	main     *kernel.Task
	mainDone bool
	goid     quiet.Int64  // of the goroutine that drives the loop
	current  quiet.Int64  // goroutine id of the coroutine that was resumed last
	cur      *kernel.Task // the task it runs
	stash    *kernel.Task // picked by a coroutine, to be resumed next
	hosted   bool         // the current task was resumed by one that parks: see Park
	budget   int          // operations until cur has to ask for more
	granted  int          // operations that cur was given in all
	pace     pace         // when to look at timers and outside events
	pool     pool         // coroutines without a task
	spare    *Spare       // what they are left to; see Share
	watch    *watchdog
	stats    stats
	prompt   prompter
	spent    *coro.Coro // coroutines whose task called runtime.Goexit
	goexit   bool       // one of them is being ended
	stalled  error      // why the run was killed
	patience int        // steps left to the tasks of a killed run
	given    bool       // the tasks that are left are abandoned
	timers   timers
	firing   bool // see Firing
	remote   remote
	watchers *watcher // tasks in WaitAllBlocked
	workers  workers  // for blocking calls
	calls    calls    // functions to be called between steps
	lending
}

// New makes a loop.
//
//go:norace
func New(p Params) *Loop {
	l := &Loop{}
	l.Init(p)
	return l
}

// Init makes l, the zero value, a loop.
//
//go:norace
func (l *Loop) Init(p Params) {
	l.Params = p
	l.calls.border = math.MaxUint64
}

func (l *Loop) Name() string   { return l.Params.Name }
func (l *Loop) Rand(n int) int { return l.Params.Rand(n) }

func (l *Loop) Now() int64                   { return l.Clock.Now() }
func (l *Loop) Today() time.Time             { return l.Clock.Today() }
func (l *Loop) Time(instant int64) time.Time { return l.Clock.Time(instant) }
func (l *Loop) Instant(t time.Time) int64    { return l.Clock.Instant(t) }

// Main drives the loop until t has ended.
func (l *Loop) Main(t *kernel.Task) error {
	l.run, l.main = t.Scope.Run(), t
	l.goid.Store(goid.Get())
	l.openLending()
	l.startWatch()
	l.startPrompt()
	kernel.Register(l.run)
	defer kernel.Unregister(l.run)
	defer l.close()
	l.Start(t)
	l.drive()
	race.Acquire(unsafe.Pointer(t))
	return l.stalled
}

func (l *Loop) close() {
	l.watch.stop()
	l.prompt.stop()
	l.closePool()
	l.workers.close()
	_ = l.Clock.Close()
}

// drive resumes tasks until the main one is over, and those that goroutines outside
// have started. The end of a coroutine whose task called Goexit exits the goroutine
// that lets it end, too; the loop then goes on inside the deferred call, and the
// goroutine exits when all is done.
func (l *Loop) drive() {
	defer func() {
		if l.goexit || l.calls.running {
			if l.calls.running {
				l.giveWay()
			}
			l.goexit, l.calls.running = false, false
			l.drive()
		}
	}()
	l.reap()
	for !l.mainDone || l.left() {
		t := l.next()
		switch {
		case t != nil:
			l.resume(t)
		case l.given:
			return
		}
		l.reap()
	}
}

// next waits for a task that is ready, nil if there will be none or the main task has
// ended meanwhile.
//
//go:norace
func (l *Loop) next() *kernel.Task {
	done := l.mainDone
	for !l.givenUp() {
		l.pool.trim()
		if t := l.stash; t != nil {
			l.stash = nil
			return t
		}
		if l.calls.due {
			l.call()
			if l.mainDone && !done {
				return nil
			}
			continue
		}
		if l.iterationEnds() || l.calls.halt && !l.ready() {
			l.iterate()
		}
		if l.ready() || !l.mayIdle() {
			if t := l.pick(); t != nil {
				return t
			}
		}
		if l.given {
			break
		}
		if l.calls.due || l.calls.halt || l.ready() || l.wakeWatcher() || l.pool.surplus > 0 {
			continue
		}
		if done && !l.left() { // it was a call
			return nil
		}
		if err := l.wait(); err == nil {
			if l.mainDone && !done {
				return nil
			}
			if l.Looks {
				l.turn()
			}
			continue
		}
		if !l.stall("deadlock") {
			return nil
		}
	}
	return nil
}

// mayIdle reports whether a loop for which nothing is ready goes to Idle without a turn
// before, which would look outside as Idle does. Who waits for all to be blocked is to know
// of what is outside before.
//
//go:norace
func (l *Loop) mayIdle() bool { return l.Looks && l.watchers == nil }

// pick takes the next ready task, nil if there is none.
//
//go:norace
func (l *Loop) pick() *kernel.Task {
	if l.givenUp() {
		return nil
	}
	if !l.ready() || l.turnDue() {
		l.turn()
	}
	return l.take()
}

// ready reports whether there is anything to be run.
//
//go:norace
func (l *Loop) ready() bool { return l.Order.Len() > 0 || l.calls.queue.Len() > 0 }

// take is pick without a look at outside events. It is called on the stacks of tasks
// that are about to wait, so what is rare has a frame of its own.
//
//go:norace
func (l *Loop) take() *kernel.Task {
	if l.Director != nil || l.stalled != nil {
		l.beforeStep()
	}
	if l.given || l.iterationEnds() && !l.iterateHere() || l.callDue() {
		return nil // the driver knows what to do
	}
	t := l.Order.Pop()
	if t == nil {
		return nil
	}
	l.calls.tasks++
	if l.Director != nil {
		l.tellStep(t)
	}
	return t
}

// turn looks at everything that makes tasks ready from outside.
//
//go:norace
func (l *Loop) turn() {
	l.watch.turned()
	l.prompt.turned(l.stats.turns.Add(1))
	l.drainRemote()
	l.Clock.Poll()
	if race.Enabled { // there descriptors and timers are told of on other goroutines
		l.drainRemote()
	}
	if !l.ready() && l.timers.empty() {
		return
	}
	now := l.Clock.Now()
	behind := l.fireTimers(now)
	if race.Enabled {
		l.drainRemote()
	}
	if kernel.Heard() {
		l.run.TellTurn(l.Order.Len()+l.calls.queue.Len(), behind)
	}
	l.pace.turned(now, l.Stride)
	if l.Trims {
		l.pool.age(now)
	}
}

// resume runs t until it parks or ends.
//
//go:norace
func (l *Loop) resume(t *kernel.Task) {
	l.give(t).Resume()
	l.cur = nil
}

// give makes t the current task, and returns its coroutine, to be resumed.
//
//go:noinline
//go:norace
func (l *Loop) give(t *kernel.Task) *coro.Coro {
	c := t.Strand().Coro
	if c == nil {
		if c = l.pool.get(); c == nil {
			c = coro.New(l)
		} else {
			c.Wait = l
		}
		t.Strand().Coro = c
	}
	l.begin(t)
	l.current.Store(c.Goid())
	return c
}

// RunCoro is what a coroutine does: run the task it was resumed with, then further
// new tasks, which need no switch. All of it is in one frame, for the sake of small
// stacks. One that returns true is in the pool.
//
//go:norace
func (l *Loop) RunCoro(c *coro.Coro) (again bool) {
	c.Begin()
	l.current.Store(c.Goid())
	defer l.exited(c)
	for {
		t := l.cur
		race.Acquire(unsafe.Pointer(t))
		l.goOn()
		t.Label()
		t.Run()
		l.endTask(l.cur)
		if !coro.Pooled {
			return false
		}
		if !l.pickNew(c) {
			l.pool.put(c)
			return true
		}
	}
}

// pickNew makes the next task the current one if c may run it.
//
//go:norace
func (l *Loop) pickNew(c *coro.Coro) bool {
	if l.mainDone || l.urgent() || l.Looks && !l.ready() {
		return false
	}
	l.cur = nil // it acts for the driver
	t := l.pick()
	if t == nil {
		return false
	}
	if t.Strand().Coro != nil {
		l.stash = t
		return false
	}
	t.Strand().Coro = c
	l.begin(t)
	return true
}

// Start queues a new task. A run that ends early starts no new ones out of order.
//
//go:norace
func (l *Loop) Start(t *kernel.Task) {
	t.ID() // in order of start, for the trace
	race.ReleaseMerge(unsafe.Pointer(t))
	l.Unpark(t)
}

// Unpark makes t ready. From another goroutine it wakes the loop.
//
//go:norace
func (l *Loop) Unpark(t *kernel.Task) {
	if l.drives(goid.Get()) {
		l.Order.Push(t)
		return
	}
	race.Disable()
	queued := l.remote.push(t)
	race.Enable()
	if queued {
		l.Clock.Wake()
	} else if t.Strand().Coro == nil { // it never ran: its scope is canceled, but run it must
		go t.Entry()()
	}
}

// drives reports whether a goroutine is the loop's, or the one of the task that runs.
//
//go:norace
func (l *Loop) drives(g int64) bool { return g == l.current.Load() || g == l.goid.Load() }

// InTurn reports whether the calling goroutine has its turn on the loop: what the tasks
// share may be touched.
//
//go:norace
func (l *Loop) InTurn() bool { return l.drives(goid.Get()) }

// Current is the task on the calling goroutine.
//
//go:norace
func (l *Loop) Current() *kernel.Task {
	if goid.Get() == l.current.Load() {
		return l.cur
	}
	return nil
}
