package kernel

import (
	"unsafe"

	"github.com/anyio-go/anyio/internal/race"
)

// A scope is asked to end by itself: that cancels the soft scopes in it, and marks it for
// those who ask, and for soft scopes that are opened later. Shields hold, as do contexts
// that nothing cancels.

// Stop asks what runs in the scope to end by itself; at an instant, unless it has ended by
// then, it is canceled. The first call decides the cause, the earliest instant counts.
//
//go:norace
func (s *Scope) Stop(c *Cause, at int64) {
	Touch(nil, Changes)
	s.mu.Lock()
	x := s.extLocked()
	first := x.stop == nil
	if first {
		c.publish()
		x.stop = c
		s.state.Or(stStopping)
	}
	c = x.stop
	sooner := at < x.graceEnds.Load()
	if sooner {
		x.graceEnds.Store(at)
		sooner = at < s.deadline.Load()
	}
	s.mu.Unlock()
	if first {
		s.stopBelow(c)
	}
	if sooner {
		s.SetDeadline(at)
	}
}

// stopBelow cancels the soft scopes below s.
//
//go:norace
func (s *Scope) stopBelow(c *Cause) {
	var reached cancellation
	reached.killed = s.run.killed.Load() != nil
	s.mu.Lock()
	s.eachBelowLocked(func(below *Scope) { below.stopLocked(c, &reached) })
	s.mu.Unlock()
	reached.finish()
	if Heard() {
		for _, soft := range reached.soft {
			soft.tellCanceled(c)
		}
	}
}

// stopLocked cancels s if it is soft, else the soft scopes below it. s.mu is held.
//
//go:norace
func (s *Scope) stopLocked(c *Cause, reached *cancellation) {
	switch st := s.state.Load(); {
	case st&(stShield|stDetached) != 0:
	case st&stSoft != 0:
		if st&(stCalled|stClosed) == 0 {
			s.extLocked().cause = c
			s.state.Or(stCalled)
			s.refreshLocked(reached)
			reached.soft = append(reached.soft, s)
		}
	default:
		s.eachBelowLocked(func(below *Scope) { below.stopLocked(c, reached) })
	}
}

// Soften makes a scope that has just been opened one that is canceled when a scope around
// it is asked to end by itself, which may have happened.
//
//go:norace
func (s *Scope) Soften() {
	Touch(nil, Looks)
	s.state.Or(stSoft)
	s.materialize()
	// Whoever marks a scope above looks below it afterwards, and finds this one.
	if c := s.Stopping(); c != nil {
		s.Cancel(&Cause{Reason: c.Reason, Err: c.Err, PC: c.PC}) // who sees c is not after this task
	}
}

// Stopping is why the code in the scope was asked to end by itself, nil if it was not.
//
//go:norace
func (s *Scope) Stopping() *Cause {
	Touch(nil, Looks)
	for at := s; at != nil; at = at.parent {
		st := at.state.Load()
		if st&stStopping != 0 {
			c := at.ext.Load().stop
			race.Acquire(unsafe.Pointer(c))
			return c
		}
		if st&(stShield|stDetached) != 0 {
			break
		}
	}
	return nil
}

// Stopping is that of the place's scope.
//
//go:norace
func (p Place) Stopping() *Cause {
	if p.S == nil || p.Ctx != nil && p.Ctx.Done() == nil {
		return nil
	}
	return p.S.Stopping()
}
