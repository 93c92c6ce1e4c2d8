package loop

import (
	"github.com/anyio-go/anyio/internal/coro"
	"github.com/anyio-go/anyio/internal/fetch"
	"github.com/anyio-go/anyio/internal/goid"
	"github.com/anyio-go/anyio/internal/kernel"
	"github.com/anyio-go/anyio/internal/race"
)

// Park switches away from the calling task until it is made ready. If others are
// ready, the task resumes them itself, in place of the driver: that saves half of the
// switches of tasks that wake each other. A task so resumed, which is hosted, does
// not do the same, lest tasks pile up; what needs more than a look at the ready ones
// is left to the driver, which has the stack for it.
//
//go:norace
func (l *Loop) Park(t *kernel.Task) {
	c := t.Strand().Coro
	if fetch.Helps {
		c.Stack = fetch.Stack()
	}
	for coro.Pooled && !l.hosted {
		l.cur = nil // from here on it acts for the driver
		next := l.pickReady()
		if next == nil {
			break
		}
		if next == t {
			l.begin(t)
			l.current.Store(c.Goid())
			return
		}
		if next.Strand().Coro == nil && l.pool.idle == nil { // to make a coroutine takes stack, too
			l.stash = next
			break
		}
		co := l.give(next)
		l.hosted = true
		co.Resume()
		l.cur, l.hosted = nil, false
		if l.Director != nil { // which may make others ready, and asks who does so
			l.current.Store(c.Goid())
		}
	}
	l.giveWay()
	c.Yield()
	l.goOn()
}

// pickReady takes the next task if that is no more than taking one.
//
//go:norace
func (l *Loop) pickReady() *kernel.Task {
	if l.urgent() {
		return nil
	}
	if t := l.stash; t != nil {
		l.stash = nil
		return t
	}
	if l.Order.Len() == 0 || l.mainDone || l.stalled != nil || l.pace.picks <= 1 || l.prompt.late.Load() {
		return nil
	}
	l.pace.picks--
	return l.take()
}

// Yield lets others run if forced or the budget is used up.
//
//go:norace
func (l *Loop) Yield(forced bool) {
	if goid.Get() != l.current.Load() {
		return
	}
	if l.budget--; !forced && (l.budget > 0 && !l.prompt.late.Load() || l.more()) {
		return
	}
	t := l.cur
	if t == nil {
		return
	}
	l.pace.lookNext()
	l.Order.Push(t)
	if race.Enabled {
		// Timers fired from here would carry what t did to the tasks they wake.
		l.giveWay()
		t.Strand().Coro.Yield()
		l.goOn()
		return
	}
	l.cur = nil // it acts for the driver, but for a turn, which takes stack
	var next *kernel.Task
	if !l.givenUp() && !l.turnDue() {
		next = l.take()
	}
	if next == t && !l.urgent() {
		l.begin(t)
		return
	}
	l.stash = next
	if next == nil { // it is the driver's turn
		t.Strand().Coro.Yield()
	} else {
		l.Park(t)
	}
}
