package simloop

import (
	"slices"
	"time"
	"unsafe"

	"github.com/anyio-go/anyio/internal/kernel"
	"github.com/anyio-go/anyio/internal/race"
)

// A deadlock of some tasks beside others that go on by timers forever cannot be
// told from a long wait by looking at the tasks. So the run is watched: a lull is
// the time in which nothing happened but timers. It ends when a task is woken, not
// by a timer, that has waited for any time at all, or when a packet is sent. If it is
// long enough, and all timers have fired that were armed in its first half or before,
// the tasks that wait since it began, and not for time or for other tasks, are
// forgotten.
//
// Each half takes as many steps and as long as this, where Config.MaxWait says
// nothing. That is far beyond what a test does in which a task waits for the end of a
// loop of sleeps, and yet reached in a second or so.
const (
	halfTime  = time.Hour / 2
	halfSteps = 500_000
)

type lull struct {
	since  int64  // when it, or its last half but one, began
	half   int64  // when its last half began
	steps  uint64 // made before that
	armed  uint64 // timers armed before that
	second bool   // that is not its first
}

// interrupt ends the lull.
//
//go:norace
func (s *Sim) interrupt() {
	now := s.clock.now
	s.lull = lull{since: now, half: now, steps: s.steps, armed: s.Loop.Armed()}
}

// Park remembers since when a task waits; see kernel.Backend.
//
//go:norace
func (s *Sim) Park(t *kernel.Task) {
	t.Strand().Coro.Parked = s.clock.now
	if s.trace.rec != nil {
		s.traceStop(t)
	}
	s.Loop.Park(t)
}

// Unpark ends the lull, unless a timer or the task's own time has woken it; see
// kernel.Backend.
//
//go:norace
func (s *Sim) Unpark(t *kernel.Task) {
	if s.trace.rec != nil {
		s.traceWake(t)
	}
	if c := t.Strand().Coro; c != nil && c.Parked < s.clock.now && !s.Loop.Firing() {
		if s.Loop.InTurn() {
			s.interrupt()
		} else {
			s.woken.Store(true)
		}
	}
	s.Loop.Unpark(t)
}

// forgotten finds the tasks that wait in vain, as far as one can tell now.
//
//go:norace
func (s *Sim) forgotten(r *kernel.Run) (tasks []uint64) {
	now := s.clock.now
	switch limit := s.cfg.MaxWait; {
	case limit < 0:
		return nil
	case limit > 0:
		if now < s.lookAt {
			return nil
		}
		s.lookAt = now + int64(limit)/2
		return s.waiting(r, now-int64(limit), true)
	}
	l := &s.lull
	if s.steps-l.steps < halfSteps || now-l.half < int64(halfTime) {
		return nil
	}
	if l.second && !s.Loop.HasTimerOf(l.armed) {
		tasks = s.waiting(r, l.since, false)
	}
	l.since, l.half, l.steps, l.armed, l.second = l.half, now, s.steps, s.Loop.Armed(), true
	return tasks
}

// waiting are the tasks that wait since a time, or longer, for something that others
// would have to do. If open, those are left out that have a deadline.
//
//go:norace
func (s *Sim) waiting(r *kernel.Run, since int64, open bool) (tasks []uint64) {
	race.Isolate(func() {
		for _, v := range r.Tasks() {
			if !v.Waiting || v.Op.Passive() || v.Since.Sub(epoch) > time.Duration(since) {
				continue
			}
			if _, ends := v.Scope.EffectiveDeadline(); ends && open {
				continue
			}
			tasks = append(tasks, v.Task.ID())
		}
		race.ReleaseMerge(unsafe.Pointer(&s.found))
	})
	return tasks
}

// markForgotten puts what was found into the report.
func (s *Sim) markForgotten(st *kernel.Stall) {
	if s.found == nil {
		return
	}
	race.Acquire(unsafe.Pointer(&s.found)) // what waiting has written
	for i := range st.Tasks {
		st.Tasks[i].Forgotten = slices.Contains(s.found, st.Tasks[i].ID)
	}
}
