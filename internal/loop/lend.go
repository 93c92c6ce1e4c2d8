package loop

import (
	"math"

	"github.com/anyio-go/anyio/internal/goid"
	"github.com/anyio-go/anyio/internal/kernel"
	"github.com/anyio-go/anyio/internal/race"
)

// A Lender is a Clock whose Idle may be slow to wake. A worker can take the loop over for
// a while, for a task that waits for a job that has ended, and then run the next job: it
// has nothing else to do. The goroutine that waits in Idle stays where it is.
//
// The runtime ends a program in which a goroutine that is locked to a thread resumes a
// coroutine that another one has made, or the other way round, and does not say which
// goroutines are locked. So who calls Main of a loop with a Lender must be a goroutine
// that runs nothing else, and a worker that has run a job which may be anybody's code
// leaves the loop to another one, and ends.
//
// A borrower drives the loop as its own goroutine does, but it lets no coroutine end,
// which might exit it.
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
	lender    Lender           // nil: the loop is never lent
	owner     int64            // goroutine id of who called Main
	lent      bool             // a worker drives the loop; this and what follows is the driver's
	kept      kernel.WakingJob // that it is to run next
	idleUntil int64            // when Idle ends by itself
}

// openLending decides whether the loop can be lent. Under -race it is not: the detector
// would see an order that is not there.
func (l *Loop) openLending() {
	l.owner = l.goid.Load()
	if !race.Enabled {
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
	return l.kept != nil || l.pool.surplus > 0 || l.run.GivenUp() != nil
}

// borrow takes the loop over for a worker, which then calls takeOver.
func (l *Loop) borrow() bool { return l.lender != nil && l.lender.Borrow() }

// takeOver makes the calling goroutine, a worker, the driver of a loop that was borrowed.
func (l *Loop) takeOver() {
	l.lent = true
	l.watch.run()
	l.goid.Store(goid.Get())
}

// keep leaves a job to the worker that drives the loop, which runs it when the
// calling task and all others wait.
func (l *Loop) keep(j kernel.WakingJob) bool {
	if goid.Get() != l.current.Load() || !l.lent || l.kept != nil || l.ready() {
		return false
	}
	l.kept = j
	return true
}

// driveLent drives the loop until nothing is ready. It returns the job that was kept.
func (l *Loop) driveLent() kernel.WakingJob {
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
			if !l.lender.Heed() {
				break
			}
			continue
		}
		if j := l.kept; j != nil { // there is other work than that
			l.kept = nil
			l.assign(work{job: j})
		}
		l.resume(next)
	}
	j := l.unlend()
	l.lender.HandOver()
	return j
}

// ownersTurn reports whether the loop's goroutine has something to do where there is no
// task to be resumed: to call, to wake a watcher, or to wait for an earlier time.
func (l *Loop) ownersTurn() bool {
	if l.watchers != nil || l.ready() {
		return true
	}
	when, ok := l.wakeAt()
	return ok && when < l.idleUntil
}

// giveBack gives the loop back without a wake, if there is no need of one.
func (l *Loop) giveBack() (j kernel.WakingJob, ok bool) {
	j = l.unlend()
	if l.lender.Return() {
		return j, true // and nothing of l may be touched any more
	}
	l.takeOver()
	l.kept = j
	return nil, false
}

// unlend makes the loop's state that of its own goroutine.
func (l *Loop) unlend() (j kernel.WakingJob) {
	j, l.kept = l.kept, nil
	l.lent = false
	l.watch.rest()
	l.goid.Store(l.owner)
	return j
}
