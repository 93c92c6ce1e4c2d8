package kernel

// Woken are waiters whose waits have been won and who do not go on yet. Who lets
// several go on wins all of them first, under the lock of what they wait for: then
// nothing that the first one does, such as canceling the others, takes away what
// they were granted. The zero value is empty.
type Woken struct{ first, last *Waiter }

// Add appends a waiter whose word the caller has won.
//
//go:norace
func (l *Woken) Add(w *Waiter) {
	if l.last == nil {
		l.first = w
	} else {
		l.last.woken = w
	}
	l.last = w
}

// Unpark lets them go on, in the order in which they were added. No lock is held.
//
//go:norace
func (l *Woken) Unpark() { l.unpark(false) }

// UnparkUnordered is Unpark that is no synchronization.
//
//go:norace
func (l *Woken) UnparkUnordered() { l.unpark(true) }

// unpark is Unpark that, if silent, is no synchronization.
//
//go:norace
func (l *Woken) unpark(silent bool) {
	for w := l.first; w != nil; {
		next := w.woken
		w.woken = nil
		w.unparkBy(silent) // afterwards w may be gone
		w = next
	}
	l.first, l.last = nil, nil
}
