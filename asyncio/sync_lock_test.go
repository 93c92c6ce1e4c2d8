package asyncio_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/asyncio"
	"github.com/anyio-go/anyio/internal/testkit"
)

// taker has the lock for some turns.
func taker(r *record, k *asyncio.Lock, name string) func(ctx context.Context) error {
	return func(ctx context.Context) error {
		return k.Do(ctx, func(ctx context.Context) error {
			r.add("%s", name)
			return asyncio.Sleep(ctx, 0)
		})
	}
}

func TestLockGoesRoundInOrder(t *testing.T) {
	onLoops(t, func(t *testing.T, ctx context.Context) {
		var k asyncio.Lock
		r := &record{}
		testkit.Must(t, k.Acquire(ctx))
		var tasks []*asyncio.Task[struct{}]
		for _, name := range []string{"a", "b", "c"} {
			tasks = append(tasks, goes(t, ctx, taker(r, &k, name)))
		}
		k.Release()
		testkit.Must(t, k.Acquire(ctx)) // behind those who wait, though nobody has it yet
		r.add("main")
		if !k.Locked() {
			t.Error("not locked")
		}
		k.Release()
		ended(t, ctx, tasks...)
		r.want(t, "a b c main")
		if k.Locked() {
			t.Error("locked")
		}
	})
}

func TestFreeLockIsHadWithoutGivingWay(t *testing.T) {
	onLoops(t, func(t *testing.T, ctx context.Context) {
		var k asyncio.Lock
		r := &record{}
		loopOf(t, ctx).CallSoon(r.call("callback"))
		testkit.Must(t, k.Acquire(ctx))
		r.add("locked")
		k.Release()
		settled(t, ctx)
		r.want(t, "locked callback")
	})
}

func TestAnyTaskMayReleaseALock(t *testing.T) {
	onLoops(t, func(t *testing.T, ctx context.Context) {
		var k asyncio.Lock
		testkit.Must(t, k.Acquire(ctx))
		loopOf(t, ctx).CallSoon(k.Release)
		testkit.Must(t, k.Acquire(ctx))
		k.Release()
		testkit.WantMisuse(t, "Release of a free lock", panics(k.Release))
		err := k.Do(ctx, func(context.Context) error { return testkit.ErrBoom })
		testkit.WantErr(t, err, testkit.ErrBoom)
		if k.Locked() {
			t.Error("locked after Do")
		}
	})
}

func TestLockIsPassedOnByWhoIsAskedToEnd(t *testing.T) {
	onLoops(t, func(t *testing.T, ctx context.Context) {
		for _, woken := range []bool{false, true} {
			var k asyncio.Lock
			r := &record{}
			testkit.Must(t, k.Acquire(ctx))
			var tasks []*asyncio.Task[struct{}]
			for _, name := range []string{"a", "b", "c"} {
				tasks = append(tasks, goes(t, ctx, taker(r, &k, name)))
			}
			if woken {
				k.Release()
			}
			tasks[0].Cancel("")
			if !woken {
				k.Release()
			}
			ended(t, ctx, tasks...)
			if !tasks[0].Canceled() {
				t.Error("not canceled")
			}
			r.want(t, "b c")
		}
	})
}

// A waiter that has been canceled, but has not had its turn yet, holds up nobody.
func TestCanceledWaiterDoesNotHoldUpAFreeLock(t *testing.T) {
	onLoops(t, func(t *testing.T, ctx context.Context) {
		var k asyncio.Lock
		r := &record{}
		testkit.Must(t, k.Acquire(ctx))
		a := goes(t, ctx, taker(r, &k, "a"))
		a.Cancel("")
		k.Release()
		loopOf(t, ctx).CallSoon(r.call("callback"))
		testkit.Must(t, k.Acquire(ctx))
		r.add("main")
		k.Release()
		ended(t, ctx, a)
		r.want(t, "main callback")
	})
}

func TestScopesCancelWaitsForALock(t *testing.T) {
	onLoops(t, func(t *testing.T, ctx context.Context) {
		var k asyncio.Lock
		testkit.Must(t, k.Acquire(ctx))
		timedOut, err := anyio.MoveOnAfter(ctx, time.Millisecond, k.Acquire)
		if !timedOut || err != nil {
			t.Errorf("%v %v", timedOut, err)
		}
		k.Release()
		_ = anyio.WithCancelScope(ctx, func(ctx context.Context, scope *anyio.CancelScope) error {
			scope.Cancel("")
			testkit.WantCanceled(t, "a free lock in a canceled scope", k.Acquire(ctx))
			return nil
		})
		testkit.Must(t, k.Acquire(ctx))
		k.Release()
	})
}

// Whether the wake-up or the cancellation of the scope is first decides who has the lock;
// it is not lost.
func TestScopeCanceledWithTheRelease(t *testing.T) {
	onLoops(t, func(t *testing.T, ctx context.Context) {
		for _, releaseFirst := range []bool{true, false} {
			var k asyncio.Lock
			r := &record{}
			testkit.Must(t, k.Acquire(ctx))
			var scope *anyio.CancelScope
			a := goes(t, ctx, func(ctx context.Context) error {
				return anyio.WithCancelScope(ctx, func(ctx context.Context, s *anyio.CancelScope) error {
					scope = s
					err := k.Acquire(ctx)
					r.add("a:%v", err == nil)
					if err == nil {
						k.Release()
					}
					return err
				})
			})
			b := goes(t, ctx, taker(r, &k, "b"))
			if releaseFirst {
				k.Release()
			}
			scope.Cancel("")
			if !releaseFirst {
				k.Release()
			}
			ended(t, ctx, a, b)
			r.want(t, fmt.Sprintf("a:%v b", releaseFirst))
		}
	})
}

func TestLockOutsideOfALoop(t *testing.T) {
	var k asyncio.Lock
	testkit.WantErr(t, k.Acquire(context.Background()), asyncio.ErrNoLoop)
	onLoops(t, func(t *testing.T, ctx context.Context) {
		var k asyncio.Lock
		var err error
		loopOf(t, ctx).CallSoon(func() { err = k.Acquire(ctx) })
		settled(t, ctx)
		testkit.WantMisuse(t, "Acquire in a callback", err)
	})
}

// A lock for which tasks have waited belongs to their loop.
func TestLockOfAnotherLoop(t *testing.T) {
	var k asyncio.Lock
	use := func() (err error) {
		testkit.WantNil(t, "Run", asyncio.Run(t.Context(), func(ctx context.Context) error {
			testkit.Must(t, k.Acquire(ctx))
			waits := asyncio.CreateTask(ctx, func(ctx context.Context) (struct{}, error) {
				if err = k.Acquire(ctx); err == nil {
					k.Release()
				}
				return struct{}{}, nil
			})
			anyioWaits(t, ctx)
			k.Release()
			_, err := waits.Await(ctx)
			return err
		}))
		return err
	}
	testkit.WantNil(t, "the first loop", use())
	testkit.WantMisuse(t, "the second loop", use())
}

func TestLockCanceledEverywhere(t *testing.T) {
	canceledEverywhere(t, func() crew {
		var k asyncio.Lock
		inside, most := 0, 0
		work := func(ctx context.Context) error {
			for range 2 {
				if err := k.Acquire(ctx); err != nil {
					return err
				}
				inside++
				most = max(most, inside)
				err := asyncio.Sleep(ctx, 0)
				inside--
				k.Release()
				if err != nil {
					return err
				}
			}
			return nil
		}
		return crew{
			work: []func(ctx context.Context) error{work, work, work},
			check: func(ctx context.Context) error {
				if k.Locked() || inside != 0 || most > 1 {
					return fmt.Errorf("locked %v, %d inside, %d at most", k.Locked(), inside, most)
				}
				return usable(ctx, k.Acquire, k.Release)
			},
		}
	})
}

func TestSemaphoreLetsInSoMany(t *testing.T) {
	onLoops(t, func(t *testing.T, ctx context.Context) {
		s := asyncio.NewSemaphore(2)
		inside, most := 0, 0
		r := &record{}
		var tasks []*asyncio.Task[struct{}]
		next := asyncio.NewFuture[struct{}](ctx)
		for _, name := range []string{"a", "b", "c", "d"} {
			tasks = append(tasks, goes(t, ctx, func(ctx context.Context) error {
				return s.Do(ctx, func(ctx context.Context) error {
					inside++
					most = max(most, inside)
					r.add("%s", name)
					_, err := asyncio.Shield(ctx, next).Await(ctx)
					inside--
					return err
				})
			}))
		}
		if !s.Locked() {
			t.Error("not locked")
		}
		r.want(t, "a b")
		testkit.Must(t, next.SetResult(struct{}{}))
		ended(t, ctx, tasks...)
		if most != 2 || s.Locked() || len(r.all) != 4 {
			t.Errorf("%d at most, locked %v, %v", most, s.Locked(), r.all)
		}
	})
}

func TestSemaphoreIsServedInOrder(t *testing.T) {
	onLoops(t, func(t *testing.T, ctx context.Context) {
		var s asyncio.Semaphore // no slots
		r := &record{}
		var tasks []*asyncio.Task[struct{}]
		for _, name := range []string{"a", "b", "c"} {
			tasks = append(tasks, goes(t, ctx, func(ctx context.Context) error {
				err := s.Acquire(ctx)
				r.add("%s:%v", name, err == nil)
				return err
			}))
		}
		s.Release()
		if !s.Locked() {
			t.Error("a slot that is meant for somebody is free")
		}
		tasks[0].Cancel("") // passes it on
		ended(t, ctx, tasks[:2]...)
		s.Release()
		ended(t, ctx, tasks...)
		r.want(t, "a:false b:true c:true")
		if !s.Locked() {
			t.Error("a slot is left")
		}
	})
}

func TestBoundedSemaphoreRefusesToExceed(t *testing.T) {
	onLoops(t, func(t *testing.T, ctx context.Context) {
		s := asyncio.NewBoundedSemaphore(1)
		testkit.WantMisuse(t, "Release", panics(s.Release))
		testkit.Must(t, s.Acquire(ctx))
		s.Release()
		testkit.WantMisuse(t, "Release", panics(s.Release))
		free := asyncio.NewSemaphore(0)
		free.Release()
		free.Release()
		for range 2 {
			testkit.Must(t, free.Acquire(ctx))
		}
		testkit.WantMisuse(t, "a negative value", panics(func() { asyncio.NewSemaphore(-1) }))
		testkit.WantMisuse(t, "a negative bound", panics(func() { asyncio.NewBoundedSemaphore(-1) }))
	})
}

func TestSemaphoreCanceledEverywhere(t *testing.T) {
	canceledEverywhere(t, func() crew {
		s := asyncio.NewBoundedSemaphore(2)
		inside, most := 0, 0
		work := func(ctx context.Context) error {
			for range 2 {
				err := s.Do(ctx, func(ctx context.Context) error {
					inside++
					most = max(most, inside)
					defer func() { inside-- }()
					return asyncio.Sleep(ctx, 0)
				})
				if err != nil {
					return err
				}
			}
			return nil
		}
		return crew{
			work: []func(ctx context.Context) error{work, work, work, work},
			check: func(ctx context.Context) error {
				if most > 2 || inside != 0 {
					return fmt.Errorf("%d at most, %d inside", most, inside)
				}
				return errors.Join(usable(ctx, s.Acquire, func() {}), usable(ctx, s.Acquire, func() { s.Release(); s.Release() }))
			},
		}
	})
}
