package kernel

// add makes a wait known to the scope, so that canceling aborts it.
func (s *Scope) add(w *Waiter) {
	if s.state.Load()&stLazy != 0 {
		s.materialize()
	}
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

// fire aborts the waits of a scope that has just become canceled, or was left,
// and tells the contexts derived from it. No lock is held while they go on.
func (s *Scope) fire() {
	// The word is read before the slot is read again: a waiter that was given to
	// another scope meanwhile has another generation, and the swap fails.
	killed := s.run.killed.Load() != nil
	if w := s.waiter.Load(); w != nil && w.abort(killed, func() bool { return s.waiter.Load() == w }) {
		w.Unpark()
	}
	x := s.ext.Load()
	if x == nil {
		return
	}
	s.mu.Lock()
	if s.state.Load()&(stCanceled|stClosed) == 0 { // a shield was raised meanwhile
		s.mu.Unlock()
		return
	}
	var outside []*Waiter // their interrupters are others' code
	for w := x.waiters; w != nil; w = w.next {
		switch {
		case !w.abort(killed, func() bool { return true }):
		case w.ext != nil:
			outside = append(outside, w)
		default:
			w.Unpark()
		}
	}
	afters := x.afters
	x.afters = nil
	if x.done != nil || afters != nil {
		s.tellLocked(x)
	}
	s.mu.Unlock()
	for _, w := range outside {
		w.Unpark()
	}
	for _, a := range afters {
		a.f()
	}
}
