// Package simloop is the backend of the simulator: coroutines whose order is
// chosen by a seed at every schedule point, and a clock that jumps.
package simloop

import (
	"context"
	"math/bits"
	"sync/atomic"
	"time"
	"unsafe"

	"github.com/anyio-go/anyio/internal/fetch"
	"github.com/anyio-go/anyio/internal/kernel"
	"github.com/anyio-go/anyio/internal/loop"
	"github.com/anyio-go/anyio/internal/quiet"
	"github.com/anyio-go/anyio/internal/race"
	"github.com/anyio-go/anyio/internal/schedule"
	"github.com/anyio-go/anyio/internal/simnet"
	"github.com/anyio-go/anyio/internal/simtrace"
)

// Config is what a simulated run is made of.
type Config struct {
	Seed     uint64
	MaxSteps uint64                       // 0: no limit
	Stalled  func(st *kernel.Stall) error // makes the error of a run that cannot go on
	OnStep   func(step uint64, now time.Time, task *kernel.Task)
	Network  simnet.Config
	// StepTimeout is how long a step may block, in real time; 0: forever.
	StepTimeout time.Duration
	// MaxWait is how long a task may wait in virtual time; 0: see lull; negative: for
	// ever.
	MaxWait time.Duration
	// StepMin and StepMax are how much virtual time a step takes.
	StepMin, StepMax time.Duration
	// Begin, if set, returns what chooses among the tasks of a run, in place of the seed.
	// What watches them may be nil, as may what draws within their steps, which is then the
	// seed. Room must then be set, too.
	Begin func(ts *schedule.Tasks) (schedule.Chooser, schedule.Watcher, schedule.Drawer)
	Room  *Room
	// NoteFailures has Tasks know when the run has failed.
	NoteFailures bool
	// Trace, if set, records the run.
	Trace *simtrace.Recorder
}

// A Sim is one simulated run.
type Sim struct {
	loop.Loop
	run     kernel.Run
	net     *simnet.Net // made at first need, see network
	netOnce quiet.Once
	cfg     Config
	order   seeded
	clock   clock
	signals raised
	foreign foreignWatches
	trace   tracing
	steps   uint64
	hash    uint64

	outside int        // tasks that wait for something outside
	away    quiet.Bool // since the last step, something outside was waited for in real time
	woken   quiet.Bool // since the last step, another goroutine has ended the lull

	stepped bool // beforeStep has not been called since
	lull    lull
	lookAt  int64    // when to look for forgotten tasks, if Config.MaxWait is set
	found   []uint64 // forgotten tasks that have ended the run

	chosen *kernel.Task          // the last one
	died   atomic.Pointer[error] // of what, for the watchdog
	driver atomic.Int64          // goroutine of the loop, for the watchdog
	clean  bool                  // the run has ended, and nothing is left of it
}

// New makes the backend of one run. Other goroutines may ask it who they are as soon
// as it is registered, without having been told of it.
//
//go:norace
func New(cfg Config) *Sim {
	s := &Sim{cfg: cfg, hash: fnvOffset}
	s.order.rng.seed(cfg.Seed)
	if cfg.Begin != nil {
		s.order.guide = &cfg.Room.guide
		s.order.guide.open(s, cfg.Begin)
	}
	s.clock.sim = s
	if s.trace.rec = cfg.Trace; cfg.Trace != nil {
		cfg.Trace.Begin(cfg.Seed, 0, userCalls)
		s.cfg.Network.Tracer = netTracer{s}
	}
	s.Loop.Init(loop.Params{Name: "sim", Order: &s.order, Clock: &s.clock, Budget: 1, Stride: 16, Director: s})
	if race.Enabled { // to whose eyes the task that comes first would make it without an order
		s.network()
	}
	return s
}

// NewRun makes a simulated run.
func NewRun(cfg Config, preempt bool, ctx context.Context, of kernel.Config) (*Sim, *kernel.Run) {
	s := New(cfg)
	traits := kernel.Traits{Loop: true, Preempt: preempt}
	if g := s.order.guide; g != nil && g.watch != nil {
		traits.Watcher = watched{s}
	}
	if g := s.order.guide; g != nil && g.drawer != nil {
		traits.Drawer = drawing{s}
	}
	if s.trace.rec != nil {
		traits.Took = s.traceTook
	}
	s.run.Init(s, traits, ctx, of)
	return s, &s.run
}

// network is that of the run. Most runs of a search need none, which would be a third of
// what a run allocates.
func (s *Sim) network() *simnet.Net {
	s.netOnce.Do(func() { s.net = simnet.New(s, s.cfg.Network) })
	return s.net
}

// report makes the error of a stall after that many steps.
func (s *Sim) report(st *kernel.Stall, steps uint64) error {
	st.Seed, st.Steps, st.Began = s.cfg.Seed, steps, epoch
	return s.cfg.Stalled(st)
}

// Mix makes the hash depend on v, too.
//
//go:norace
func (s *Sim) Mix(v uint64) {
	s.hash = (s.hash ^ v) * fnvPrime
	s.interrupt()
}

// Rand is a choice out of n that the seed decides.
//
//go:norace
func (s *Sim) Rand(n int) int {
	s.touchDraws()
	return s.order.rng.intn(n)
}

// Uint64 is a random number that the seed decides.
//
//go:norace
func (s *Sim) Uint64() uint64 {
	s.touchDraws()
	return s.order.rng.next()
}

// Steps is how many times a task was chosen.
func (s *Sim) Steps() uint64 { return s.steps }

// Tasks are those of the run, if Config.Begin is set.
func (s *Sim) Tasks() *schedule.Tasks {
	if s.order.guide == nil {
		return nil
	}
	return &s.order.guide.tasks
}

// Hash sums up the schedule so far: who ran when. Equal seeds give equal hashes.
func (s *Sim) Hash() uint64 { return s.hash }

const (
	fnvOffset = 14695981039346656037
	fnvPrime  = 1099511628211
)

// beginStep notes that a task, or if nil a call, has its turn.
//
//go:norace
func (s *Sim) beginStep(t *kernel.Task) {
	s.steps++
	s.stepped = true
	if s.trace.rec != nil {
		s.traceStep(s.chosen, t)
	}
	if s.cfg.NoteFailures && s.chosen != nil {
		s.noteEnd(s.chosen)
	}
	if s.away.Load() {
		s.away.Store(false)
	}
	s.chosen = t
	id := uint64(0)
	if t != nil {
		id = t.ID()
	}
	s.hash = (s.hash ^ id) * fnvPrime
	s.hash = (s.hash ^ uint64(s.clock.now)) * fnvPrime
}

// CallFirst is as loop.Director says, as is what follows.
//
//go:norace
func (s *Sim) CallFirst(tasks int) bool { return s.order.rng.intn(tasks+1) == 0 }

// OnStall makes the error of a run that cannot go on.
func (s *Sim) OnStall(st *kernel.Stall) error {
	s.markForgotten(st)
	err := s.report(st, s.steps)
	if s.trace.rec != nil {
		s.traceStall(st, err)
	}
	s.died.Store(&err)
	return err
}

// OnCall notes that a call has its turn.
//
//go:norace
func (s *Sim) OnCall() (stall string) {
	s.beginStep(nil)
	if g := s.order.guide; g != nil && g.watch != nil {
		g.watch.called = true
	}
	if s.cfg.MaxSteps > 0 && s.steps == s.cfg.MaxSteps {
		return "livelock"
	}
	return ""
}

// Pause is as kernel.Looper says. What others do meanwhile takes no virtual time.
//
//go:norace
func (s *Sim) Pause(wait func(lend func(goroutine int64))) {
	s.away.Store(true)
	s.Loop.Pause(wait)
}

// OnStep notes that a task has its turn.
//
//go:norace
func (s *Sim) OnStep(t *kernel.Task) (stall string) {
	s.beginStep(t)
	if s.cfg.OnStep != nil {
		s.tell(t)
	}
	if in := t.Scope.Run().Intruder; in != nil {
		if f := in.BeforeStep(s.steps, t); f != nil {
			s.Intrude(f)
		}
	}
	if s.cfg.MaxSteps > 0 && s.steps == s.cfg.MaxSteps {
		return "livelock"
	}
	if s.found = s.forgotten(t.Scope.Run()); s.found != nil {
		return "timers"
	}
	return ""
}

// BeforeStep heeds what others have done meanwhile, and lets the time pass that the last
// step took.
//
//go:norace
func (s *Sim) BeforeStep() (passed bool) {
	s.foreign.look()
	if s.woken.Load() {
		s.woken.Store(false)
		s.interrupt()
	}
	if s.cfg.StepMax <= 0 || !s.stepped {
		return false
	}
	s.stepped = false
	least, most := int64(s.cfg.StepMin), int64(s.cfg.StepMax)
	took := least + int64(s.order.rng.below(uint64(most-least)+1))
	s.clock.now += took
	return took > 0
}

// tell tells the user of a step. The calls are made by whichever task ran last; they are
// ordered among each other and before the end of the run, and order nothing else.
//
//go:norace
func (s *Sim) tell(t *kernel.Task) {
	n, now := s.steps, epoch.Add(time.Duration(s.clock.now))
	race.Isolate(func() {
		race.Acquire(unsafe.Pointer(s))
		s.cfg.OnStep(n, now, t)
		race.ReleaseMerge(unsafe.Pointer(s))
	})
}

// Main runs the root task; see kernel.Backend.
func (s *Sim) Main(t *kernel.Task) error {
	defer race.Acquire(unsafe.Pointer(s))
	if s.trace.rec != nil {
		defer s.traceOver()
	}
	if race.Enabled {
		defer s.net.Sync()
		defer race.Acquire(unsafe.Pointer(s.order.guide))
	}
	if s.order.guide != nil {
		defer s.order.guide.end()
	}
	if s.cfg.StepTimeout <= 0 {
		return s.Loop.Main(t)
	}
	return s.drive(t)
}

var _ kernel.Backend = (*Sim)(nil)

// seeded is a bag of ready tasks from which the seed draws.
type seeded struct {
	tasks []*kernel.Task
	n     int
	rng   rng
	few   [8]*kernel.Task // room for those of a small run
	ahead lookahead
	guide *guide // chooses in place of rng; nil if there is none
}

//go:norace
func (q *seeded) Len() int { return q.n }

//go:norace
func (q *seeded) Push(t *kernel.Task) {
	if q.n == len(q.tasks) {
		// Not append: the runtime's growing is seen by the race detector.
		bigger := q.few[:]
		if q.n > 0 {
			bigger = make([]*kernel.Task, max(16, 2*q.n))
		}
		//lint:ignore S1001 copy is seen by the race detector, too
		for i, t := range q.tasks {
			bigger[i] = t
		}
		q.tasks = bigger
	}
	q.tasks[q.n] = t
	q.n++
	if q.guide != nil {
		q.guide.push(t)
	}
}

//go:norace
func (q *seeded) Pop() *kernel.Task {
	if q.n == 0 {
		return nil
	}
	i := 0
	switch {
	case q.guide != nil:
		i = q.guide.choose()
	case q.n > 1:
		i = q.rng.intn(q.n)
	}
	q.n--
	t := q.tasks[i]
	q.tasks[i], q.tasks[q.n] = q.tasks[q.n], nil
	if fetch.Helps && q.guide == nil && q.n >= lookFrom-1 {
		if q.n >= lookFrom {
			q.look()
		} else {
			q.ahead.forget()
		}
	}
	return t
}

// rng is SplitMix64: small, fast, and (unlike math/rand) invisible to the race
// detector, as the tasks of a run draw from it in turns.
type rng struct{ state uint64 }

//go:norace
func (r *rng) seed(s uint64) { r.state = s }

//go:norace
func (r *rng) next() uint64 {
	r.state += 0x9E3779B97F4A7C15
	z := r.state
	z = (z ^ z>>30) * 0xBF58476D1CE4E5B9
	z = (z ^ z>>27) * 0x94D049BB133111EB
	return z ^ z>>31
}

//go:norace
func (r *rng) intn(n int) int { return int((r.next() >> 32) * uint64(n) >> 32) }

// below is a number less than n, which is not 0.
//
//go:norace
func (r *rng) below(n uint64) uint64 {
	hi, _ := bits.Mul64(r.next(), n)
	return hi
}
