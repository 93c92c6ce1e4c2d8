package kernel

import "time"

// arm starts the timer of the scope's deadline, replacing an earlier one.
func (s *Scope) arm(deadline int64) {
	if s.run.Now() >= deadline {
		s.expire()
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.state.Load()&stClosed != 0 {
		return
	}
	x := s.extLocked()
	s.run.Disarm(&x.timer)
	x.timer.When = deadline
	s.run.Arm(&x.timer)
}

// expire cancels the scope because its deadline has passed. A deadline that was
// moved into the future meanwhile is armed again instead.
func (s *Scope) expire() {
	d := s.deadline.Load()
	if d == noDeadline || s.state.Load()&stClosed != 0 {
		return
	}
	if s.run.Now() < d {
		s.arm(d)
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
	if d != noDeadline {
		s.arm(d)
	} else if x := s.ext.Load(); x != nil {
		s.run.Disarm(&x.timer)
	}
}
