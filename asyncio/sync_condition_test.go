package asyncio_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/asyncio"
	"github.com/anyio-go/anyio/internal/testkit"
	"github.com/anyio-go/anyio/sim"
)

func TestEventWakesAllAlsoIfItIsCleared(t *testing.T) {
	onLoops(t, func(t *testing.T, ctx context.Context) {
		var e asyncio.Event
		r := &record{}
		var tasks []*asyncio.Task[struct{}]
		for _, name := range []string{"a", "b", "c"} {
			tasks = append(tasks, goes(t, ctx, func(ctx context.Context) error {
				err := e.Wait(ctx)
				r.add("%s:%v", name, err == nil)
				return err
			}))
		}
		tasks[1].Cancel("")
		e.Set()
		e.Clear()
		if e.IsSet() {
			t.Error("set")
		}
		ended(t, ctx, tasks...)
		slices.Sort(r.all)
		r.want(t, "a:true b:false c:true")
		timedOut, err := anyio.MoveOnAfter(ctx, time.Millisecond, e.Wait)
		if !timedOut || err != nil {
			t.Errorf("%v %v", timedOut, err)
		}
		e.Set()
		r.all = nil
		loopOf(t, ctx).CallSoon(r.call("callback"))
		testkit.Must(t, e.Wait(ctx)) // does not give way
		r.add("waited")
		settled(t, ctx)
		r.want(t, "waited callback")
	})
}

func TestEventCanceledEverywhere(t *testing.T) {
	canceledEverywhere(t, func() crew {
		var e asyncio.Event
		woken := 0
		wait := func(ctx context.Context) error {
			for range 2 {
				if err := e.Wait(ctx); err != nil {
					return err
				}
				woken++
				if err := asyncio.Sleep(ctx, 0); err != nil {
					return err
				}
			}
			return nil
		}
		set := func(ctx context.Context) error {
			defer e.Set()
			for range 3 {
				if err := asyncio.Sleep(ctx, 0); err != nil {
					return err
				}
				e.Set()
				e.Clear()
			}
			return nil
		}
		return crew{
			work: []func(ctx context.Context) error{wait, wait, set},
			check: func(ctx context.Context) error {
				if woken > 4 {
					return fmt.Errorf("woken %d times", woken)
				}
				e.Clear()
				if timedOut, err := anyio.MoveOnAfter(ctx, ms, e.Wait); !timedOut || err != nil {
					return fmt.Errorf("it is set: %v", err)
				}
				return nil
			},
		}
	})
}

// waiter waits once.
func waiter(r *record, c *asyncio.Condition, name string) func(ctx context.Context) error {
	return func(ctx context.Context) error {
		return c.Do(ctx, func(ctx context.Context) error {
			err := c.Wait(ctx)
			r.add("%s:%v,%v", name, err == nil, c.Locked())
			return err
		})
	}
}

func TestConditionNotifiesInOrderAndAsManyAsAsked(t *testing.T) {
	onLoops(t, func(t *testing.T, ctx context.Context) {
		var c asyncio.Condition
		r := &record{}
		var tasks []*asyncio.Task[struct{}]
		for _, name := range []string{"a", "b", "c", "d"} {
			tasks = append(tasks, goes(t, ctx, waiter(r, &c, name)))
		}
		notify := func(f func()) {
			testkit.Must(t, c.Do(ctx, func(ctx context.Context) error {
				f()
				return asyncio.Sleep(ctx, 0)
			}))
			anyioWaits(t, ctx)
		}
		notify(func() { c.Notify(1) })
		r.want(t, "a:true,true")
		notify(func() { c.Notify(0) })
		notify(func() { c.Notify(2) })
		slices.Sort(r.all)
		r.want(t, "a:true,true b:true,true c:true,true")
		if tasks[3].Done() {
			t.Error("too many")
		}
		notify(func() { c.NotifyAll(); c.NotifyAll() })
		ended(t, ctx, tasks...)
		if len(r.all) != 4 || c.Locked() {
			t.Errorf("%v, locked %v", r.all, c.Locked())
		}
	})
}

func TestConditionNeedsItsLock(t *testing.T) {
	onLoops(t, func(t *testing.T, ctx context.Context) {
		var c asyncio.Condition
		testkit.WantMisuse(t, "Notify", panics(func() { c.Notify(1) }))
		testkit.WantMisuse(t, "NotifyAll", panics(c.NotifyAll))
		testkit.WantMisuse(t, "Wait", c.Wait(ctx))
		testkit.WantMisuse(t, "WaitFor", c.WaitFor(ctx, func() bool { return false }))
		testkit.WantMisuse(t, "Release", panics(c.Release))
	})
}

func TestConditionsShareALock(t *testing.T) {
	onLoops(t, func(t *testing.T, ctx context.Context) {
		var k asyncio.Lock
		full, empty := asyncio.NewCondition(&k), asyncio.NewCondition(&k)
		r := &record{}
		a, b := goes(t, ctx, waiter(r, full, "full")), goes(t, ctx, waiter(r, empty, "empty"))
		testkit.Must(t, k.Acquire(ctx))
		if !full.Locked() || !empty.Locked() {
			t.Error("not locked")
		}
		empty.Notify(1)
		k.Release()
		ended(t, ctx, b)
		testkit.Must(t, full.Acquire(ctx))
		full.NotifyAll()
		full.Release()
		ended(t, ctx, a)
		r.want(t, "empty:true,true full:true,true")
	})
}

func TestWaitForAsksFirstAndAfterEachNotification(t *testing.T) {
	onLoops(t, func(t *testing.T, ctx context.Context) {
		c := asyncio.NewCondition(nil)
		value, asked := 0, 0
		task := goes(t, ctx, func(ctx context.Context) error {
			return c.Do(ctx, func(ctx context.Context) error {
				return c.WaitFor(ctx, func() bool {
					asked++
					return value == 2
				})
			})
		})
		for value = 1; value <= 2; value++ {
			if task.Done() || asked != value {
				t.Errorf("asked %d times, value %d", asked, value-1)
			}
			testkit.Must(t, c.Do(ctx, func(context.Context) error { c.Notify(1); return nil }))
			anyioWaits(t, ctx)
			if value == 2 {
				break
			}
		}
		ended(t, ctx, task)
		if asked != 3 {
			t.Errorf("asked %d times", asked)
		}
	})
}

func TestCanceledWaitOfAConditionHasTheLock(t *testing.T) {
	onLoops(t, func(t *testing.T, ctx context.Context) {
		var c asyncio.Condition
		r := &record{}
		task := goes(t, ctx, waiter(r, &c, "a"))
		testkit.Must(t, c.Acquire(ctx))
		task.Cancel("first")
		anyioWaits(t, ctx)
		task.Cancel("second") // swallowed, it waits for the lock
		anyioWaits(t, ctx)
		if task.Done() {
			t.Error("done without the lock")
		}
		c.Release()
		ended(t, ctx, task)
		r.want(t, "a:false,true")
		var ce *anyio.CanceledError
		if !as(task.Err(), &ce) || ce.Reason != "second" {
			t.Error(task.Err())
		}
		if c.Locked() {
			t.Error("locked")
		}
		testkit.Must(t, c.Acquire(ctx))
		timedOut, err := anyio.MoveOnAfter(ctx, time.Millisecond, c.Wait)
		if !timedOut || err != nil || !c.Locked() {
			t.Errorf("%v %v %v", timedOut, err, c.Locked())
		}
		c.Release()
	})
}

// A scope that is canceled does not keep the wait from getting the lock back, however long
// others have it.
func TestScopeCanceledWhileAConditionGetsItsLockBack(t *testing.T) {
	onLoops(t, func(t *testing.T, ctx context.Context) {
		var c asyncio.Condition
		r := &record{}
		var scope *anyio.CancelScope
		task := goes(t, ctx, func(ctx context.Context) error {
			return anyio.WithCancelScope(ctx, func(ctx context.Context, s *anyio.CancelScope) error {
				scope = s
				return waiter(r, &c, "a")(ctx)
			})
		})
		testkit.Must(t, c.Acquire(ctx))
		scope.Cancel("")
		anyioWaits(t, ctx)
		if task.Done() {
			t.Error("done without the lock")
		}
		c.Release()
		ended(t, ctx, task)
		r.want(t, "a:false,true")
		testkit.WantNil(t, "task", task.Err())
	})
}

func TestCanceledWaiterPassesItsNotificationOn(t *testing.T) {
	onLoops(t, func(t *testing.T, ctx context.Context) {
		for _, regaining := range []bool{false, true} {
			var c asyncio.Condition
			r := &record{}
			a, b := goes(t, ctx, waiter(r, &c, "a")), goes(t, ctx, waiter(r, &c, "b"))
			testkit.Must(t, c.Acquire(ctx))
			c.Notify(1)
			if regaining {
				anyioWaits(t, ctx)
			}
			a.Cancel("")
			c.Release()
			ended(t, ctx, a, b)
			r.want(t, "a:false,true b:true,true")
		}
	})
}

func TestConditionCanceledEverywhere(t *testing.T) {
	canceledEverywhere(t, func() crew {
		var c asyncio.Condition
		there, taken, put := 0, 0, 0
		over := false
		take := func(ctx context.Context) error {
			for {
				stop := false
				err := c.Do(ctx, func(ctx context.Context) error {
					err := c.WaitFor(ctx, func() bool { return there > 0 || over })
					if !c.Locked() {
						return errors.New("the lock is not locked")
					}
					if err != nil {
						return err
					}
					if stop = there == 0; !stop {
						there, taken = there-1, taken+1
					}
					return nil
				})
				if err != nil || stop {
					return err
				}
			}
		}
		give := func(ctx context.Context) error {
			defer func() {
				_ = anyio.Shielded(ctx, anyio.Forever, func(ctx context.Context) error {
					for c.Do(ctx, func(context.Context) error { over = true; c.NotifyAll(); return nil }) != nil {
						continue // asked to end right now
					}
					return nil
				})
			}()
			for range 3 {
				err := c.Do(ctx, func(ctx context.Context) error {
					there, put = there+1, put+1
					c.Notify(1)
					return asyncio.Sleep(ctx, 0)
				})
				if err != nil {
					return err
				}
			}
			return nil
		}
		return crew{
			work: []func(ctx context.Context) error{take, take, give},
			check: func(ctx context.Context) error {
				if taken+there != put {
					return fmt.Errorf("%d put, %d taken, %d there", put, taken, there)
				}
				return usable(ctx, c.Acquire, c.Release)
			},
		}
	})
}

// A run that is killed gives no lock back; what waits for one ends nevertheless.
func TestConditionInARunThatIsKilled(t *testing.T) {
	var c asyncio.Condition
	err := asyncio.Run(t.Context(), func(ctx context.Context) error {
		return c.Do(ctx, c.Wait) // nobody notifies
	}, onSim(1))
	var de *sim.DeadlockError
	if !errors.As(err, &de) {
		t.Error(err)
	}
}
