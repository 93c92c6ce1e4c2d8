package kernel

import (
	"context"
	"math"
	"time"
	"unsafe"

	"github.com/anyio-go/anyio/internal/quiet"
	"github.com/anyio-go/anyio/internal/race"
)

// A Scope is a region of work that can be canceled: a node in the tree of
// scopes, and the context.Context of the code inside it.
//
// Whether a scope is canceled is computed when somebody cancels and pushed down
// the tree, so that a check is one atomic load. A scope begins lazy: unknown to
// its parent, its timer not armed. Most scopes are left again before anything
// blocks in them; the others materialize at the first wait, child, or Done.
type Scope struct {
	task   *Task // the task that opened the scope, or whose own scope this is; see Task.Start
	parent *Scope
	run    *Run
	origin *origin
	state  quiet.State

	// mu guards the links of the children, the contents of ext, and changes of
	// state. It is taken parent first.
	mu                quiet.Mutex
	child, next, prev *Scope // next and prev are guarded by the parent's mu

	deadline instant
	waiter   quiet.Pointer[Waiter] // the wait in progress; further ones in ext
	ext      quiet.Pointer[scopeExt]
}

// The bits of Scope.state. Above them is the number of checks made while lazy.
const (
	stCanceled = 1 << iota // by its own cancel or, unless shielded, from outside
	stLazy                 // not yet materialized
	stClosed               // left
	stCalled               // canceled itself: by Cancel or its deadline
	stShield               // does not see cancellation from outside
	stForeign              // hangs on a foreign context, base
	stTask                 // is a task's own scope
	stLinked               // is in the parent's list
	stParent               // has had children
	stGroup                // is a group's
	stCaught               // removed a cancellation of its own when it was left
	stTold                 // Err or Done has told of a cancellation
	stTimed                // a deadline above or its own may end it: see look
	stWatched              // Done or AfterFunc was called, here or below

	outcomeShift = 14 // two bits: the Outcome of a task

	stHost      = 1 << 16 // is that of a task which waits for another on its own goroutine, see visit
	stRequested = 1 << 17 // is that of a task which was asked to end, see Request
	stStopping  = 1 << 18 // was asked to end by itself, see Stop
	stSoft      = 1 << 19 // is canceled when a scope around it is asked to end by itself
	stDetached  = 1 << 20 // is in a context that nothing outside cancels, of context.WithoutCancel

	checksShift   = 21
	maxLazyChecks = 4
)

// An origin is the context from elsewhere that the outermost scopes hang on. It
// answers Value and, if stForeign, cancels the scope.
type origin struct {
	context.Context
	over quiet.Pointer[Cause] // why it has ended; set before a lock is taken, since its Err may be anybody's code
}

// ended reports whether the context has ended, and takes note of it. The caller may be
// anybody, while the context is known to those in the scope only.
//
//go:norace
func (o *origin) ended() bool {
	if o.over.Load() != nil {
		return true
	}
	race.Apart(unsafe.Pointer(o), func() {
		if ForeignErr(o.Context) != nil {
			o.note()
		}
	})
	return o.over.Load() != nil
}

// end takes note of why the context has ended.
//
//go:norace
func (o *origin) end() { race.Apart(unsafe.Pointer(o), o.note) }

// note is end for who is apart already.
//
//go:norace
func (o *origin) note() { o.over.CompareAndSwap(nil, CauseOf(o.Context)) }

// An instant is a time of the run's clock, or noDeadline, its zero value.
type instant struct{ v quiet.Int64 }

//go:norace
func (i *instant) Load() int64 { return i.v.Load() ^ noDeadline }

//go:norace
func (i *instant) Store(d int64) { i.v.Store(d ^ noDeadline) }

// scopeExt is what only few scopes need.
type scopeExt struct {
	done        chan struct{}
	afters      []*afterFunc
	waiters     *Waiter // those beyond Scope.waiter
	timer       Timer
	timerFor    expiry      // the timer's Firer
	alarm       *time.Timer // the deadline told from outside the loop, see watch
	cause       *Cause      // set just before stCalled is, and never again
	told        *Cause      // what Err and Done say for good; set just before stTold is
	stop        *Cause      // why it was asked to end by itself; set just before stStopping is, and never again
	graceEnds   instant     // when it is canceled if it has not ended by itself
	stopForeign func() bool
	request     *Cause // of a task
	opener      int64  // goroutine that opened the scope, if that matters
	err         error  // of a task
}

// An expiry fires the deadline of a scope.
type expiry struct{ s *Scope }

//go:norace
func (f *expiry) Fire() { f.s.expire() }

var (
	_ context.Context = (*Scope)(nil)
)

//go:norace
func (s *Scope) initRoot(r *Run, ctx context.Context) {
	s.run, s.origin = r, &r.origin
	r.origin.Context = ctx
	race.ReleaseMerge(unsafe.Pointer(s.origin))
	st := uint32(stLazy)
	if ctx.Done() != nil {
		st |= stForeign
	}
	s.state.Begin(st)
}

// Init opens a scope in ctx. The Scope must be new.
//
//go:norace
func (s *Scope) Init(ctx context.Context, deadline int64, shield bool) {
	st := uint32(stLazy)
	if parent, ok := ctx.(*Scope); ok {
		s.parent, s.task, s.run, s.origin = parent, parent.task, parent.run, parent.origin
	} else {
		p := locateForeign(ctx)
		s.origin = &origin{Context: ctx}
		switch {
		case p.S != nil:
			s.parent, s.task, s.run = p.S, p.S.task, p.S.run
		default:
			if t := LoopTask(); t != nil {
				s.task, s.run = t, t.run
			} else {
				s.run = Ambient()
			}
			s.parent = &s.run.Whole().Root
		}
		race.ReleaseMerge(unsafe.Pointer(s.origin))
		if p.Ctx != nil { // then ctx alone decides, not the scope above it
			if st |= stForeign; p.Ctx.Done() == nil {
				st |= stDetached
			}
		}
	}
	if shield {
		st |= stShield
	}
	if deadline != noDeadline {
		s.deadline.Store(deadline)
	}
	s.state.Begin(st)
}

// Task is the task that opened the scope.
//
//go:norace
func (s *Scope) Task() *Task { return s.task }

// Run is the run of the scope.
//
//go:norace
func (s *Scope) Run() *Run { return s.run }

// Parent is the enclosing scope, nil for the root.
//
//go:norace
func (s *Scope) Parent() *Scope { return s.parent }

// EffectiveDeadline is the earliest deadline that the scope obeys, and whether
// there is one.
//
//go:norace
func (s *Scope) EffectiveDeadline() (time.Time, bool) {
	least := noDeadline
	var foreign time.Time
	for at := s; at != nil; at = at.parent {
		least = min(least, at.deadline.Load())
		st := at.state.Load()
		if st&stShield != 0 {
			break
		}
		if st&stForeign != 0 {
			if d, ok := at.origin.Deadline(); ok {
				foreign = d
			}
			break
		}
	}
	if least == noDeadline {
		return foreign, !foreign.IsZero()
	}
	d := s.run.Time(least)
	if !foreign.IsZero() && foreign.Before(d) {
		d = foreign
	}
	return d, true
}

// OwnDeadline is the scope's own deadline, and whether it has one.
//
//go:norace
func (s *Scope) OwnDeadline() (time.Time, bool) {
	d := s.deadline.Load()
	if d == noDeadline {
		return time.Time{}, false
	}
	return s.run.Time(d), true
}

// NoDeadline is the value for Init that means none.
const NoDeadline = noDeadline

// lastInstant stands for all that is later, 292 years from the clock's beginning.
const lastInstant = noDeadline - 1

// forever is the duration that means no limit.
const forever time.Duration = 1<<63 - 1

// After is the run's time d from now, saturating; for Init.
//
//go:norace
func (r *Run) After(d time.Duration) int64 {
	if d == forever {
		return noDeadline
	}
	return Later(r.Now(), d)
}

// Later is an instant by d later, saturating. A negative d leads back.
//
//go:norace
func Later(instant int64, d time.Duration) int64 {
	sum := instant + int64(d)
	switch {
	case d > 0 && (sum < instant || sum > lastInstant):
		return lastInstant
	case d < 0 && sum > instant:
		return math.MinInt64
	}
	return sum
}

// Instant converts a time to the run's clock, saturating; the zero time means none.
//
//go:norace
func (r *Run) Instant(t time.Time) int64 {
	if t.IsZero() {
		return noDeadline
	}
	return min(r.Backend.Instant(t), lastInstant)
}

// Materialize makes the scope known to its surroundings now, not at first need.
//
//go:norace
func (s *Scope) Materialize() { s.materialize() }

// Closed reports whether the scope was left.
//
//go:norace
func (s *Scope) Closed() bool { return s.state.Load()&stClosed != 0 }

// StartTimeout gives a scope that has just been opened a deadline d from now.
//
//go:norace
func (s *Scope) StartTimeout(d time.Duration) { s.deadline.Store(s.run.After(d)) }

// SetCaught records that the scope has removed a cancellation of its own.
//
//go:norace
func (s *Scope) SetCaught() { s.state.Or(stCaught) }

// Caught reports whether SetCaught was called.
//
//go:norace
func (s *Scope) Caught() bool { return s.state.Load()&stCaught != 0 }

// SetOpener remembers the calling goroutine as the one that must leave the scope.
//
//go:norace
func (s *Scope) SetOpener() {
	s.mu.Lock()
	s.extLocked().opener = GoroutineID()
	s.mu.Unlock()
}

// openedHere reports whether the calling goroutine has called SetOpener. Scopes
// that other goroutines have open in a scope are no mistake of who leaves it.
//
//go:norace
func (s *Scope) openedHere() bool {
	id := s.opener()
	return id != 0 && id == GoroutineID()
}

// OpenedElsewhere reports whether another goroutine called SetOpener.
//
//go:norace
func (s *Scope) OpenedElsewhere() bool {
	id := s.opener()
	return id != 0 && id != GoroutineID()
}

// opener is the goroutine that called SetOpener, 0 if none did.
//
//go:norace
func (s *Scope) opener() int64 {
	x := s.ext.Load()
	if x == nil {
		return 0
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return x.opener
}
