package kernel

import (
	"unsafe"

	"github.com/anyio-go/anyio/internal/race"
)

// materialize makes a lazy scope a full member of the tree: linked to its
// parent, obeying its foreign context, its timer armed. It may be called by
// several goroutines; it returns when the scope has materialized.
//
//go:norace
func (s *Scope) materialize() {
	if s.state.Load()&stLazy == 0 {
		return
	}
	parent := s.parent
	if parent != nil {
		parent.materialize()
	}
	if s.state.Load()&stForeign != 0 {
		s.origin.ended() // take note while no lock is held
	}
	if parent != nil {
		parent.mu.Lock()
	}
	s.mu.Lock()
	st := s.state.Load()
	first := st&stLazy != 0 && st&stClosed == 0
	if first {
		if parent != nil {
			parent.linkLocked(s)
			s.state.Or(stLinked)
		}
		s.state.And(^uint32(stLazy))
		s.state.Or(s.pushed())
	}
	s.mu.Unlock()
	if parent != nil {
		parent.mu.Unlock()
	}
	if !first {
		return
	}
	if st&stForeign != 0 {
		var stop func() bool
		if parent == nil { // the world outside tells when it likes
			stop = AfterDone(s.origin.Context, s.foreignEnded)
		} else {
			stop = s.run.AfterDone(s.origin.Context, s.foreignEnded)
		}
		s.mu.Lock()
		s.extLocked().stopForeign = stop
		closed := s.state.Load()&stClosed != 0
		s.mu.Unlock()
		if closed { // left by another goroutine in between
			stop()
		}
	}
	if s.deadline.Load() != noDeadline {
		s.arm()
	}
}

//go:norace
func (s *Scope) extLocked() *scopeExt {
	x := s.ext.Load()
	if x == nil {
		if s.parent == nil { // canceled at the end of each run
			x = &s.run.rootExt
		} else {
			x = &scopeExt{}
		}
		x.timerFor.s = s
		x.timer.Value = &x.timerFor
		s.ext.Store(x)
	}
	return x
}

//go:norace
func (s *Scope) linkLocked(c *Scope) {
	c.next = s.child
	if c.next != nil {
		c.next.prev = c
	}
	s.child = c
	if s.state.Load()&stParent == 0 {
		s.state.Or(stParent)
	}
}

//go:norace
func (s *Scope) unlinkLocked(c *Scope) {
	if c.prev != nil {
		c.prev.next = c.next
	} else {
		s.child = c.next
	}
	if c.next != nil {
		c.next.prev = c.prev
	}
	c.next, c.prev = nil, nil
}

// pushed computes the bits of the state that come from above, as far as they are not
// the scope's own: whether it is canceled, and whether a deadline may end it. Every
// change above is followed by a visit under s.mu, so a stale answer is put right at once.
//
//go:norace
func (s *Scope) pushed() (bits uint32) {
	st, above := s.state.Load(), uint32(0)
	switch {
	case st&stShield != 0:
	case st&stForeign != 0:
		if s.origin.over.Load() != nil {
			above = stCanceled
		}
	case s.parent != nil:
		above = s.parent.state.Load()
	}
	if st&stCalled != 0 || above&(stCanceled|stClosed) != 0 || s.run.killed.Load() != nil {
		bits |= stCanceled
	}
	if above&stTimed != 0 || s.deadline.Load() != noDeadline {
		bits |= stTimed
	}
	return bits
}

// refreshLocked recomputes the scope and, if it changed, all below it. What became
// canceled is reached by c. s.mu is held.
//
//go:norace
func (s *Scope) refreshLocked(c *cancellation) {
	const both = stCanceled | stTimed
	want, is := s.pushed(), s.state.Load()&both
	if want == is {
		return
	}
	s.state.Or(want)
	s.state.And(want | ^uint32(both))
	if want&^is&stCanceled != 0 {
		c.reachLocked(s)
	}
	s.eachBelowLocked(func(below *Scope) { below.refreshLocked(c) })
}

// killLocked cancels the scope and all below it, shields or not. s.mu is held.
//
//go:norace
func (s *Scope) killLocked(c *cancellation) {
	s.state.Or(stCanceled)
	c.reachLocked(s)
	s.eachBelowLocked(func(below *Scope) { below.killLocked(c) })
}

// eachBelowLocked calls f with each scope and task right below s, which is locked
// meanwhile. s.mu is held.
//
//go:norace
func (s *Scope) eachBelowLocked(f func(below *Scope)) {
	for c := s.child; c != nil; c = c.next {
		c.mu.Lock()
		f(c)
		c.mu.Unlock()
	}
	for c := s.firstTask(); c != nil; c = c.next {
		if c.state.Load()&stClosed == 0 {
			c.mu.Lock()
			f(c)
			c.mu.Unlock()
		}
	}
}

// dismiss ends what is still done in a scope that has been left: the waits of
// goroutines that are no tasks, and the scopes opened in it by them or by mistake.
//
//go:norace
func (s *Scope) dismiss() {
	if s.waiter.Load() == nil && s.ext.Load() == nil && s.state.Load()&stParent == 0 {
		return
	}
	var c cancellation
	c.killed = s.run.killed.Load() != nil
	s.mu.Lock()
	c.reachLocked(s)
	s.eachBelowLocked(func(below *Scope) { below.refreshLocked(&c) })
	s.mu.Unlock()
	c.finish()
}

// foreignEnded is told of the end of the foreign context.
//
//go:norace
func (s *Scope) foreignEnded() {
	race.ReleaseMerge(unsafe.Pointer(s.origin))
	s.origin.end()
	s.refreshAll(false)
}

//go:norace
func (s *Scope) refreshAll(silent bool) {
	var c cancellation
	c.silent = silent
	c.killed = s.run.killed.Load() != nil
	s.mu.Lock()
	s.refreshLocked(&c)
	s.mu.Unlock()
	c.finish()
}

// Cancel cancels the scope and all below it. The first call decides the cause;
// it reports whether it was the first.
//
//go:norace
func (s *Scope) Cancel(c *Cause) bool {
	Touch(nil, Changes) // all that is below finds out
	s.mu.Lock()
	if s.state.Load()&(stCalled|stClosed) != 0 {
		s.mu.Unlock()
		return false
	}
	c.publish()
	s.extLocked().cause = c
	s.state.Or(stCalled)
	var reached cancellation
	reached.killed, reached.silent = s.run.killed.Load() != nil, c.silent()
	s.refreshLocked(&reached)
	s.mu.Unlock()
	reached.finish()
	if Heard() {
		s.tellCanceled(c)
	}
	return true
}

// SetShield raises or lifts the shield. Lifting it in a canceled parent cancels.
//
//go:norace
func (s *Scope) SetShield(on bool) {
	Touch(nil, Changes)
	s.materialize()
	s.mu.Lock()
	if on {
		s.state.Or(stShield)
	} else {
		s.state.And(^uint32(stShield))
	}
	s.mu.Unlock()
	s.refreshAll(false)
	if !on {
		if c := s.Stopping(); c != nil {
			s.stopBelow(c)
		}
	}
}

// Leave closes the scope forever. Contexts derived from it end. open is an
// inner scope of the same task that was not left before, nil if all is well.
//
//go:norace
func (s *Scope) Leave() (open *Scope) {
	st := s.state.Load()
	if st&stLazy != 0 && s.ext.Load() == nil && s.state.CompareAndSwap(st, st|stClosed) {
		return nil
	}
	if s.state.Or(stClosed)&stClosed != 0 {
		return nil
	}
	if parent := s.parent; parent != nil {
		parent.mu.Lock()
		if s.state.Load()&stLinked != 0 {
			parent.unlinkLocked(s)
			s.state.And(^uint32(stLinked))
		}
		parent.mu.Unlock()
	}
	s.mu.Lock()
	for c := s.child; c != nil; c = c.next {
		if c.openedHere() {
			open = c
		}
	}
	x := s.ext.Load()
	s.mu.Unlock()
	if x != nil {
		s.disarm(x)
		s.stopWatching()
	}
	s.dismiss()
	return open
}

// stopWatching ends the watch of the foreign context that the scope hangs on.
//
//go:norace
func (s *Scope) stopWatching() {
	s.mu.Lock()
	var stop func() bool
	if x := s.ext.Load(); x != nil {
		stop = x.stopForeign
	}
	s.mu.Unlock()
	if stop != nil {
		stop()
	}
}
