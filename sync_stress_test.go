package anyio_test

import (
	"context"
	"math/rand/v2"
	"sync/atomic"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/kernel"
)

func TestLockGrantAgainstCancel(t *testing.T) {
	underChaos(t, func(t *testing.T, ctx context.Context, c *chaos) {
		var lock anyio.Lock
		var held int64 // times; written with the lock held
		c.run(t, ctx, func(ctx context.Context, i int, rng *rand.Rand) {
			for c.more() {
				if !c.try(t, ctx, i, rng, lock.Acquire) {
					continue
				}
				before := held
				dawdle(ctx, rng)
				held = before + 1
				lock.Release()
			}
		})
		equal(t, "times held", held, c.granted.Load())
		equal(t, "statistics", lock.Statistics(), anyio.LockStatistics{})
	})
}

func TestSemaphoreGrantAgainstCancel(t *testing.T) {
	underChaos(t, func(t *testing.T, ctx context.Context, c *chaos) {
		const slots = 3
		sem := anyio.NewBoundedSemaphore(slots, slots) // which panics if a slot is doubled
		var inside atomic.Int64
		c.run(t, ctx, func(ctx context.Context, i int, rng *rand.Rand) {
			for c.more() {
				if !c.try(t, ctx, i, rng, sem.Acquire) {
					continue
				}
				if n := inside.Add(1); n > slots {
					t.Errorf("%d inside at once", n)
				}
				dawdle(ctx, rng)
				inside.Add(-1)
				sem.Release()
			}
		})
		equal(t, "value", sem.Value(), slots)
		equal(t, "waiting", sem.TasksWaiting(), 0)
	})
}

// Tasks acquire for themselves and for borrowers, while the total changes.
func TestLimiterGrantAgainstCancel(t *testing.T) {
	underChaos(t, func(t *testing.T, ctx context.Context, c *chaos) {
		const most = 4
		l := anyio.NewCapacityLimiter(most)
		var inside atomic.Int64
		c.run(t, ctx, func(ctx context.Context, i int, rng *rand.Rand) {
			for c.more() {
				acquire, release := l.Acquire, l.Release
				if rng.IntN(2) == 0 {
					acquire = func(ctx context.Context) error { return l.AcquireOnBehalfOf(ctx, i) }
					release = func() { l.ReleaseOnBehalfOf(i) }
				}
				if rng.IntN(16) == 0 {
					l.SetTotalTokens(1 + rng.IntN(most))
				}
				if !c.try(t, ctx, i, rng, acquire) {
					continue
				}
				if n := inside.Add(1); n > most {
					t.Errorf("%d inside at once", n)
				}
				dawdle(ctx, rng)
				inside.Add(-1)
				release()
			}
		})
		st := l.Statistics()
		equal(t, "borrowed", st.BorrowedTokens, 0)
		equal(t, "waiting", st.TasksWaiting, 0)
		equal(t, "borrowers", len(st.Borrowers), 0)
	})
}

// The events are set one after the other while tasks wait for the newest, so that
// sets, waits and cancels meet. A waiter that is forgotten hangs.
func TestEventSetAgainstCancel(t *testing.T) {
	underChaos(t, func(t *testing.T, ctx context.Context, c *chaos) {
		var newest atomic.Pointer[anyio.Event]
		newest.Store(&anyio.Event{})
		c.run(t, ctx, func(ctx context.Context, i int, rng *rand.Rand) {
			if i == 0 {
				for c.begun.Load() < c.ops || c.granted.Load()+c.canceled.Load() < c.begun.Load() {
					newest.Swap(&anyio.Event{}).Set()
					kernel.CheckpointShielded(ctx)
				}
				return
			}
			for c.more() {
				ev := newest.Load()
				if c.try(t, ctx, i, rng, ev.Wait) && !ev.IsSet() {
					t.Error("Wait returned before Set")
				}
			}
		})
		equal(t, "waiting", newest.Load().TasksWaiting(), 0)
	})
}

// There is at most one notification under way, and somebody who is never
// canceled waits to take it over. So each one makes exactly one Wait return nil: a
// lost one hangs, a doubled one is seen.
func TestConditionNotifyAgainstCancel(t *testing.T) {
	underChaos(t, func(t *testing.T, ctx context.Context, c *chaos) {
		var cond anyio.Condition
		var notified, returned int64 // guarded by the lock, like what follows
		steady, stopped := 0, false
		waited := func() {
			if returned++; returned > notified && !stopped {
				t.Errorf("%d waits returned after %d notifications", returned, notified)
			}
		}
		shielded := func(ctx context.Context, f func(ctx context.Context) error) {
			must(t, anyio.Shielded(ctx, anyio.Forever, f))
		}
		c.run(t, ctx, func(ctx context.Context, i int, rng *rand.Rand) {
			switch i {
			case 0: // notifies
				for c.begun.Load() < c.ops || c.granted.Load()+c.canceled.Load() < c.begun.Load() {
					must(t, cond.Do(ctx, func(context.Context) error {
						if notified == returned && steady > 0 {
							notified++
							cond.Notify(1)
						}
						return nil
					}))
					kernel.CheckpointShielded(ctx)
				}
				must(t, cond.Do(ctx, func(context.Context) error {
					if stopped = true; notified != returned && notified != returned+1 {
						t.Errorf("%d notifications, %d waits returned", notified, returned)
					}
					cond.NotifyAll()
					return nil
				}))
			case 1, 2: // waits, never canceled
				must(t, cond.Do(ctx, func(ctx context.Context) error {
					for !stopped {
						steady++
						shielded(ctx, cond.Wait)
						steady--
						waited()
					}
					return nil
				}))
			default:
				for c.more() {
					shielded(ctx, cond.Acquire)
					if c.try(t, ctx, i, rng, cond.Wait) {
						waited()
					}
					if !cond.Locked() {
						t.Error("Wait returned without the lock")
					}
					cond.Release()
				}
			}
		})
		equal(t, "statistics", cond.TasksWaiting(), 0)
	})
}
