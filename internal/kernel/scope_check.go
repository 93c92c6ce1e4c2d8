package kernel

import (
	"unsafe"

	"github.com/anyio-go/anyio/internal/race"
)

// Whether a scope is canceled, and why.

//go:norace
func (s *Scope) check() error {
	if s.state.Load()&stUnsure == 0 {
		return nil
	}
	return s.checkSlow()
}

//go:norace
func (s *Scope) checkSlow() error {
	switch {
	case s.Closed():
		return errScopeEnded.Error()
	case s.over():
		return s.cancelError()
	}
	return nil
}

// over reports whether the scope is canceled or was left. A lazy scope that is asked
// often materializes.
//
//go:norace
func (s *Scope) over() bool {
	st := s.state.Load()
	if st&stClosed != 0 {
		return true
	}
	if st&stLazy != 0 && s.state.Add(1<<checksShift)>>checksShift > maxLazyChecks {
		s.materialize()
	}
	return s.Canceled()
}

// stUnsure are the bits of which none is set while a check has nothing to look at.
// Cancel sets stCalled before stCanceled: from then on the scope is canceled for all.
const stUnsure = stCanceled | stCalled | stLazy | stClosed | stTimed

// Canceled reports whether blocking calls in the scope fail. It notices a passed
// deadline whether or not its timer has fired.
//
//go:norace
func (s *Scope) Canceled() bool {
	switch st := s.state.Load(); {
	case st&(stCanceled|stCalled) != 0:
		return true
	case st&(stLazy|stTimed) == 0:
		return false
	}
	return s.look()
}

// look finds out whether a scope is canceled that its own state does not tell: it
// asks what is above a lazy scope, and the clock, once, if there is a deadline.
//
//go:norace
func (s *Scope) look() bool {
	if s.run.killed.Load() != nil {
		return true
	}
	for {
		least := noDeadline
		for at := s; at != nil; at = at.parent {
			st := at.state.Load()
			if at == s && st&stClosed != 0 {
				return false
			}
			if st&(stCanceled|stCalled|stClosed) != 0 {
				return true
			}
			if st&(stLazy|stTimed) == 0 {
				break // it knows of what is above it, and no deadline is
			}
			least = min(least, at.deadline.Load())
			if st&stShield != 0 {
				break
			}
			if st&stForeign != 0 {
				if st&stLazy != 0 && at.origin.ended() {
					return true
				}
				break
			}
		}
		if least == noDeadline {
			return false
		}
		now := s.run.Now()
		if now < least {
			return false
		}
		s.expireUpTo(now) // then the state tells, unless the deadline was moved meanwhile
	}
}

// WasCanceled reports whether an error of code in the scope may be that of a cancellation:
// the scope is canceled or about to be. Calls that fail while the cancellation is on its way
// down return it, see CanceledOr, and it is still on its way when their code has returned.
//
//go:norace
func (s *Scope) WasCanceled() bool { return s.Canceled() || s.canceling() }

// OuterCanceled reports whether the scope is canceled from outside, or about to be: by what
// is above it, its shield considered.
//
//go:norace
func (s *Scope) OuterCanceled() bool {
	if s.run.killed.Load() != nil {
		return true
	}
	switch st := s.state.Load(); {
	case st&stShield != 0:
		return false
	case st&stForeign != 0:
		return s.origin.ended()
	default:
		return s.parent != nil && (s.parent.Closed() || s.parent.WasCanceled())
	}
}

// OuterErr is the error of the cancellation from outside, OuterCanceled being true.
//
//go:norace
func (s *Scope) OuterErr() error {
	switch k := s.run.killed.Load(); {
	case k != nil:
		return k.Error()
	case s.state.Load()&stForeign != 0:
		return s.origin.over.Load().Error()
	default:
		return s.parent.cancelError()
	}
}

// CancelCalled reports whether the scope itself was canceled, by Cancel or by
// its deadline.
//
//go:norace
func (s *Scope) CancelCalled() bool {
	if s.state.Load()&stCalled != 0 {
		return true
	}
	if d := s.deadline.Load(); d != noDeadline && s.state.Load()&stClosed == 0 && s.run.Now() >= d {
		s.expire()
		return true
	}
	return false
}

// Cause is why the scope itself was canceled, nil if it was not.
//
//go:norace
func (s *Scope) Cause() *Cause {
	c := s.cause()
	if c != nil {
		race.Acquire(unsafe.Pointer(c))
	}
	return c
}

// cause is Cause for who only passes it on, and is not ordered after it.
//
//go:norace
func (s *Scope) cause() *Cause {
	if s.state.Load()&stCalled == 0 {
		return nil
	}
	return s.ext.Load().cause // written once, before stCalled
}

// heed lets what was done before the cancellations that may reach the scope happen
// before what the caller does next.
//
//go:norace
func (s *Scope) heed() {
	if race.Enabled {
		for at := s; at != nil; at = at.parent {
			at.Cause()
		}
	}
}

// Shield reports whether the scope is shielded.
//
//go:norace
func (s *Scope) Shield() bool { return s.state.Load()&stShield != 0 }

// cancelError is the error of the nearest cancellation that reaches the scope.
//
//go:norace
func (s *Scope) cancelError() error { return s.why().Error() }

// why is the nearest cancellation that reaches the scope, which is canceled or was
// left. It takes no lock and runs nobody's code.
//
//go:norace
func (s *Scope) why() *Cause {
	if k := s.run.killed.Load(); k != nil {
		return k
	}
	for at := s; at != nil; at = at.parent {
		st := at.state.Load()
		if c := at.cause(); c != nil {
			return c
		}
		if st&stClosed != 0 {
			return errScopeEnded
		}
		if st&stShield != 0 {
			break
		}
		if st&stForeign != 0 {
			if c := at.origin.over.Load(); c != nil {
				return c
			}
			break
		}
	}
	return errHidden
}
