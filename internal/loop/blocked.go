package loop

import (
	"errors"

	"github.com/anyio-go/anyio/internal/kernel"
)

// A watcher is a task in WaitAllBlocked.
type watcher struct {
	w    kernel.Waiter
	next *watcher
}

var opWaitAllBlocked = kernel.RegisterPassiveOp("WaitAllTasksBlocked")

// WaitAllBlocked parks until nothing is ready.
//
//go:norace
func (l *Loop) WaitAllBlocked(p kernel.Place) error {
	if l.Current() == nil {
		return errors.New("anyio: WaitAllTasksBlocked was called by a goroutine that does not run a task of the run")
	}
	w := &watcher{}
	w.w.Prepare(p, opWaitAllBlocked)
	w.next, l.watchers = l.watchers, w
	err := w.w.Wait(p)
	for at := &l.watchers; *at != nil; at = &(*at).next {
		if *at == w {
			*at = w.next
			break
		}
	}
	l.run.SawAllBlocked()
	return err
}

// wakeWatcher lets a task go on that waits until nothing is ready, and is called then. Who
// waits for the end of a call that it has interrupted is as good as ready.
//
//go:norace
func (l *Loop) wakeWatcher() bool {
	if l.run.Interrupting() {
		return false
	}
	for l.watchers != nil {
		w := l.watchers
		l.watchers = w.next
		if w.w.Wake() {
			w.w.Unpark()
			return true
		}
	}
	return false
}
