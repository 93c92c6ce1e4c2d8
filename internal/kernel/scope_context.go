package kernel

import (
	"fmt"
	"time"
	"unsafe"

	"github.com/anyio-go/anyio/internal/race"
)

// The methods of context.Context, and AfterFunc, which package context looks for
// so that a context derived from a scope costs no goroutine.

var closedc = func() chan struct{} { c := make(chan struct{}); close(c); return c }()

// Deadline is the earliest deadline of the scope and those around it, up to the
// nearest shield.
//
//go:norace
func (s *Scope) Deadline() (time.Time, bool) { return s.EffectiveDeadline() }

// Done is closed when the scope is canceled or left. It is made at first need.
// What has been closed stays closed, also when a shield is raised afterwards: package
// context relies on that, as on it that Err stays what it is.
//
//go:norace
func (s *Scope) Done() <-chan struct{} {
	s.materialize()
	s.watch()
	s.mu.Lock()
	defer s.mu.Unlock()
	x := s.extLocked()
	if s.state.Load()&(stCanceled|stClosed) != 0 {
		s.heed()
		s.tellLocked(x, false)
	} else if x.done == nil { // it is not after Err has told
		x.done = make(chan struct{})
	}
	return x.done
}

// tellLocked settles what Err and Done say.
//
//go:norace
func (s *Scope) tellLocked(x *scopeExt, silent bool) {
	if x.told != nil {
		return
	}
	x.told = s.why()
	s.state.Or(stTold)
	switch {
	case x.done == nil:
		x.done = closedc
	case silent:
		race.Disable()
		close(x.done)
		race.Enable()
	default:
		close(x.done)
	}
}

// Err is nil, context.DeadlineExceeded if a deadline has ended the scope, else
// context.Canceled. Once it is not nil it never changes. context.Cause tells more.
//
//go:norace
func (s *Scope) Err() error {
	if c := s.told(); c != nil {
		return c.sentinel()
	}
	return nil
}

// told is why the scope is canceled or left, nil if it is not, for those who see it
// as a context: what it has said once it says for good.
//
//go:norace
func (s *Scope) told() *Cause {
	if st := s.state.Load(); st&stTold == 0 {
		if st&stUnsure == 0 || !s.over() {
			return nil
		}
		s.mu.Lock()
		x := s.extLocked()
		// Who receives from Done comes after who has canceled, not after the caller.
		race.Apart(unsafe.Pointer(s.why()), func() { s.tellLocked(x, false) })
		s.mu.Unlock()
	}
	c := s.ext.Load().told // written once, before stTold
	race.Acquire(unsafe.Pointer(c))
	return c
}

// Value looks in the context that the scope was opened in.
//
//go:norace
func (s *Scope) Value(key any) any {
	switch key {
	case scopeKey{}:
		return s
	case causeKey:
		if c := s.told(); c != nil {
			return c.answer()
		}
		return nil // whoever of package context is farther out does not speak for the scope
	}
	return s.origin.Value(key)
}

//go:norace
func (s *Scope) String() string {
	if s.task != nil {
		return fmt.Sprintf("anyio.Scope(task %q)", s.task.Name())
	}
	return "anyio.Scope"
}

type afterFunc struct{ f func() }

// call calls the function for whoever has canceled. It is package context's and may
// see what was done before AfterFunc, but who cancels does not.
//
//go:norace
func (a *afterFunc) call() { race.Apart(unsafe.Pointer(a), a.f) }

// AfterFunc calls f, which must not block, when the scope is canceled or left.
//
//go:norace
func (s *Scope) AfterFunc(f func()) (stop func() bool) {
	s.materialize()
	s.watch()
	a := &afterFunc{f}
	race.ReleaseMerge(unsafe.Pointer(a))
	s.mu.Lock()
	x := s.extLocked() // first, as Leave marks the scope closed and then looks for it
	if s.state.Load()&(stCanceled|stClosed|stTold) != 0 {
		s.heed()
		s.tellLocked(x, false)
		s.mu.Unlock()
		go f() // package context holds the lock here that f takes
		return func() bool { return false }
	}
	x.afters = append(x.afters, a)
	s.mu.Unlock()
	return func() bool { return s.stopAfter(x, a) }
}

// stopAfter undoes AfterFunc.
//
//go:norace
func (s *Scope) stopAfter(x *scopeExt, a *afterFunc) bool {
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
