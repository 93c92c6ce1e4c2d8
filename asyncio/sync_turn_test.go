package asyncio_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/asyncio"
	"github.com/anyio-go/anyio/internal/testkit"
	"github.com/anyio-go/anyio/sim"
)

// Who waits for a lock again, because it was asked to end while a condition got it back,
// returns the last request.
func TestConditionReturnsTheLastRequest(t *testing.T) {
	onLoops(t, func(t *testing.T, ctx context.Context) {
		var c asyncio.Condition
		task := goes(t, ctx, func(ctx context.Context) error { return c.Do(ctx, c.Wait) })
		testkit.Must(t, c.Acquire(ctx))
		c.Notify(1)
		for _, reason := range []string{"first", "second", "third"} {
			anyioWaits(t, ctx)
			task.Cancel(reason)
		}
		anyioWaits(t, ctx)
		c.Release()
		ended(t, ctx, task)
		var ce *anyio.CanceledError
		if !as(task.Err(), &ce) || ce.Reason != "third" || c.Locked() {
			t.Errorf("%v, locked %v", task.Err(), c.Locked())
		}
	})
}

// In a run that is killed everybody believes to have the lock until it has released it.
func TestConditionInARunThatIsKilledHasTheLock(t *testing.T) {
	for seed := uint64(1); seed < 9; seed++ {
		var c asyncio.Condition
		log, checked := testkit.CaptureLog(t), 0
		check := func() {
			checked++
			if !c.Locked() {
				t.Errorf("seed %d: the lock is not locked", seed)
			}
			c.NotifyAll()
		}
		err := asyncio.Run(t.Context(), func(ctx context.Context) error {
			for range 3 {
				goes(t, ctx, func(ctx context.Context) error {
					return c.Do(ctx, func(ctx context.Context) error {
						defer check()
						return c.Wait(ctx)
					})
				})
			}
			return c.Do(ctx, func(ctx context.Context) error {
				defer check()
				if seed%2 == 0 { // then they wait for the lock
					c.NotifyAll()
				}
				return anyio.SleepForever(ctx)
			})
		}, onSim(seed))
		var de *sim.DeadlockError
		if !errors.As(err, &de) || checked != 4 || c.Locked() {
			t.Errorf("seed %d: %v, checked %d, locked %v", seed, err, checked, c.Locked())
		}
		if text := log.Take(); strings.Contains(text, "panicked") {
			t.Error(text)
		}
	}
}

// Slots that are free are not had before those who wait have had their turn, and then by
// who came next.
func TestSemaphoreWithFreeSlotsIsServedInOrder(t *testing.T) {
	onLoops(t, func(t *testing.T, ctx context.Context) {
		var s asyncio.Semaphore
		r := &record{}
		a := goes(t, ctx, func(ctx context.Context) error {
			err := s.Acquire(ctx)
			r.add("a")
			return err
		})
		s.Release()
		s.Release() // for which nobody waits
		if !s.Locked() {
			t.Error("a slot may be had before its turn")
		}
		testkit.Must(t, s.Acquire(ctx)) // a wakes it
		r.add("main")
		ended(t, ctx, a)
		r.want(t, "a main")
		if !s.Locked() {
			t.Error("a slot is left")
		}
	})
}

// Who was canceled, but has not had its turn, has no claim to a slot.
func TestCanceledWaiterDoesNotHoldUpAFreeSlot(t *testing.T) {
	onLoops(t, func(t *testing.T, ctx context.Context) {
		var s asyncio.Semaphore
		r := &record{}
		a := goes(t, ctx, s.Acquire)
		a.Cancel("")
		s.Release()
		if s.Locked() {
			t.Error("it waits for who was canceled")
		}
		loopOf(t, ctx).CallSoon(r.call("callback"))
		testkit.Must(t, s.Acquire(ctx))
		r.add("main")
		ended(t, ctx, a)
		r.want(t, "main callback")
	})
}

// Nobody is notified by a waiter that is canceled without having been, nor by less than one.
func TestConditionNotifiesNobodyUnasked(t *testing.T) {
	onLoops(t, func(t *testing.T, ctx context.Context) {
		var c asyncio.Condition
		r := &record{}
		a, b := goes(t, ctx, waiter(r, &c, "a")), goes(t, ctx, waiter(r, &c, "b"))
		a.Cancel("")
		ended(t, ctx, a)
		notify := func(n int) {
			testkit.Must(t, c.Do(ctx, func(context.Context) error { c.Notify(n); return nil }))
			anyioWaits(t, ctx)
		}
		notify(-1)
		r.want(t, "a:false,true")
		notify(1)
		ended(t, ctx, b)
		r.want(t, "a:false,true b:true,true")
	})
}
