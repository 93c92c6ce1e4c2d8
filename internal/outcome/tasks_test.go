//go:build unix

package outcome_test

import (
	"context"
	"iter"
	"slices"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/lowlevel"
	"github.com/anyio-go/anyio/signals"
)

// through is a call that waits because a function given to it waits for an event.
func through(call func(ctx context.Context, f func(ctx context.Context) error) error) func(*bench) wait {
	return func(*bench) wait {
		e := &anyio.Event{}
		return waiting(func(ctx context.Context) error { return call(ctx, e.Wait) }, func(context.Context) { e.Set() }, nil)
	}
}

// valued gives f a value.
func valued(f func(ctx context.Context) error) func(ctx context.Context) (int, error) {
	return func(ctx context.Context) (int, error) { return 1, f(ctx) }
}

// first is the error that a sequence begins with.
func first[T any](all iter.Seq2[T, error]) error {
	for _, err := range all {
		return err
	}
	return nil
}

// awaiting is a wait for the end of a task of another group.
func awaiting(call func(ctx context.Context, h *anyio.ValueHandle[int]) error) func(*bench) wait {
	return func(b *bench) wait {
		e := &anyio.Event{}
		_, tg := anyio.OpenTaskGroup(b.ctx)
		h := anyio.GoValue(tg, valued(e.Wait))
		return waiting(func(ctx context.Context) error { return call(ctx, h) }, func(ctx context.Context) {
			e.Set()
			_ = h.Wait(context.WithoutCancel(ctx))
		}, func(context.Context) { b.check(tg.End(nil)) })
	}
}

// stubborn is a wait for the end of a task of another group that a cancellation does not end.
func stubborn(call func(ctx context.Context, h *anyio.TaskHandle) error) func(*bench) wait {
	return func(b *bench) wait {
		e := &anyio.Event{}
		_, tg := anyio.OpenTaskGroup(b.ctx)
		h := tg.Go(func(ctx context.Context) error { return anyio.Shielded(ctx, anyio.Forever, e.Wait) })
		return waiting(func(ctx context.Context) error { return call(ctx, h) }, func(ctx context.Context) {
			e.Set()
			_ = h.Wait(context.WithoutCancel(ctx))
		}, func(context.Context) { b.check(tg.End(nil)) })
	}
}

// tasks are calls that wait for tasks, or run functions that wait.
var tasks = []kind{
	{name: "TaskHandle.Wait", make: awaiting(func(ctx context.Context, h *anyio.ValueHandle[int]) error { return h.Wait(ctx) })},
	{name: "TaskHandle.Await", make: awaiting(func(ctx context.Context, h *anyio.ValueHandle[int]) error { return h.TaskHandle.Await(ctx) })},
	{name: "ValueHandle.Await", make: awaiting(func(ctx context.Context, h *anyio.ValueHandle[int]) error { _, err := h.Await(ctx); return err })},
	{name: "TaskHandle.CancelAndWait", make: stubborn(func(ctx context.Context, h *anyio.TaskHandle) error { return h.CancelAndWait(ctx, "enough") })},
	{name: "WithTaskGroup", make: through(func(ctx context.Context, f func(context.Context) error) error {
		return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			tg.Go(f)
			return nil
		})
	})},
	{name: "Start", make: through(func(ctx context.Context, f func(context.Context) error) error {
		return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			_, err := anyio.Start(ctx, tg, func(ctx context.Context, started func(int)) error {
				err := f(ctx)
				if err == nil {
					started(1)
				}
				return err
			})
			return err
		})
	})},
	{name: "StartHandle", make: through(func(ctx context.Context, f func(context.Context) error) error {
		return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			_, _, err := anyio.StartHandle(ctx, tg, func(ctx context.Context, started func(int)) error {
				err := f(ctx)
				if err == nil {
					started(1)
				}
				return err
			})
			return err
		})
	})},
	{name: "Gather", make: through(func(ctx context.Context, f func(context.Context) error) error {
		_, err := anyio.Gather(ctx, valued(f), valued(f))
		return err
	})},
	{name: "Join", make: through(func(ctx context.Context, f func(context.Context) error) error { return anyio.Join(ctx, f, f) })},
	{name: "Map", make: through(func(ctx context.Context, f func(context.Context) error) error {
		_, err := anyio.Map(ctx, []int{1, 2}, 0, func(ctx context.Context, _ int) (int, error) { return 1, f(ctx) })
		return err
	})},
	{name: "ForEach", make: through(func(ctx context.Context, f func(context.Context) error) error {
		return anyio.ForEach(ctx, slices.Values([]int{1, 2}), 0, func(ctx context.Context, _ int) error { return f(ctx) })
	})},
	{name: "ForEach2", make: through(func(ctx context.Context, f func(context.Context) error) error {
		return anyio.ForEach2(ctx, slices.All([]int{1, 2}), 0, func(ctx context.Context, _, _ int) error { return f(ctx) })
	})},
	{name: "GatherAll", make: through(func(ctx context.Context, f func(context.Context) error) error {
		return does(anyio.GatherAll(ctx, valued(f), valued(f)))
	})},
	{name: "MapAll", make: through(func(ctx context.Context, f func(context.Context) error) error {
		return does(anyio.MapAll(ctx, []int{1, 2}, 0, func(ctx context.Context, _ int) (int, error) { return 1, f(ctx) }))
	})},
	{name: "ForEachAll", make: through(func(ctx context.Context, f func(context.Context) error) error {
		return anyio.ForEachAll(ctx, slices.Values([]int{1, 2}), 0, func(ctx context.Context, _ int) error { return f(ctx) })
	})},
	{name: "Race", make: through(func(ctx context.Context, f func(context.Context) error) error {
		_, err := anyio.Race(ctx, valued(f), valued(anyio.SleepForever))
		return err
	})},
	{name: "AsCompleted", unended: true, make: through(func(ctx context.Context, f func(context.Context) error) error {
		return first(anyio.AsCompleted(ctx, valued(f)))
	})},
	{name: "FailAfter", make: through(func(ctx context.Context, f func(context.Context) error) error {
		return anyio.FailAfter(ctx, time.Hour, f)
	})},
	{name: "MoveOnStop", make: through(func(ctx context.Context, f func(context.Context) error) error {
		_, err := anyio.MoveOnStop(ctx, f)
		return err
	})},
	{name: "MoveOnAfter", make: through(func(ctx context.Context, f func(context.Context) error) error {
		_, err := anyio.MoveOnAfter(ctx, time.Hour, f)
		return err
	})},
	{name: "Shielded", kept: true, make: through(func(ctx context.Context, f func(context.Context) error) error {
		return anyio.Shielded(ctx, anyio.Forever, f)
	})},
	{name: "WithGrace", make: through(func(ctx context.Context, f func(context.Context) error) error {
		return signals.WithGrace(ctx, time.Hour, f)
	})},
	{name: "WithShutdown", make: through(func(ctx context.Context, f func(context.Context) error) error { return signals.WithShutdown(ctx, f) })},
	{name: "Once.Do", make: through(func(ctx context.Context, f func(context.Context) error) error {
		var o anyio.Once
		return o.Do(ctx, f)
	})},
	{name: "OnceValue", make: through(func(ctx context.Context, f func(context.Context) error) error {
		_, err := anyio.OnceValue(valued(f))(ctx)
		return err
	})},
	{name: "Once.Do, another runs it", make: func(b *bench) wait {
		var o anyio.Once
		_, tg := anyio.OpenTaskGroup(b.ctx)
		var begun, e anyio.Event
		h := tg.Go(func(ctx context.Context) error {
			return o.Do(ctx, func(ctx context.Context) error { begun.Set(); return e.Wait(ctx) })
		})
		b.check(begun.Wait(b.ctx))
		return waiting(func(ctx context.Context) error { return o.Do(ctx, anyio.SleepForever) }, func(ctx context.Context) {
			e.Set()
			_ = h.Wait(context.WithoutCancel(ctx))
		}, func(context.Context) { b.check(tg.End(nil)) })
	}},
	{name: "Lock.Do", make: through(func(ctx context.Context, f func(context.Context) error) error {
		var l anyio.Lock
		return l.Do(ctx, f)
	})},
	{name: "RWLock.Acquire", make: func(b *bench) wait {
		l := &anyio.RWLock{}
		b.check(l.TryAcquireRead())
		return waiting(func(ctx context.Context) error {
			err := l.Acquire(ctx)
			if err == nil {
				l.Release()
			}
			return err
		}, func(context.Context) { l.ReleaseRead() }, nil)
	}},
	{name: "RWLock.AcquireRead", make: func(b *bench) wait {
		l := &anyio.RWLock{}
		b.check(l.TryAcquire())
		return waiting(func(ctx context.Context) error {
			err := l.AcquireRead(ctx)
			if err == nil {
				l.ReleaseRead()
			}
			return err
		}, func(context.Context) { l.Release() }, nil)
	}},
	{name: "RWLock.Do", make: through(func(ctx context.Context, f func(context.Context) error) error {
		var l anyio.RWLock
		return l.Do(ctx, f)
	})},
	{name: "RWLock.DoRead", make: through(func(ctx context.Context, f func(context.Context) error) error {
		var l anyio.RWLock
		return l.DoRead(ctx, f)
	})},
	{name: "Semaphore.Do", make: through(func(ctx context.Context, f func(context.Context) error) error {
		return anyio.NewSemaphore(1).Do(ctx, f)
	})},
	{name: "CapacityLimiter.Do", make: through(func(ctx context.Context, f func(context.Context) error) error {
		return anyio.NewCapacityLimiter(1).Do(ctx, f)
	})},
	{name: "CapacityLimiter.Acquire, in the task's name", make: func(b *bench) wait {
		l := anyio.NewCapacityLimiter(0)
		return waiting(func(ctx context.Context) error {
			err := l.Acquire(ctx)
			if err == nil {
				l.Release()
			}
			return err
		}, func(context.Context) { l.SetTotalTokens(1) }, nil)
	}},
	{name: "Condition.Do", unended: true, make: func(b *bench) wait {
		c := &anyio.Condition{}
		return waiting(func(ctx context.Context) error {
			return c.Do(ctx, func(ctx context.Context) error { return c.WaitFor(ctx, func() bool { return false }) })
		}, func(context.Context) {
			if c.TryAcquire() == nil { // else the waiter, canceled, has it back
				c.NotifyAll()
				c.Release()
			}
		}, nil)
	}},
	{name: "Future.Wait", make: func(b *bench) wait {
		f := anyio.NewFuture[int]("")
		return waiting(f.Wait, func(context.Context) { f.Cancel() }, nil)
	}},
	{name: "Ticker.Wait", unended: true, make: func(b *bench) wait {
		t := anyio.NewTicker(b.ctx, 1000*time.Hour)
		return waiting(func(ctx context.Context) error { _, err := t.Wait(ctx); return err }, func(context.Context) {}, nil)
	}},
	{name: "Ticker.All", unended: true, make: func(b *bench) wait {
		t := anyio.NewTicker(b.ctx, 1000*time.Hour)
		return waiting(func(ctx context.Context) error { return first(t.All(ctx)) }, func(context.Context) {}, nil)
	}},
	{name: "Sleep, of an hour", unended: true, make: func(b *bench) wait {
		return waiting(func(ctx context.Context) error { return anyio.Sleep(ctx, time.Hour) }, func(context.Context) {}, nil)
	}},
	{name: "WaitAllTasksBlockedFor", unended: true, make: func(b *bench) wait {
		return waiting(func(ctx context.Context) error { return anyio.WaitAllTasksBlockedFor(ctx, time.Hour) }, func(context.Context) {}, nil)
	}},
	{name: "SleepUntil", unended: true, make: func(b *bench) wait {
		at := anyio.Now(b.ctx).Add(time.Hour)
		return waiting(func(ctx context.Context) error { return anyio.SleepUntil(ctx, at) }, func(context.Context) {}, nil)
	}},
	{name: "ParkingLot.Park", make: func(b *bench) wait {
		l := lowlevel.NewParkingLot("test", nil)
		return waiting(l.Park, func(context.Context) { l.UnparkAll() }, nil)
	}},
}
