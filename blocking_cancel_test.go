package anyio_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/internal/testkit"
	"github.com/anyio-go/anyio/lowlevel"
)

func TestCanceledTaskWaitsForItsBlockingCall(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		testkit.SkipSim(t, ctx)
		release := make(chan bool)
		var over atomic.Bool
		err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			h := tg.Go(func(ctx context.Context) error {
				v, err := anyio.RunBlockingValue(ctx, func() (int, error) { <-release; over.Store(true); return 7, nil })
				if v != 7 || err != nil {
					t.Errorf("%d, %v", v, err)
				}
				return anyio.Sleep(ctx, 0)
			})
			testkit.Settled(t, ctx)
			h.Cancel("test")
			testkit.Settled(t, ctx) // the task would be over by now if it did not wait
			if s := h.Status(); s != anyio.Canceling {
				t.Errorf("%v while the function runs", s)
			}
			close(release)
			testkit.WantNil(t, "wait", h.Wait(ctx))
			if !over.Load() || h.Status() != anyio.Canceled {
				t.Errorf("function over: %v, task %v", over.Load(), h.Status())
			}
			return nil
		})
		testkit.WantNil(t, "group", err)
	})
}

func TestLimiterOfThreeLetsThreeOfFourCallsBegin(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		testkit.SkipSim(t, ctx)
		limiter := anyio.NewCapacityLimiter(3)
		release := make(chan bool)
		begun := anyio.NewSemaphore(0)
		err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			for range 4 {
				tg.Go(func(ctx context.Context) error {
					_, err := anyio.RunBlockingValue(ctx, func() (int, error) { begun.Release(); <-release; return 0, nil }, anyio.Limiter(limiter))
					return err
				})
			}
			defer close(release)
			for range 3 {
				if err := begun.Acquire(ctx); err != nil {
					return err
				}
			}
			testkit.Settled(t, ctx)
			if st := limiter.Statistics(); st.BorrowedTokens != 3 || st.TasksWaiting != 1 {
				t.Errorf("%+v", st)
			}
			return begun.TryAcquire()
		})
		if !errors.Is(err, anyio.ErrWouldBlock) {
			t.Errorf("group: %v, want that the fourth had not begun", err)
		}
	})
}

// The function uses what tasks use; its goroutine waits, the tasks go on.
func TestBlockingCallsMayWaitForTasksOfTheRun(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		testkit.SkipSim(t, ctx)
		var begun, answered anyio.Event
		err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			tg.Go(func(ctx context.Context) error {
				if err := begun.Wait(ctx); err != nil {
					return err
				}
				answered.Set()
				return nil
			})
			v, err := anyio.RunBlockingValue(ctx, func() (int, error) {
				begun.Set()
				return 7, answered.Wait(ctx)
			})
			if v != 7 {
				t.Errorf("%d", v)
			}
			return err
		})
		testkit.WantNil(t, "group", err)
	})
}

// An abandoned function sees that it was, and may go on without its scope: as long
// as the run goes on, it can call into it.
func TestAbandonedCallsSeeItAndCanStillCallIntoTheRun(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		testkit.SkipSim(t, ctx)
		type key struct{}
		ctx = context.WithValue(ctx, key{}, "v")
		backend := testkit.BackendOf(ctx)
		var begun, abandoned, called anyio.Event
		err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			h := tg.Go(func(ctx context.Context) error {
				_, err := anyio.RunBlockingValue(ctx, func() (int, error) {
					defer called.Set()
					begun.Set()
					testkit.WantNil(t, "waiting for the end of the task", abandoned.Wait(context.Background()))
					if err := ctx.Err(); err != context.Canceled {
						t.Errorf("ctx.Err(): %v", err)
					}
					_, err := anyio.RunIn(ctx, func(ctx context.Context) (int, error) { t.Error("called"); return 0, nil })
					testkit.WantCanceled(t, "in the canceled scope", err)
					v, err := anyio.RunIn(context.WithoutCancel(ctx), func(ctx context.Context) (string, error) {
						if b := testkit.BackendOf(ctx); b != backend {
							t.Errorf("called on %s", b)
						}
						err := anyio.Sleep(ctx, 1)
						v, _ := ctx.Value(key{}).(string)
						return v, err
					})
					if v != "v" || err != nil {
						t.Errorf("without the scope: %q, %v", v, err)
					}
					return 0, nil
				}, anyio.AbandonOnCancel())
				return err
			})
			testkit.WantNil(t, "begun", begun.Wait(ctx))
			h.Cancel("test")
			testkit.WantNil(t, "wait", h.Wait(ctx))
			abandoned.Set()
			return called.Wait(ctx)
		})
		testkit.WantNil(t, "group", err)
	})
}

func TestGoroutinesWithATokenCallIntoTheRun(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		testkit.SkipSim(t, ctx)
		token, err := lowlevel.CurrentToken(ctx)
		testkit.WantNil(t, "token", err)
		backend := testkit.BackendOf(ctx)
		testkit.InGoroutine(t, ctx, func() {
			outside, err := token.Context()
			testkit.WantNil(t, "context", err)
			v, err := anyio.RunIn(outside, func(ctx context.Context) (string, error) {
				return testkit.BackendOf(ctx), anyio.Sleep(ctx, 1)
			})
			if v != backend || err != nil {
				t.Errorf("%q, %v", v, err)
			}
			_, err = anyio.RunIn(outside, func(ctx context.Context) (string, error) { return "", testkit.ErrBoom })
			if err != testkit.ErrBoom {
				t.Errorf("error %v", err)
			}
		})
	})
}
