package kernel

import (
	"time"
	"unsafe"

	"github.com/anyio-go/anyio/internal/race"
)

// arm makes the timer follow the scope's deadline.
//
//go:norace
func (s *Scope) arm() {
	if d := s.deadline.Load(); d != noDeadline && s.run.Now() >= d {
		s.expire()
		return
	}
	s.mu.Lock()
	x := s.extLocked()
	s.disarmLocked(x)
	// Read under mu: of two who move the deadline at once, the second one to come
	// here sees what is valid.
	if d := s.deadline.Load(); d != noDeadline {
		x.timer.When = d
		s.run.Arm(&x.timer)
		s.ringLocked(x, d)
		if s.state.Load()&stClosed != 0 { // left meanwhile, and disarmed too early
			s.disarmLocked(x)
		}
	}
	// Those below look at the clock from now on, or no longer. Nobody is canceled by
	// that; if somebody was to be, a visit is on its way.
	var c cancellation
	s.refreshLocked(&c)
	s.mu.Unlock()
	c.finish()
}

// disarm takes back what arm has done.
//
//go:norace
func (s *Scope) disarm(x *scopeExt) {
	s.run.Disarm(&x.timer)
	if s.state.Load()&stWatched == 0 {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.disarmLocked(x)
}

//go:norace
func (s *Scope) disarmLocked(x *scopeExt) {
	s.run.Disarm(&x.timer)
	if x.alarm != nil {
		x.alarm.Stop()
	}
}

// expire cancels the scope because its deadline has passed. A deadline that was
// moved into the future meanwhile is armed again instead.
//
//go:norace
func (s *Scope) expire() {
	d := s.deadline.Load()
	if d == noDeadline || s.state.Load()&stClosed != 0 {
		return
	}
	now := s.run.Now()
	if now < d {
		s.arm()
		return
	}
	s.expireUpTo(now)
}

// alarmed is expire on the goroutine of an alarm, which was set where nobody is to learn
// of it; what it calls may know what was there before the run.
//
//go:norace
func (s *Scope) alarmed() {
	race.Begun()
	s.expire()
}

// expireUpTo cancels the scope and those around it whose deadlines have passed, the
// outermost first: so of equal deadlines the outer one wins.
//
//go:norace
func (s *Scope) expireUpTo(now int64) {
	if s.parent != nil {
		s.parent.expireUpTo(now)
	}
	st := s.state.Load()
	if st&stForeign != 0 && s.origin.over.Load() == nil && s.run.foreignPassed(s.origin, now) {
		s.origin.end()
		s.refreshAll(true)
	}
	if d := s.deadline.Load(); d <= now && d != noDeadline && st&(stClosed|stCalled) == 0 {
		c := &Cause{Kind: ByDeadline, Deadline: s.run.Time(d)}
		if x := s.ext.Load(); st&stStopping != 0 && x.graceEnds.Load() == d {
			c.Reason, c.Err, c.PC = x.stop.Reason, x.stop.Err, x.stop.PC
		}
		s.Cancel(c)
	}
}

// SetDeadline moves the deadline; noDeadline removes it. A time that has passed
// cancels at once. It does not undo a cancellation.
//
//go:norace
func (s *Scope) SetDeadline(d int64) {
	Touch(nil, Changes)
	s.deadline.Store(d)
	if s.state.Load()&(stLazy|stClosed) != 0 {
		if d != noDeadline && s.run.Now() >= d {
			s.expire()
		}
		return
	}
	s.arm()
}

// foreignPassed reports whether the deadline of a foreign context has passed, which
// package context may not have noticed yet. How long it was until a time of the wall
// clock, when package context was given that, cannot be known.
//
//go:norace
func (r *Run) foreignPassed(o *origin, now int64) (passed bool) {
	race.Apart(unsafe.Pointer(o), func() {
		if o.Done() != nil {
			d, ok := r.DeadlineOf(o.Context)
			passed = ok && d != d.Round(0) && r.Instant(d) <= now
		}
	})
	return passed
}

// watch is told that somebody waits for the scope's end by other means than ours, and
// may hold up the loop meanwhile: package net/http, say. So on a loop the deadlines of
// the scope and of those around it become alarms as well, see World.
//
//go:norace
func (s *Scope) watch() {
	if !s.run.Loop {
		return
	}
	for at := s; at != nil && at.state.Load()&stWatched == 0; at = at.parent {
		at.mu.Lock()
		at.state.Or(stWatched)
		if d := at.deadline.Load(); d != noDeadline && at.state.Load()&(stClosed|stCanceled) == 0 {
			at.ringLocked(at.extLocked(), d)
		}
		at.mu.Unlock()
	}
}

// ringLocked sets the alarm, if somebody waits for the scope's end.
//
//go:norace
func (s *Scope) ringLocked(x *scopeExt, d int64) {
	if s.state.Load()&stWatched == 0 {
		return
	}
	after := time.Duration(d - s.run.Now())
	race.Disable()
	if x.alarm == nil {
		x.alarm = s.run.Alarm(after, s.alarmed)
	} else {
		x.alarm.Reset(after)
	}
	race.Enable()
}

// CallAfter calls f after a time of the run, on whatever goroutine, also if a task holds
// up the others meanwhile. f must not block.
//
//go:norace
func (r *Run) CallAfter(after time.Duration, f func()) (stop func()) {
	if alarm := r.Alarm(after, f); alarm != nil {
		return func() { alarm.Stop() }
	}
	t := &Timer{When: r.After(after), Value: firing(f)}
	r.Arm(t)
	return func() { r.Disarm(t) }
}

// A firing is a function as a Firer.
type firing func()

//go:norace
func (f firing) Fire() { f() }
