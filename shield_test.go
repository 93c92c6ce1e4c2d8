//anyiovet:ignore scopeend what is left open is found out

package anyio_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/internal/testkit"
)

func TestCleanupNeedsAShield(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		err := anyio.WithCancelScope(ctx, func(ctx context.Context, s *anyio.CancelScope) error {
			s.Cancel("")
			testkit.WantNil(t, "shielded", anyio.Shielded(ctx, anyio.Forever, func(ctx context.Context) error {
				if ctx.Err() != nil {
					t.Errorf("inside the shield: %v", ctx.Err())
				}
				return anyio.Sleep(ctx, time.Millisecond)
			}))
			for range 2 {
				testkit.WantCanceled(t, "after the shield", anyio.Sleep(ctx, time.Millisecond))
			}
			err := anyio.Shielded(ctx, time.Millisecond, anyio.SleepForever)
			if !errors.Is(err, anyio.ErrTimeout) {
				t.Errorf("shield with a limit: %v", err)
			}
			return anyio.Sleep(ctx, 0)
		})
		testkit.WantNil(t, "scope", err)
	})
}

func TestShieldedScopeCanStillBeCanceled(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		ctx, s := anyio.OpenCancelScope(ctx, anyio.Shield())
		if !s.Shield() {
			t.Error("no shield")
		}
		s.Cancel("itself")
		if d, ok := anyio.EffectiveDeadline(ctx); !ok || !d.IsZero() {
			t.Errorf("deadline: %v, %v", d, ok)
		}
		err := anyio.Sleep(ctx, 0)
		testkit.WantCanceled(t, "wait", err)
		testkit.WantNil(t, "close", s.End(err))
		if !s.CancelCaught() {
			t.Error("not caught")
		}
	})
}

func TestShieldCanBeRaisedAndLifted(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		err := anyio.WithCancelScope(ctx, func(ctx context.Context, outer *anyio.CancelScope) error {
			return anyio.WithCancelScope(ctx, func(ctx context.Context, s *anyio.CancelScope) error {
				testkit.WantNil(t, "before", anyio.Sleep(ctx, time.Millisecond))
				done := ctx.Done()
				s.SetShield(true)
				outer.Cancel("")
				testkit.WantNil(t, "raised", anyio.Sleep(ctx, time.Millisecond))
				select {
				case <-done:
					t.Error("Done is closed in a shield")
				default:
				}
				s.SetShield(false)
				<-done
				testkit.WantCanceled(t, "lifted", anyio.Sleep(ctx, time.Millisecond))
				s.SetShield(true)
				testkit.WantNil(t, "raised again", anyio.Sleep(ctx, time.Millisecond))
				<-ctx.Done() // package context allows no way back
				if ctx.Err() == nil {
					t.Error("Done is closed and Err nil")
				}
				testkit.WantNil(t, "a scope opened in the shield", anyio.WithCancelScope(ctx, func(ctx context.Context, _ *anyio.CancelScope) error {
					select {
					case <-ctx.Done():
						t.Error("Done of a scope opened in the shield is closed")
					default:
					}
					return ctx.Err()
				}))
				s.SetShield(false)
				<-ctx.Done()
				return anyio.Sleep(ctx, 0)
			})
		})
		testkit.WantNil(t, "scope", err)
	})
}

func TestLiftingAShieldWakesThoseWhoWait(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		var shielded *anyio.CancelScope
		err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			h := tg.Go(func(ctx context.Context) error {
				return anyio.WithCancelScope(ctx, func(ctx context.Context, s *anyio.CancelScope) error {
					shielded = s
					s.SetShield(true)
					return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
						tg.Go(anyio.SleepForever)
						return anyio.SleepForever(ctx)
					})
				})
			})
			testkit.Settled(t, ctx)
			tg.Cancel("")
			return anyio.Shielded(ctx, anyio.Forever, func(ctx context.Context) error {
				testkit.Settled(t, ctx)
				if h.Status() != anyio.Pending {
					t.Errorf("the shield did not hold: %v", h.Status())
				}
				shielded.SetShield(false)
				return h.Wait(ctx)
			})
		})
		testkit.WantNil(t, "group", err)
	})
}

// After leaving a shield both the middle and the outer scope are still canceled.
func TestNestedShieldsDoNotSwallowTheOuterCancellation(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		for _, middleShielded := range []bool{false, true} {
			var outer, middle, inner *anyio.CancelScope
			err := anyio.WithCancelScope(ctx, func(ctx context.Context, s *anyio.CancelScope) error {
				outer = s
				s.Cancel("outer")
				err := anyio.WithCancelScope(ctx, func(ctx context.Context, s *anyio.CancelScope) error {
					middle = s
					s.SetShield(middleShielded)
					s.Cancel("middle")
					err := anyio.WithCancelScope(ctx, func(ctx context.Context, s *anyio.CancelScope) error {
						inner = s
						s.SetShield(true)
						testkit.WantNil(t, "inside", anyio.Sleep(ctx, time.Millisecond))
						s.Cancel("inner")
						return anyio.Sleep(ctx, 0)
					})
					testkit.WantNil(t, "inner scope", err)
					return anyio.Sleep(ctx, 0)
				})
				if middleShielded {
					testkit.WantNil(t, "shielded middle scope", err)
				} else {
					testkit.WantCanceled(t, "middle scope", err)
				}
				return anyio.Sleep(ctx, 0)
			})
			testkit.WantNil(t, "outer scope", err)
			if !outer.CancelCaught() || middle.CancelCaught() != middleShielded || !inner.CancelCaught() {
				t.Errorf("caught: outer %v, middle %v (shielded %v), inner %v",
					outer.CancelCaught(), middle.CancelCaught(), middleShielded, inner.CancelCaught())
			}
		}
	})
}

func TestTasksAreCanceledAlthoughTheirHostSitsInAShield(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			h := tg.Go(anyio.SleepForever)
			err := anyio.Shielded(ctx, anyio.Forever, func(ctx context.Context) error {
				testkit.Settled(t, ctx)
				tg.Cancel("")
				return h.Wait(ctx)
			})
			testkit.WantNil(t, "shield of the host", err)
			if h.Status() != anyio.Canceled {
				t.Errorf("task: %v", h.Status())
			}
			return nil
		})
		testkit.WantNil(t, "group", err)
	})
}

func TestShieldedGroupEndsItsWorkInACanceledScope(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		var finished atomic.Int32
		err := anyio.WithCancelScope(ctx, func(ctx context.Context, s *anyio.CancelScope) error {
			s.Cancel("")
			err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
				tg.SetShield(true)
				for range 3 {
					tg.Go(func(ctx context.Context) error {
						err := anyio.Sleep(ctx, time.Millisecond)
						finished.Add(1)
						return err
					})
				}
				return nil
			})
			testkit.WantNil(t, "group", err)
			return anyio.Sleep(ctx, 0)
		})
		if err != nil || finished.Load() != 3 {
			t.Errorf("scope: %v, %d tasks finished", err, finished.Load())
		}
	})
}

// A canceled group that waits for a shielded task wakes up only at its end.
func TestNothingSpinsWhileAShieldDelaysAGroup(t *testing.T) {
	steps := simSteps(t, func(ctx context.Context) error {
		return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			tg.Go(func(ctx context.Context) error {
				return anyio.Shielded(ctx, anyio.Forever, func(ctx context.Context) error { return anyio.Sleep(ctx, time.Hour) })
			})
			tg.Cancel("")
			return nil
		})
	})
	if steps > 20 {
		t.Errorf("%d steps for one sleep", steps)
	}
}

func TestScopeMisuseIsTold(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		outerCtx, outer := anyio.OpenCancelScope(ctx)
		_, inner := anyio.OpenCancelScope(outerCtx, anyio.Deadline(anyio.Now(ctx).Add(time.Hour)))
		testkit.WantMisuse(t, "outer scope closed first", outer.End(nil))
		testkit.WantNil(t, "inner scope", inner.End(nil))
		testkit.WantMisuse(t, "closed twice", inner.End(nil))

		outerCtx, outer = anyio.OpenCancelScope(ctx)
		_, inner = anyio.OpenCancelScope(outerCtx)
		err := outer.End(testkit.ErrBoom)
		testkit.WantMisuse(t, "wrong order with an error", err)
		if !errors.Is(err, testkit.ErrBoom) {
			t.Errorf("the body's error is lost: %v", err)
		}
		testkit.WantNil(t, "inner scope", inner.End(nil))

		var open *anyio.CancelScope
		err = anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			tg.Go(func(ctx context.Context) error { _, open = anyio.OpenCancelScope(ctx); return nil })
			return nil
		})
		testkit.WantMisuse(t, "task that ended before its scope", err)
		testkit.WantMisuse(t, "closed by another task", open.End(nil))

		err = anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			_, _ = anyio.OpenCancelScope(ctx)
			return nil
		})
		testkit.WantMisuse(t, "group that ended before a scope in it", err)
		err = anyio.WithCancelScope(ctx, func(ctx context.Context, s *anyio.CancelScope) error {
			_, _ = anyio.OpenCancelScope(ctx)
			return nil
		})
		testkit.WantMisuse(t, "scope that ended before a scope in it", err)
		_, err = anyio.MoveOnAfter(ctx, time.Hour, func(ctx context.Context) error {
			_, _ = anyio.OpenCancelScope(ctx)
			return nil
		})
		testkit.WantMisuse(t, "timeout that ended before a scope in it", err)
	})
}
