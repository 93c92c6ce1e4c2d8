package loop

import (
	"math"

	"github.com/anyio-go/anyio/internal/coro"
	"github.com/anyio-go/anyio/internal/goid"
	"github.com/anyio-go/anyio/internal/kernel"
	"github.com/anyio-go/anyio/internal/race"
)

// A Lender is a Clock whose Idle may be slow to wake. Another goroutine can take the
// loop over for a while, leaving the one that waits in Idle where it is. Two kinds
// do so: one that starts a task only to wait for it, and a worker whose job has
// ended, for the task that waits for that. Neither has anything else to do.
//
// A borrower drives the loop as its own goroutine does, but it lets no coroutine end,
// which might exit it. One that is not ours makes no coroutines either, which would
// inherit from it, and looks after each step whether it has what it waits for.
type Lender interface {
	// Borrow takes over a loop that waits in Idle, and for whose tasks there is
	// nothing to do that is known.
	Borrow() bool
	// Return gives it back and lets it wait on. It fails if Idle has ended meanwhile
	// or has to, or Wake was called.
	Return() bool
	// Heed takes back what Wake has said. If it returns false, Idle has to end.
	Heed() bool
	// HandOver gives the loop back and ends Idle.
	HandOver()
}

// lending is what a Loop needs for it.
type lending struct {
	lender    Lender     // nil: the loop is never lent
	owner     int64      // goroutine id of who called Main
	helping   bool       // who drives the loop waits for a task; this and what follows is the driver's
	toWorker  bool       // a worker drives the loop
	kept      kernel.Job // that it is to run next
	idleUntil int64      // when Idle ends by itself
}

// open decides whether the loop can be lent. Under -race it is not: the detector
// would see an order that is not there.
func (l *Loop) open() {
	l.owner = l.goid.Load()
	if !race.Enabled && !coro.Locked() {
		l.lender, _ = l.Clock.(Lender)
	}
}

// wait lets the loop's goroutine wait in Idle, where it may be lent.
//
//go:norace
func (l *Loop) wait() error {
	if l.Trims && l.pool.n > spareCoros {
		if l.pool.age(l.Clock.Now()); l.pool.surplus > 0 {
			return nil
		}
	}
	when, ok := l.wakeAt()
	if l.idleUntil = when; !ok {
		l.idleUntil = math.MaxInt64
	}
	l.watch.rest()
	err := l.Clock.Idle(when, ok)
	l.watch.run()
	return err
}

// wakeAt is when the loop has something to do though nothing happens: the first timer,
// or to end the coroutines that nobody has needed.
//
//go:norace
func (l *Loop) wakeAt() (when int64, ok bool) {
	when, ok = l.timers.next()
	if trim := l.pool.since + trimEvery; l.Trims && l.pool.n > spareCoros && (!ok || trim < when) {
		return trim, true
	}
	return when, ok
}

// urgent reports whether the driver wants control back after each step.
func (l *Loop) urgent() bool {
	return l.helping || l.kept != nil || l.pool.surplus > 0 || l.run.GivenUp() != nil
}

// borrow makes the calling goroutine, which is no task of any loop, the driver.
func (l *Loop) borrow(worker bool) bool {
	if l.lender == nil || coro.Locked() || !l.lender.Borrow() {
		return false
	}
	l.helping, l.toWorker = !worker, worker
	l.watch.run()
	l.goid.Store(goid.Get())
	return true
}

// StartHelping implements kernel.Helped.
func (l *Loop) StartHelping(t *kernel.Task) {
	if !l.borrow(false) {
		l.Start(t)
		return
	}
	l.Start(t)
	l.driveLent(t)
}

// runJob runs a job on a worker and what follows of it. It returns the job that the
// worker is to run next, nil if there is none.
func (l *Loop) runJob(j kernel.Job) (next kernel.Job) {
	wj, ok := j.(kernel.WakingJob)
	if !ok {
		j.RunJob()
		return nil
	}
	w := wj.RunWaking()
	if w == nil {
		return nil
	}
	if !w.IsTaskOf(l.run) || !l.borrow(true) {
		w.Unpark()
		return nil
	}
	w.Unpark()
	return l.driveLent(nil)
}

// keep leaves a job to the worker that drives the loop, which runs it when the
// calling task and all others wait.
func (l *Loop) keep(j kernel.Job) bool {
	if goid.Get() != l.current.Load() || !l.toWorker || l.kept != nil || l.Order.Len() > 0 {
		return false
	}
	l.kept = j
	return true
}

// driveLent drives the loop until t has ended, or with nil until nothing is ready.
// It returns the job that was kept.
func (l *Loop) driveLent(t *kernel.Task) kernel.Job {
	for !l.mainDone && l.stalled == nil {
		next := l.stash
		if l.stash = nil; next == nil {
			next = l.pick()
		}
		if next == nil {
			if l.ownersTurn() {
				break
			}
			if j, ok := l.giveBack(); ok {
				return j
			}
			if t != nil && t.Finished() || !l.lender.Heed() {
				break
			}
			continue
		}
		if j := l.kept; j != nil { // there is other work than that
			l.kept = nil
			l.workers.run(l, j)
		}
		if t != nil && (t.Finished() || next.Strand().Coro == nil && l.pool.idle == nil) {
			l.stash = next
			break
		}
		l.resume(next)
	}
	j := l.unlend()
	l.lender.HandOver()
	return j
}

// ownersTurn reports whether the loop's goroutine has something to do where nothing
// is ready: to wake a watcher, or to wait for an earlier time.
func (l *Loop) ownersTurn() bool {
	if l.watchers != nil {
		return true
	}
	when, ok := l.wakeAt()
	return ok && when < l.idleUntil
}

// giveBack gives the loop back without a wake, if there is no need of one.
func (l *Loop) giveBack() (j kernel.Job, ok bool) {
	helping, worker := l.helping, l.toWorker
	j = l.unlend()
	if l.lender.Return() {
		return j, true // and nothing of l may be touched any more
	}
	l.helping, l.toWorker, l.kept = helping, worker, j
	l.watch.run()
	l.goid.Store(goid.Get())
	return nil, false
}

// unlend makes the loop's state that of its own goroutine.
func (l *Loop) unlend() (j kernel.Job) {
	j, l.kept = l.kept, nil
	l.helping, l.toWorker = false, false
	l.watch.rest()
	l.goid.Store(l.owner)
	return j
}

var _ kernel.Helped = (*Loop)(nil)
