package anyio

import (
	"context"
	"testing"

	"github.com/anyio-go/anyio/internal/kernel"
	"github.com/anyio-go/anyio/internal/locktest"
)

// Their locks are no mutexes of package sync, which notice it if they are unlocked only.
func TestPrimitivesAreUsedUnderTheirLocks(t *testing.T) {
	ctx := context.Background()
	p := kernel.Locate(ctx)

	c := claimants.Get()
	lock := func(what string, word uint64, f func(l *Lock)) {
		l := &Lock{}
		l.word.Store(word)
		locktest.Takes(t, "Lock."+what, &l.mu, func() { f(l) })
	}
	lock("enqueue", 0, func(l *Lock) { _, _ = l.enqueue(c, lockWord()) })
	lock("forget", 0, func(l *Lock) { l.forget(c) })
	lock("Abandoned", 0, func(l *Lock) { _ = (*lockHold)(l).Abandoned("test", "") })
	lock("brokenBy", lockBroken, func(l *Lock) { _ = l.brokenBy() })
	lock("Reset", lockBroken, (*Lock).Reset)
	lock("releaseSlow", 2, (*Lock).releaseSlow)
	lock("Statistics", 0, func(l *Lock) { l.Statistics() })

	b := kernel.GetBlocker()
	semaphore := func(what string, word int64, f func(s *Semaphore)) {
		s := &Semaphore{}
		s.word.Store(word)
		locktest.Takes(t, "Semaphore."+what, &s.mu, func() { f(s) })
	}
	semaphore("enqueue", 1, func(s *Semaphore) { s.enqueue(b) })
	semaphore("forget", 1, func(s *Semaphore) { s.forget(b) })
	semaphore("handOver", semWaiters, func(s *Semaphore) { s.handOver() })
	semaphore("TasksWaiting", 0, func(s *Semaphore) { s.TasksWaiting() })

	limiter := func(what string, f func(l *CapacityLimiter)) {
		l := NewCapacityLimiter(2)
		_ = l.TryAcquireOnBehalfOf("a")
		locktest.Takes(t, "CapacityLimiter."+what, &l.mu, func() { f(l) })
	}
	a := borrowerKey{value: "a"}
	seat := seats.Get()
	limiter("TotalTokens", func(l *CapacityLimiter) { l.TotalTokens() })
	limiter("SetTotalTokens", func(l *CapacityLimiter) { l.SetTotalTokens(3) })
	limiter("BorrowedTokens", func(l *CapacityLimiter) { l.BorrowedTokens() })
	limiter("AvailableTokens", func(l *CapacityLimiter) { l.AvailableTokens() })
	limiter("own", func(l *CapacityLimiter) { l.own(a, nil) })
	limiter("Abandoned", func(l *CapacityLimiter) { _ = (&loan{of: l, key: a}).Abandoned("test", "") })
	limiter("Reset", (*CapacityLimiter).Reset)
	limiter("lend", func(l *CapacityLimiter) { _ = l.lend(borrowerKey{value: "b"}, nil, nil) })
	limiter("forget", func(l *CapacityLimiter) { l.forget(c) })
	limiter("ReleaseOnBehalfOf", func(l *CapacityLimiter) { l.ReleaseOnBehalfOf("a") })
	limiter("Statistics", func(l *CapacityLimiter) { l.Statistics() })
	limiter("sit", func(l *CapacityLimiter) { _ = l.sitNow(seat, nil); l.giveBackNow(seat) })
	limiter("giveBack", func(l *CapacityLimiter) { l.giveBackNow(seat) })

	rwLock := func(what string, f func(l *RWLock)) {
		l := &RWLock{}
		locktest.Takes(t, "RWLock."+what, &l.mu, func() { f(l) })
	}
	rwLock("acquire", func(l *RWLock) { _, _, _ = l.acquire(ctx, true) })
	rwLock("tryAcquire", func(l *RWLock) { _, _, _ = l.tryAcquire(false) })
	rwLock("wait", func(l *RWLock) { _ = l.wait(p, l.newHold(nil, true)) })
	rwLock("forget", func(l *RWLock) { l.forget(c) })
	rwLock("release", func(l *RWLock) {
		defer func() { wantMisuseOf(t, recover()) }()
		l.release(true)
	})
	rwLock("Abandoned of a writer", func(l *RWLock) { _ = l.newHold(nil, true).Abandoned("test", "") })
	rwLock("Abandoned of a reader", func(l *RWLock) {
		h := l.newHold(nil, false)
		l.giveLocked(h)
		_ = h.Abandoned("test", "")
	})
	rwLock("Reset", (*RWLock).Reset)
	rwLock("Statistics", func(l *RWLock) { l.Statistics() })

	condition := &Condition{}
	locktest.Takes(t, "Condition.TasksWaiting", &condition.mu, func() { condition.TasksWaiting() })
	locktest.Takes(t, "Condition.notify", &condition.mu, func() {
		condition.own.word.Store(lockWord())
		condition.notify(1, byNotify)
	})

	timer := &timerCase{d: 1}
	timer.timer.Value = timer
	locktest.Takes(t, "the timer's Begin", &timer.mu, func() { timer.Begin(p) })
	timer.due = kernel.NoDeadline // it arms nothing
	locktest.Takes(t, "the timer's Enqueue", &timer.mu, func() { timer.Enqueue(&b.Waiter, 0) })
	locktest.Takes(t, "the timer's Dequeue", &timer.mu, timer.Dequeue)
	locktest.Takes(t, "the timer's Fire", &timer.mu, timer.Fire)
}

func wantMisuseOf(t *testing.T, value any) {
	if _, ok := value.(*MisuseError); !ok {
		t.Errorf("%v, want a MisuseError", value)
	}
}
