package anyio

import (
	"context"
	"sync/atomic"

	"github.com/anyio-go/anyio/internal/kernel"
	"github.com/anyio-go/anyio/internal/waitq"
)

// A Lock is a mutual exclusion lock whose waiting obeys cancellation. Those who
// wait are served in the order of their coming, and Release makes the first of
// them the owner at once, so nobody can barge in before it runs.
//
// The owner is the task that acquired it, or the goroutine, if that does not run a
// task. A Lock is not reentrant and must not be copied. The zero value is ready, on
// every backend and without a run.
//
// A task that ends as the owner fails with a *MisuseError that says where it acquired
// the lock, as far as that was noted: as it costs more than a free lock does, only of the
// first thousands of acquisitions in a process, of all in debug mode and in simulations,
// and of all once a task has ended so. What the lock guards may be half done, so the lock
// is broken: all who wait for it, and all who come, get an error that matches ErrBroken,
// until Reset.
//
// Release synchronizes before the return of the Acquire that gets the lock next.
type Lock struct {
	word    atomic.Uint64              // kernel.Caller of the owner << 1, 0 if free, | lockWaiters
	run     atomic.Pointer[kernel.Run] // of the last owner, to find its task in
	mu      waitq.Mutex                // guards waiters, and word while it has lockWaiters
	waiters claims
	broken  error       // why word is lockBroken; guarded by mu
	hold    kernel.Hold // the owner's
}

const (
	lockWaiters = 1       // the queue may hold somebody; set and cleared under mu
	lockBroken  = 1 << 63 // the owner has ended
)

var opLock = kernel.RegisterOp("Lock.Acquire")

// lockSpins is how often a held lock that nobody waits for is looked at, on
// backends with several threads, before the caller queues up.
const lockSpins = 20

// lockWord is the word of a lock that the caller owns.
func lockWord() uint64 { return uint64(kernel.Caller()) << 1 }

// Acquire waits until the caller owns the lock. An owner that calls it again gets
// a *MisuseError at once. It is a checkpoint also if the lock is free.
// Cancellation: the lock is not acquired, the place in the queue is lost.
func (l *Lock) Acquire(ctx context.Context) error {
	p, err := kernel.Enter(ctx)
	if err != nil {
		return err
	}
	id, t := p.Caller()
	if me := uint64(id) << 1; l.word.CompareAndSwap(0, me) {
		l.ownedIn(p.Run())
	} else if err := l.acquireSlow(p, me, false); err != nil {
		return err
	}
	l.hold.Take((*lockHold)(l), t, id)
	kernel.PreemptAfter(l, kernel.Changes)
	return nil
}

// ownedIn notes the run of the owner. It rarely changes, and a look is much
// cheaper than a store.
func (l *Lock) ownedIn(r *kernel.Run) {
	if l.run.Load() != r {
		l.run.Store(r)
	}
}

// acquireSlow waits for the lock. The caller then takes the hold.
func (l *Lock) acquireSlow(p kernel.Place, me uint64, shielded bool) error {
	kernel.Touch(l, kernel.Changes)
	if l.word.Load()&^lockWaiters == me {
		return errLockHeld()
	} else if l.heldByHost() {
		return errHeldByHost
	}
	if p.Run().Simultaneous() {
		for range lockSpins {
			word := l.word.Load()
			if word&lockWaiters != 0 {
				break
			}
			if word == 0 && l.word.CompareAndSwap(0, me) {
				l.ownedIn(p.Run())
				return nil
			}
		}
	}
	c := claimants.Get()
	defer putClaimant(c)
	c.id, c.run = int64(me>>1), p.Run()
	c.For((*lockHold)(l))
	if shielded {
		c.PrepareShielded(p, opLock)
	} else {
		c.Prepare(p, opLock)
	}
	if queued, err := l.enqueue(c, me); !queued {
		return err
	}
	granted, err := c.wait(p, l)
	if !granted {
		l.forget(c)
	}
	return err
}

// enqueue puts c into the queue. If not, the lock was free meanwhile and is now held
// by me, or it is broken: then the error says why.
func (l *Lock) enqueue(c *claimant, me uint64) (queued bool, broken error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for {
		switch word := l.word.Load(); {
		case word == lockBroken:
			return false, l.broken
		case word == 0:
			if l.word.CompareAndSwap(0, me) {
				l.ownedIn(c.run)
				return false, nil
			}
		case word&lockWaiters != 0 || l.word.CompareAndSwap(word, word|lockWaiters):
			l.waiters.Push(&c.node)
			return true, nil
		}
	}
}

// forget takes a canceled wait out of the queue.
func (l *Lock) forget(c *claimant) {
	kernel.Touch(l, kernel.Changes)
	l.mu.Lock()
	if l.waiters.Remove(&c.node) && l.waiters.Len() == 0 {
		l.word.And(^uint64(lockWaiters))
	}
	l.mu.Unlock()
}

// TryAcquire acquires the lock if it is free, else it returns ErrWouldBlock, a
// *MisuseError if the caller owns it, or why the lock is broken.
func (l *Lock) TryAcquire() error {
	kernel.Preempt()
	me := lockWord()
	if l.word.CompareAndSwap(0, me) {
		t := kernel.Place{}.CallerTask(int64(me >> 1))
		if t != nil {
			l.ownedIn(t.Scope.Run())
		}
		l.hold.Take((*lockHold)(l), t, int64(me>>1))
		kernel.PreemptAfter(l, kernel.Changes)
		return nil
	}
	err := l.refusal(me)
	kernel.PreemptAfter(l, kernel.Changes)
	return err
}

// refusal is why a lock that is not free cannot be acquired at once.
func (l *Lock) refusal(me uint64) error {
	if l.word.Load()&^lockWaiters == me {
		return errLockHeld()
	}
	if err := l.brokenBy(); err != nil {
		return err
	}
	return ErrWouldBlock
}

// Release gives the lock to the first who waits, or frees it. It panics with a
// *MisuseError if the caller is not the owner, and does nothing if the lock is
// broken. It never blocks and works in a canceled scope.
func (l *Lock) Release() {
	kernel.Preempt()
	l.release()
	kernel.PreemptAfter(l, kernel.Changes)
}

func (l *Lock) release() {
	kernel.Touch(l, kernel.Changes)
	me := lockWord()
	word := l.word.Load()
	if word&^lockWaiters != me {
		if word == lockBroken {
			return
		}
		panic(misuse("the current task is not holding this lock: let the task that acquired it release it, exactly once"))
	}
	l.hold.Drop()
	if word != me || !l.word.CompareAndSwap(me, 0) {
		l.releaseSlow()
	}
}

// Abandoned breaks the lock, whose owner has ended. It is not for callers outside.
func (h *lockHold) Abandoned(who, place string) error {
	l := (*Lock)(h)
	kernel.Touch(l, kernel.Changes)
	err := abandoned(who, "a Lock", place)
	var woken kernel.Woken
	l.mu.Lock()
	l.broken = &BrokenError{Cause: err}
	l.word.Store(lockBroken)
	l.waiters.breakAll(l.broken, &woken)
	l.mu.Unlock()
	woken.Unpark()
	return err
}

// lockHold is a Lock as its hold sees it.
type lockHold Lock

// brokenBy is why the lock is broken, nil if it is not.
func (l *Lock) brokenBy() error {
	if l.word.Load() != lockBroken {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.broken
}

// Reset makes a lock that is broken free again: call it when what the lock guards has
// been put in order. It does nothing to one that is not broken.
func (l *Lock) Reset() {
	kernel.Preempt()
	l.mu.Lock()
	if l.broken != nil {
		l.broken = nil
		l.word.Store(0)
	}
	l.mu.Unlock()
	kernel.PreemptAfter(l, kernel.Changes)
}

// releaseSlow hands the lock over.
func (l *Lock) releaseSlow() {
	l.mu.Lock()
	c := l.waiters.wakeFirst()
	if c == nil {
		l.word.Store(0)
		l.mu.Unlock()
		return
	}
	word := uint64(c.id) << 1
	if l.waiters.Len() > 0 {
		word |= lockWaiters
	}
	l.ownedIn(c.run)
	l.word.Store(word)
	l.mu.Unlock()
	c.Unpark()
}

// releaseAll frees the lock. The waits of all who wait for it end with an error.
func (l *Lock) releaseAll(err error) {
	kernel.Preempt()
	kernel.Touch(l, kernel.Changes)
	l.hold.Drop()
	var woken kernel.Woken
	l.mu.Lock()
	l.waiters.breakAll(err, &woken)
	l.word.Store(0)
	l.mu.Unlock()
	woken.Unpark()
	kernel.PreemptAfter(l, kernel.Changes)
}

// Locked reports whether somebody owns the lock, or it is broken.
func (l *Lock) Locked() bool {
	kernel.Touch(l, kernel.Looks)
	return l.word.Load() != 0
}

// Do runs f while holding the lock, and releases it also if f panics. The error is that
// of Acquire, in which case f did not run, or that of f. Cancellation: while waiting,
// as for Acquire; in f, it is up to f.
func (l *Lock) Do(ctx context.Context, f func(ctx context.Context) error) error {
	if err := l.Acquire(ctx); err != nil {
		return err
	}
	defer l.Release()
	return f(ctx)
}

// heldByMe reports whether the caller owns the lock.
func (l *Lock) heldByMe() bool { return l.word.Load()&^lockWaiters == lockWord() }

// heldByHost reports whether the owner is one who waits for the caller to end.
func (l *Lock) heldByHost() bool {
	return kernel.SomeHost(func(id int64) bool { return l.word.Load()&^lockWaiters == uint64(id)<<1 })
}

func errLockHeld() error {
	return misuse("attempted to acquire an already held Lock: it is not reentrant; release it first, or call a function that expects it to be held")
}

var errHeldByHost = misuse("attempted to acquire a lock that is held by the goroutine that waits for this task to end: release it before portal.Call")

// LockStatistics is a snapshot of a Lock.
type LockStatistics struct {
	Locked       bool
	Owner        *TaskInfo // nil if not locked, or broken; named "goroutine 12", ID 0, if not known as a task
	TasksWaiting int
}

// Statistics returns who owns the lock and how many wait. Once Release has returned the
// owner is the next one, even if it does not run yet.
func (l *Lock) Statistics() LockStatistics {
	kernel.Touch(l, kernel.Looks)
	l.mu.Lock()
	st := LockStatistics{TasksWaiting: l.waiters.Len()}
	word := l.word.Load()
	l.mu.Unlock()
	if word != 0 {
		st.Locked = true
	}
	if word != 0 && word != lockBroken {
		st.Owner = taskFinder{}.on(int64(word>>1), l.run.Load())
	}
	return st
}
