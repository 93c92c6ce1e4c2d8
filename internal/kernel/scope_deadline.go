package kernel

import "time"

// arm makes the timer follow the scope's deadline.
func (s *Scope) arm() {
	if d := s.deadline.Load(); d != noDeadline && s.run.Now() >= d {
		s.expire()
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	x := s.extLocked()
	s.run.Disarm(&x.timer)
	// Read under mu: of two who move the deadline at once, the second one to come
	// here sees what is valid.
	d := s.deadline.Load()
	if d == noDeadline {
		return
	}
	x.timer.When = d
	s.run.Arm(&x.timer)
	if s.state.Load()&stClosed != 0 { // left meanwhile, and disarmed too early
		s.run.Disarm(&x.timer)
	}
}

// expire cancels the scope because its deadline has passed. A deadline that was
// moved into the future meanwhile is armed again instead.
func (s *Scope) expire() {
	d := s.deadline.Load()
	if d == noDeadline || s.state.Load()&stClosed != 0 {
		return
	}
	if s.run.Now() < d {
		s.arm()
		return
	}
	s.Cancel(&Cause{Kind: ByDeadline, Deadline: s.run.Epoch().Add(time.Duration(d))})
}

// SetDeadline moves the deadline; noDeadline removes it. A time that has passed
// cancels at once. It does not undo a cancellation.
func (s *Scope) SetDeadline(d int64) {
	s.deadline.Store(d)
	if s.state.Load()&(stLazy|stClosed) != 0 {
		if d != noDeadline && s.run.Now() >= d {
			s.expire()
		}
		return
	}
	s.arm()
}
