package anyio_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/internal/testkit"
)

func TestWaitAllTasksBlockedSeesTasksThatWereWoken(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		var ev, never anyio.Event
		steps := 0
		err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			tg.Go(func(ctx context.Context) error {
				if err := ev.Wait(ctx); err != nil {
					return err
				}
				for range 5 {
					steps++
					if err := anyio.Sleep(ctx, 0); err != nil {
						return err
					}
				}
				return never.Wait(ctx)
			})
			testkit.Settled(t, ctx)
			ev.Set() // woken, and not yet resumed
			testkit.Settled(t, ctx)
			if steps != 5 {
				t.Errorf("%d steps", steps)
			}
			// Canceled, and not yet resumed: it cleans up before it counts as blocked.
			cleaned := false
			var hold anyio.Event
			h := tg.Go(func(ctx context.Context) error {
				err := anyio.SleepForever(ctx)
				cleaned = true
				return errors.Join(err, anyio.Shielded(ctx, anyio.Forever, hold.Wait))
			})
			testkit.Settled(t, ctx)
			h.Cancel("test")
			testkit.Settled(t, ctx)
			if !cleaned {
				t.Error("the canceled task had not run")
			}
			hold.Set()
			tg.Cancel("done")
			if err := anyio.WaitAllTasksBlocked(ctx); !errors.Is(err, anyio.ErrCanceled) {
				t.Errorf("in a canceled scope: %v", err)
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	})
}

func TestWaitAllTasksBlockedIsCanceled(t *testing.T) {
	quit := make(chan struct{})
	err := anyio.Run(context.Background(), func(ctx context.Context) error {
		return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			tg.Go(func(context.Context) error { <-quit; return nil }) // never seen to wait
			defer close(quit)
			ctx, cancel := context.WithCancel(ctx)
			tg.Go(func(context.Context) error { cancel(); return nil })
			if err := anyio.WaitAllTasksBlocked(ctx); !errors.Is(err, anyio.ErrCanceled) {
				t.Error(err)
			}
			return nil
		})
	})
	if err != nil {
		t.Error(err)
	}
}

// One that is canceled takes no other one with it.
func TestWaitAllTasksBlockedOfSeveral(t *testing.T) {
	const n = 3
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		for canceled := range n {
			var ended atomic.Int32
			err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
				var hs []*anyio.TaskHandle
				var ready anyio.Event
				for range n {
					hs = append(hs, tg.Go(func(ctx context.Context) error {
						err := anyio.WaitAllTasksBlocked(ctx)
						if err == nil {
							ended.Add(1)
						}
						return err
					}))
				}
				tg.Go(func(ctx context.Context) error { // not all wait before it does
					for range 100 {
						if err := anyio.Sleep(ctx, 0); err != nil {
							return err
						}
					}
					hs[canceled].Cancel("test")
					return ready.Wait(ctx)
				})
				for i, h := range hs {
					if i != canceled {
						testkit.WantNil(t, "the wait of another", h.Wait(ctx))
					}
				}
				ready.Set()
				return nil
			})
			testkit.WantNil(t, "group", err)
			if got := ended.Load(); got < n-1 {
				t.Errorf("%d of %d have seen all blocked", got, n)
			}
		}
	})
}

// Two tasks wake each other in turns, so that one of them always runs or is about to.
func TestTasksThatWakeEachOtherAreNotBlocked(t *testing.T) {
	rounds := 20_000
	if testing.Short() {
		rounds = 2_000
	}
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		here, there := anyio.NewSemaphore(0), anyio.NewSemaphore(0)
		var done atomic.Int32
		turns := func(mine, other *anyio.Semaphore) func(ctx context.Context) error {
			return func(ctx context.Context) error {
				for range rounds {
					if err := mine.Acquire(ctx); err != nil {
						return err
					}
					done.Add(1)
					other.Release()
				}
				return anyio.SleepForever(ctx)
			}
		}
		err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			tg.Go(turns(here, there))
			tg.Go(turns(there, here))
			here.Release()
			if err := anyio.WaitAllTasksBlocked(ctx); err != nil {
				return err
			}
			if n := done.Load(); int(n) != 2*rounds {
				t.Errorf("they were said to wait after %d of %d turns", n, 2*rounds)
			}
			tg.Cancel("seen")
			return nil
		})
		testkit.WantNil(t, "group", err)
	}, anyiotest.Seeds(1))
}
