package kernel

import (
	"unsafe"

	"github.com/anyio-go/anyio/internal/race"
)

// add makes a wait known to the scope, so that canceling aborts it.
//
//go:norace
func (s *Scope) add(w *Waiter) {
	if s.state.Load()&stLazy != 0 {
		s.materialize()
	}
	race.ReleaseMerge(unsafe.Pointer(&w.since)) // for SawAllBlocked
	if s.waiter.CompareAndSwap(nil, w) {
		return
	}
	// Several goroutines wait in one scope.
	s.mu.Lock()
	x := s.extLocked()
	w.next, x.waiters = x.waiters, w
	s.mu.Unlock()
}

// remove undoes add.
//
//go:norace
func (s *Scope) remove(w *Waiter) {
	if s.waiter.CompareAndSwap(w, nil) {
		return
	}
	s.mu.Lock()
	for at := &s.ext.Load().waiters; *at != nil; at = &(*at).next {
		if *at == w {
			*at, w.next = w.next, nil
			break
		}
	}
	s.mu.Unlock()
}

// abort ends the wait in favor of the scope, if it is still the scope's; then
// Unpark must follow. A dead run ends the waits under foreign contexts, too.
//
//go:norace
func (w *Waiter) abort(killed bool, stillMine func() bool) bool {
	for {
		word := w.word.Load()
		if !stillMine() || word&phaseMask != phaseWaiting || word&noAbort != 0 || word&foreign != 0 && !killed {
			return false
		}
		if w.word.CompareAndSwap(word, word+2) {
			return true
		}
	}
}

// A cancellation is scopes becoming canceled at one instant, or being left. All
// waits in them are aborted before the first one goes on: what that does, such as
// closing what others wait for, comes after the cancellation for them, too.
type cancellation struct {
	killed bool // by Kill
	silent bool // what was done before does not happen before what it brings about
	woken  Woken
	afters []*afterFunc
	soft   []*Scope // those that were canceled by Stop
}

// reachLocked aborts the waits in s, which has been marked, and closes Done. s.mu
// is held.
//
//go:norace
func (c *cancellation) reachLocked(s *Scope) {
	// The word is read before the slot is read again: a waiter that was given to
	// another scope meanwhile has another generation, and the swap fails.
	if w := s.waiter.Load(); w != nil && w.abort(c.killed, func() bool { return s.waiter.Load() == w }) {
		c.woken.Add(w)
	}
	x := s.ext.Load()
	if x == nil {
		return
	}
	for w := x.waiters; w != nil; w = w.next {
		if w.abort(c.killed, func() bool { return true }) {
			c.woken.Add(w)
		}
	}
	if x.done != nil || x.afters != nil {
		s.tellLocked(x, c.silent)
	}
	c.afters = append(c.afters, x.afters...)
	x.afters = nil
}

// finish tells the contexts derived from the scopes, and lets those go on who
// waited. No lock is held.
//
//go:norace
func (c *cancellation) finish() {
	for _, a := range c.afters {
		a.call()
	}
	c.woken.unpark(c.silent)
}

// canceling reports whether the scope is canceled or about to be: Cancel marks the
// scope that it is called on first, and whoever has learned of it, in whatever way,
// finds that mark here.
//
//go:norace
func (s *Scope) canceling() bool {
	if s.run.killed.Load() != nil {
		return true
	}
	for at := s; at != nil; at = at.parent {
		switch st := at.state.Load(); {
		case st&(stCanceled|stCalled|stClosed) != 0:
			return true
		case st&stShield != 0:
			return false
		case st&stForeign != 0:
			return at.origin.ended()
		}
	}
	return false
}
