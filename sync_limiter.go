package anyio

import (
	"context"
	"fmt"
	"math"
	"reflect"

	"github.com/anyio-go/anyio/internal/kernel"
	"github.com/anyio-go/anyio/internal/waitq"
)

// Unlimited is the total of a CapacityLimiter that never makes anybody wait.
const Unlimited = math.MaxInt

// A CapacityLimiter is a semaphore that knows its borrowers: each may hold one of
// its tokens at a time, and the number of tokens can be changed at any time. A
// borrower is the calling task, or any comparable value on whose behalf a token
// is taken. Those who wait are served in the order of their coming, and a token
// that is released while somebody waits is handed over at once.
//
// The zero value has no tokens: everybody waits until SetTotalTokens. A
// CapacityLimiter must not be copied.
//
// A task that ends with a token of its own fails with a *MisuseError that says where
// it acquired it, as far as that was noted; see Lock. The limiter is broken: all who wait,
// and all who come, get an error that matches ErrBroken, until Reset. A token on behalf of
// a value is nobody's in particular.
//
// Release synchronizes before the return of the Acquire that gets the token.
type CapacityLimiter struct {
	mu       waitq.Mutex // guards what follows
	total    int
	borrowed int
	last     uint64                // number of the last loan
	loans    map[borrowerKey]*loan // of holders and of those who wait
	seats    seatQueue             // tokens of RunBlocking, which has no loans
	waiters  claims                // empty while a token is free and mu is not held
	broken   error                 // a task has ended with a token, see Reset
	apart    bool                  // the run's own, as it was made; see apart
}

// A borrowerKey is what kernel.Caller has returned or, if id is 0, a value.
type borrowerKey struct {
	id    int64
	value any
}

// A loan is what the limiter knows of a borrower.
type loan struct {
	number uint64      // in order of the grants
	run    *kernel.Run // in which a borrower that is a goroutine may have a task
	waiter *claimant   // nil when the token is held
	hold   kernel.Hold // of a borrower that is a goroutine
	of     *CapacityLimiter
	key    borrowerKey
}

var opLimiter = kernel.RegisterOp("CapacityLimiter.Acquire")

// NewCapacityLimiter makes a limiter with that many tokens; 0 and Unlimited are
// allowed. It panics with a *MisuseError if total is negative.
//
//go:norace
func NewCapacityLimiter(total int) *CapacityLimiter {
	checkTotal(total)
	return &CapacityLimiter{total: total}
}

func checkTotal(total int) {
	if total < 0 {
		panic(misuse("the total of a CapacityLimiter must be >= 0; use anyio.Unlimited for no limit"))
	}
}

// TotalTokens returns how many tokens there are.
func (l *CapacityLimiter) TotalTokens() int {
	kernel.Touch(l, kernel.Looks)
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.total
}

// SetTotalTokens changes the number of tokens. More tokens let as many of those
// who wait go on as are then free; fewer take none away, so that more may be
// borrowed than there are until enough are released. It panics with a
// *MisuseError if total is negative.
func (l *CapacityLimiter) SetTotalTokens(total int) {
	checkTotal(total)
	kernel.Preempt()
	var lucky kernel.Woken
	l.mu.Lock()
	l.total, l.apart = total, false
	for c := l.grantLocked(); c != nil; c = l.grantLocked() {
		lucky.Add(&c.Waiter)
	}
	l.mu.Unlock()
	lucky.Unpark()
	kernel.PreemptAfter(l, kernel.Changes)
}

// BorrowedTokens returns how many tokens are held.
func (l *CapacityLimiter) BorrowedTokens() int {
	kernel.Touch(l, kernel.Looks)
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.borrowed
}

// AvailableTokens returns the total less what is borrowed: negative after the total was
// lowered below that, Unlimited if the total is.
func (l *CapacityLimiter) AvailableTokens() int {
	kernel.Touch(l, kernel.Looks)
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.total == Unlimited {
		return Unlimited
	}
	return l.total - l.borrowed
}

// Acquire takes a token for the calling task, waiting for one if need be. A task
// that holds one already gets a *MisuseError at once. It is a checkpoint also if a
// token is free. Cancellation: no token is taken, the place in the queue is
// lost.
func (l *CapacityLimiter) Acquire(ctx context.Context) error {
	p, err := kernel.Enter(ctx)
	if err != nil {
		return err
	}
	key := borrowerKey{id: kernel.Caller()}
	if err = l.acquire(p, key); err != nil {
		return err
	}
	l.own(key, p.CallerTask(key.id))
	kernel.PreemptAfter(l, kernel.Changes)
	return nil
}

// AcquireOnBehalfOf is like Acquire but for a borrower, a comparable value that is not
// nil. It returns a *MisuseError at once if the borrower holds a token or, through
// another task, waits for one. Cancellation: as for Acquire.
func (l *CapacityLimiter) AcquireOnBehalfOf(ctx context.Context, borrower any) error {
	p, err := kernel.Enter(ctx)
	if err != nil {
		return err
	}
	if err = checkBorrower(borrower); err != nil {
		return err
	}
	err = l.acquire(p, borrowerKey{value: borrower})
	kernel.PreemptAfter(l, kernel.Changes)
	return err
}

func (l *CapacityLimiter) acquire(p kernel.Place, key borrowerKey) error {
	if err := l.lend(key, p.Run(), nil); err != ErrWouldBlock {
		return err
	}
	c := claimants.Get()
	defer putClaimant(c)
	c.key, c.run = key, p.Run()
	c.For((*limiterOwners)(l))
	c.Prepare(p, opLimiter)
	if err := l.lend(key, c.run, c); err != ErrWouldBlock {
		return err
	}
	granted, err := c.wait(p, l)
	if !granted {
		l.forget(c)
	}
	return err
}

// own notes that the token is to be given back before the calling task ends, t, if it
// is one.
func (l *CapacityLimiter) own(key borrowerKey, t *kernel.Task) {
	l.mu.Lock()
	ln := l.loans[key]
	l.mu.Unlock()
	ln.of, ln.key = l, key
	ln.hold.Take(ln, t, key.id)
}

// Abandoned breaks the limiter: the borrower has ended.
func (ln *loan) Abandoned(who, place string) error {
	l := ln.of
	kernel.Touch(l, kernel.Changes)
	err := abandoned(who, "a token of a CapacityLimiter", place)
	var woken kernel.Woken
	l.mu.Lock()
	delete(l.loans, ln.key)
	l.borrowed--
	if l.broken == nil {
		l.broken = &BrokenError{Cause: err}
	}
	l.waiters.breakAll(l.broken, &woken)
	l.mu.Unlock()
	woken.Unpark()
	return err
}

// Reset makes a limiter that is broken usable again: call it when what the tokens
// stand for has been put in order. The tokens of tasks that have ended are free. It
// does nothing to a limiter that is not broken.
func (l *CapacityLimiter) Reset() {
	kernel.Preempt()
	l.mu.Lock()
	l.broken = nil
	l.mu.Unlock()
	kernel.PreemptAfter(l, kernel.Changes)
}

// lend gives the borrower a token if there is one. If not, it puts c into the
// queue, unless it is nil, and returns ErrWouldBlock.
func (l *CapacityLimiter) lend(key borrowerKey, run *kernel.Run, c *claimant) error {
	kernel.Touch(l, kernel.Changes)
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.broken != nil {
		return l.broken
	}
	if old := l.loans[key]; old != nil {
		if old.waiter == nil {
			return misuse("this borrower is already holding one of this CapacityLimiter's tokens: release it first, or acquire on behalf of another borrower")
		}
		if old.waiter.Waiting() {
			return misuse("this borrower is already waiting for one of this CapacityLimiter's tokens: acquire on behalf of another borrower")
		}
		// That wait was canceled, but its task has not noticed yet.
	}
	free := l.borrowed < l.total // then nobody waits
	if !free && c == nil {
		return ErrWouldBlock
	}
	if l.loans == nil {
		l.loans = make(map[borrowerKey]*loan)
	}
	ln := &loan{run: run, waiter: c}
	l.loans[key] = ln
	if !free {
		l.waiters.Push(&c.node)
		return ErrWouldBlock
	}
	l.bookLocked(ln)
	return nil
}

// bookLocked makes a loan one that is held.
func (l *CapacityLimiter) bookLocked(ln *loan) {
	l.borrowed++
	l.last++
	ln.number, ln.waiter = l.last, nil
}

// grantLocked gives a free token to the first who waits and returns it, to be
// unparked after the mutex is released; nil if there is no token or nobody waits.
func (l *CapacityLimiter) grantLocked() *claimant {
	if l.borrowed >= l.total {
		return nil
	}
	c := l.waiters.wakeFirst()
	switch {
	case c == nil:
	case c.seat != nil:
		l.seatLocked(c.seat)
	default:
		l.bookLocked(l.loans[c.key])
	}
	return c
}

// forget takes a canceled wait out of the queue.
func (l *CapacityLimiter) forget(c *claimant) {
	kernel.Touch(l, kernel.Changes)
	l.mu.Lock()
	l.waiters.Remove(&c.node)
	if ln := l.loans[c.key]; ln != nil && ln.waiter == c {
		delete(l.loans, c.key)
	}
	l.mu.Unlock()
}

// TryAcquire takes a token for the calling task. It returns ErrWouldBlock if none
// is free or somebody waits, a *MisuseError if the task holds one.
func (l *CapacityLimiter) TryAcquire() error {
	key := borrowerKey{id: kernel.Caller()}
	t := kernel.Place{}.CallerTask(key.id)
	var run *kernel.Run // mostly not known without a context, but on a loop
	if t != nil {
		run = t.Scope.Run()
	}
	kernel.Preempt()
	err := l.lend(key, run, nil)
	if err == nil {
		l.own(key, t)
	}
	kernel.PreemptAfter(l, kernel.Changes)
	return err
}

// TryAcquireOnBehalfOf is like TryAcquire but for a borrower.
func (l *CapacityLimiter) TryAcquireOnBehalfOf(borrower any) error {
	if err := checkBorrower(borrower); err != nil {
		return err
	}
	kernel.Preempt()
	err := l.lend(borrowerKey{value: borrower}, nil, nil)
	kernel.PreemptAfter(l, kernel.Changes)
	return err
}

// Release gives back the token of the calling task, to the first who waits if
// there is one. It panics with a *MisuseError if the task holds none. It never
// blocks and works in a canceled scope.
func (l *CapacityLimiter) Release() { l.release(borrowerKey{id: kernel.Caller()}) }

// ReleaseOnBehalfOf is like Release but for a borrower. Any task may call it.
func (l *CapacityLimiter) ReleaseOnBehalfOf(borrower any) {
	if err := checkBorrower(borrower); err != nil {
		panic(err)
	}
	l.release(borrowerKey{value: borrower})
}

func (l *CapacityLimiter) release(key borrowerKey) {
	kernel.Preempt()
	kernel.Touch(l, kernel.Changes)
	l.mu.Lock()
	if ln := l.loans[key]; ln == nil || ln.waiter != nil {
		l.mu.Unlock()
		panic(misuse("this borrower isn't holding any of this CapacityLimiter's tokens: release exactly once, by the task or for the borrower that acquired"))
	}
	if key.id != 0 {
		l.loans[key].hold.Drop()
	}
	delete(l.loans, key)
	l.borrowed--
	c := l.grantLocked()
	l.mu.Unlock()
	if c != nil {
		c.Unpark()
	}
	kernel.PreemptAfter(l, kernel.Changes)
}

// Do runs f while the calling task holds a token, and releases it also if f panics. The
// error is that of Acquire, in which case f did not run, or that of f. Cancellation:
// while waiting, as for Acquire; in f, it is up to f.
func (l *CapacityLimiter) Do(ctx context.Context, f func(ctx context.Context) error) error {
	if err := l.Acquire(ctx); err != nil {
		return err
	}
	defer l.Release()
	return f(ctx)
}

// checkBorrower refuses what cannot be found again in a map.
func checkBorrower(borrower any) error {
	if borrower == nil {
		return misuse("the borrower of a CapacityLimiter's token is nil: pass a comparable value that stands for who holds it, such as a pointer")
	}
	if !reflect.ValueOf(borrower).Comparable() {
		return misuse(fmt.Sprintf("the borrower of a CapacityLimiter's token is a %T, which cannot be compared: pass a comparable value, such as a pointer", borrower))
	}
	return nil
}
