package anyio_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/internal/testkit"
)

const notHoldingUnderlying = "the current task is not holding the underlying lock of this Condition"

// waiters starts n tasks that wait for cond one after the other; each then calls
// woken with its number, the lock held.
func waiters(t *testing.T, ctx context.Context, tg *anyio.TaskGroup, cond *anyio.Condition, n int, woken func(i int, err error)) []*anyio.TaskHandle {
	t.Helper()
	var handles []*anyio.TaskHandle
	for i := range n {
		handles = append(handles, tg.Go(func(ctx context.Context) error {
			return cond.Do(ctx, func(ctx context.Context) error {
				err := cond.Wait(ctx)
				woken(i, err)
				return err
			})
		}))
		testkit.Settled(t, ctx)
	}
	return handles
}

func TestConditionNotifyAllInOrder(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		var lock anyio.Lock
		cond := anyio.NewCondition(&lock)
		var order []int
		group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
			waiters(t, ctx, tg, cond, 5, func(i int, err error) {
				must(t, err)
				equal(t, "locked", cond.Locked(), true)
				order = append(order, i)
			})
			must(t, cond.Acquire(ctx))
			cond.NotifyAll()
			equal(t, "waiting for a notification", cond.TasksWaiting(), 0)
			equal(t, "waiting for the lock", lock.Statistics().TasksWaiting, 5)
			testkit.Settled(t, ctx) // they do wait, and say so
			relocking := 0
			for _, task := range anyio.RunningTasks(ctx) {
				if task.WaitsFor == "Condition.Wait: getting the lock back" {
					relocking++
				}
			}
			equal(t, "tasks that say they wait for the lock", relocking, 5)
			cond.Release()
		})
		if !slices.Equal(order, []int{0, 1, 2, 3, 4}) {
			t.Errorf("woken in the order %v", order)
		}
		equal(t, "locked", cond.Locked(), false)
	})
}

func TestConditionCountsWhoWaits(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		var cond anyio.Condition
		equal(t, "fresh", cond.TasksWaiting(), 0)
		group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
			waiters(t, ctx, tg, &cond, 3, func(_ int, err error) { must(t, err) })
			for i := range 3 {
				must(t, cond.Do(ctx, func(context.Context) error {
					equal(t, "waiting", cond.TasksWaiting(), 3-i)
					equal(t, "locked", cond.Locked(), true)
					cond.Notify(1)
					equal(t, "waiting", cond.TasksWaiting(), 2-i)
					return nil
				}))
				testkit.Settled(t, ctx)
			}
		})
		equal(t, "at the end", cond.TasksWaiting(), 0)
	})
}

func TestConditionNotifyMoreOrFewerThanWait(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		var cond anyio.Condition
		n := 0
		group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
			notify := func(k int) {
				must(t, cond.Do(ctx, func(context.Context) error { cond.Notify(k); return nil }))
				testkit.Settled(t, ctx)
			}
			count := func() (c int) {
				must(t, cond.Do(ctx, func(context.Context) error { c = n; return nil }))
				return c
			}
			notify(5) // nobody waits: not remembered
			waiters(t, ctx, tg, &cond, 3, func(int, error) { n++ })
			equal(t, "woken", count(), 0)
			notify(0)
			notify(-1)
			equal(t, "woken", count(), 0)
			notify(2)
			equal(t, "woken", count(), 2)
			notify(7)
			equal(t, "woken", count(), 3)
		})
	})
}

func TestConditionTryAcquire(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		var cond anyio.Condition
		must(t, cond.TryAcquire())
		wantMisuseText(t, cond.TryAcquire(), alreadyHeld)
		group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
			tg.Go(func(context.Context) error {
				testkit.WantErr(t, cond.TryAcquire(), anyio.ErrWouldBlock)
				return nil
			})
		})
		cond.Release()
		wantPanic(t, notHolding, cond.Release)
	})
}

func TestConditionWithoutTheLock(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		var cond anyio.Condition
		check := func() {
			wantMisuseText(t, cond.Wait(ctx), notHoldingUnderlying)
			wantMisuseText(t, cond.WaitFor(ctx, func() bool { return true }), notHoldingUnderlying)
			wantPanic(t, notHoldingUnderlying, func() { cond.Notify(1) })
			wantPanic(t, notHoldingUnderlying, cond.NotifyAll)
		}
		check()
		must(t, cond.Acquire(ctx))
		cond.Release()
		check() // right after a release, too
	})
}

func TestConditionWaitCanceled(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		var cond anyio.Condition
		var err error
		group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
			h := waiters(t, ctx, tg, &cond, 1, func(_ int, e error) {
				err = e
				equal(t, "locked", cond.Locked(), true) // it has the lock also now
			})
			h[0].Cancel("test")
		})
		testkit.WantErr(t, err, anyio.ErrCanceled)
		equal(t, "statistics", cond.TasksWaiting(), 0)
	})
}

// A canceled waiter gets the lock back before it returns, however long it takes.
func TestConditionWaitCanceledWhileLockIsHeld(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		var lock anyio.Lock
		cond := anyio.NewCondition(&lock)
		released := false
		group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
			h := waiters(t, ctx, tg, cond, 1, func(_ int, err error) {
				testkit.WantErr(t, err, anyio.ErrCanceled)
				equal(t, "released before", released, true)
			})
			must(t, cond.Acquire(ctx))
			h[0].Cancel("test")
			testkit.Settled(t, ctx)
			equal(t, "waiting for the lock", lock.Statistics().TasksWaiting, 1)
			cond.Notify(1) // too late for it, and nobody else waits
			released = true
			cond.Release()
		})
		equal(t, "locked", cond.Locked(), false)
	})
}

func TestConditionWaitInCanceledScopeKeepsTheLock(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		var cond anyio.Condition
		must(t, cond.Acquire(ctx))
		inCanceledScope(t, ctx, func(ctx context.Context) {
			testkit.WantErr(t, cond.Wait(ctx), anyio.ErrCanceled)
			testkit.WantErr(t, cond.WaitFor(ctx, func() bool { t.Error("predicate called"); return true }), anyio.ErrCanceled)
			equal(t, "locked", cond.Locked(), true)
			cond.NotifyAll()
		})
		cond.Release()
	})
}

// Notified, then canceled before the lock is back: the next one is notified.
func TestConditionNotificationPassesOn(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		var cond anyio.Condition
		errs := make([]error, 3)
		group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
			h := waiters(t, ctx, tg, &cond, 3, func(i int, err error) { errs[i] = err })
			must(t, cond.Acquire(ctx))
			cond.Notify(1)
			h[0].Cancel("test")
			cond.Release()
			must(t, h[1].Wait(ctx))
			testkit.Settled(t, ctx)
			equal(t, "still waiting", cond.TasksWaiting(), 1)
			h[2].Cancel("test")
		})
		testkit.WantErr(t, errs[0], anyio.ErrCanceled)
		must(t, errs[1])
		testkit.WantErr(t, errs[2], anyio.ErrCanceled)
	})
}

// What NotifyAll told is no use to those who came later.
func TestConditionNotifyAllDoesNotPassOn(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		var cond anyio.Condition
		group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
			h := waiters(t, ctx, tg, &cond, 1, func(_ int, err error) { testkit.WantErr(t, err, anyio.ErrCanceled) })
			must(t, cond.Acquire(ctx))
			tg.Go(func(ctx context.Context) error { // gets the lock before the first, and waits, too
				return cond.Do(ctx, func(ctx context.Context) error {
					timedOut, err := anyio.MoveOnAfter(ctx, time.Millisecond, cond.Wait)
					equal(t, "left waiting", timedOut, true)
					return err
				})
			})
			testkit.Settled(t, ctx)
			cond.NotifyAll()
			h[0].Cancel("test")
			cond.Release()
		})
	})
}

func TestConditionWaitForRechecks(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		var cond anyio.Condition
		value, checks := 0, 0
		group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
			tg.Go(func(ctx context.Context) error {
				return cond.Do(ctx, func(ctx context.Context) error {
					err := cond.WaitFor(ctx, func() bool { checks++; return value == 3 })
					equal(t, "value", value, 3)
					return err
				})
			})
			testkit.Settled(t, ctx)
			for range 3 {
				must(t, cond.Do(ctx, func(context.Context) error { value++; cond.Notify(1); return nil }))
				testkit.Settled(t, ctx)
			}
		})
		equal(t, "checks", checks, 4)
		must(t, cond.Do(ctx, func(ctx context.Context) error { // true at once: no wait
			return cond.WaitFor(ctx, func() bool { return true })
		}))
	})
}

func TestConditionWaitForCanceled(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		var cond anyio.Condition
		must(t, cond.Do(ctx, func(ctx context.Context) error {
			timedOut, err := anyio.MoveOnAfter(ctx, 1, func(ctx context.Context) error {
				return cond.WaitFor(ctx, func() bool { return false })
			})
			equal(t, "timed out", timedOut, true)
			equal(t, "locked", cond.Locked(), true)
			return err
		}))
		equal(t, "locked", cond.Locked(), false)
	})
}

// Two conditions share one lock, as those of a bounded buffer do.
func TestConditionsOverOneLock(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		var lock anyio.Lock
		notEmpty, notFull := anyio.NewCondition(&lock), anyio.NewCondition(&lock)
		var buffer, got []int
		group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
			tg.Go(func(ctx context.Context) error {
				for i := range 50 {
					must(t, lock.Acquire(ctx)) // through the lock itself
					must(t, notFull.WaitFor(ctx, func() bool { return len(buffer) < 3 }))
					buffer = append(buffer, i)
					notEmpty.Notify(1)
					lock.Release()
				}
				return nil
			})
			tg.Go(func(ctx context.Context) error {
				for range 50 {
					must(t, notEmpty.Do(ctx, func(ctx context.Context) error {
						must(t, notEmpty.WaitFor(ctx, func() bool { return len(buffer) > 0 }))
						got = append(got, buffer[0])
						buffer = buffer[1:]
						notFull.Notify(1)
						return nil
					}))
				}
				return nil
			})
		})
		if len(got) != 50 || !slices.IsSorted(got) {
			t.Errorf("got %v", got)
		}
		equal(t, "locked", lock.Locked(), false)
		equal(t, "locked", anyio.NewCondition(nil).Locked(), false)
	})
}

func TestConditionDoReleases(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		var cond anyio.Condition
		testkit.WantErr(t, cond.Do(ctx, func(context.Context) error { return testkit.ErrBoom }), testkit.ErrBoom)
		equal(t, "locked", cond.Locked(), false)
	})
}

func TestConditionWithForeignContexts(t *testing.T) {
	var cond anyio.Condition
	ctx, cancel := context.WithCancel(context.Background())
	errs := make(chan error)
	wait := func(ctx context.Context) {
		errs <- cond.Do(ctx, cond.Wait)
	}
	go wait(context.Background())
	go wait(ctx)
	for cond.TasksWaiting() < 2 {
		must(t, anyio.Sleep(context.Background(), 0))
	}
	cancel()
	testkit.WantErr(t, <-errs, context.Canceled)
	must(t, cond.Do(context.Background(), func(context.Context) error { cond.NotifyAll(); return nil }))
	must(t, <-errs)
	equal(t, "statistics", cond.TasksWaiting(), 0)
}
