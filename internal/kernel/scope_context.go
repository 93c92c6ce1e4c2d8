package kernel

import (
	"fmt"
	"time"
)

// The methods of context.Context, and AfterFunc, which package context looks for
// so that a context derived from a scope costs no goroutine.

var closedc = func() chan struct{} { c := make(chan struct{}); close(c); return c }()

// Deadline is the earliest deadline of the scope and those around it, up to the
// nearest shield.
func (s *Scope) Deadline() (time.Time, bool) { return s.EffectiveDeadline() }

// Done is closed when the scope is canceled or left. It is made at first need.
// What has been closed stays closed, and Err an error, also when a shield is
// raised afterwards: package context relies on that.
func (s *Scope) Done() <-chan struct{} {
	s.materialize()
	s.watch()
	s.mu.Lock()
	defer s.mu.Unlock()
	x := s.extLocked()
	if s.state.Load()&(stCanceled|stClosed) != 0 {
		s.tellLocked(x)
	} else if x.done == nil {
		x.done = make(chan struct{})
	}
	return x.done
}

// tellLocked closes Done.
func (s *Scope) tellLocked(x *scopeExt) {
	if s.state.Or(stTold)&stTold != 0 {
		return
	}
	if x.done == nil {
		x.done = closedc
	} else {
		close(x.done)
	}
}

// Err is nil, or says who canceled the scope and why.
func (s *Scope) Err() error {
	if err := s.check(); err != nil {
		return err
	}
	if s.state.Load()&stTold != 0 {
		return errTold.Error()
	}
	return nil
}

// Value looks in the context that the scope was opened in.
func (s *Scope) Value(key any) any {
	if key == (scopeKey{}) {
		return s
	}
	return s.origin.Value(key)
}

func (s *Scope) String() string {
	if s.task != nil {
		return fmt.Sprintf("anyio.Scope(task %q)", s.task.Name())
	}
	return "anyio.Scope"
}

type afterFunc struct{ f func() }

// AfterFunc calls f, which must not block, when the scope is canceled or left.
func (s *Scope) AfterFunc(f func()) (stop func() bool) {
	s.materialize()
	s.watch()
	a := &afterFunc{f}
	s.mu.Lock()
	x := s.extLocked() // first, as Leave marks the scope closed and then looks for it
	if s.state.Load()&(stCanceled|stClosed) != 0 {
		s.tellLocked(x)
		s.mu.Unlock()
		go f() // package context holds the lock here that f takes
		return func() bool { return false }
	}
	x.afters = append(x.afters, a)
	s.mu.Unlock()
	return func() bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		for i, other := range x.afters {
			if other == a {
				last := len(x.afters) - 1
				x.afters[i] = x.afters[last]
				x.afters[last] = nil
				x.afters = x.afters[:last]
				return true
			}
		}
		return false
	}
}
