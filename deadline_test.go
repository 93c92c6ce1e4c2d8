package anyio_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/internal/testkit"
)

// The deadline of the shielded scope itself counts, those outside do not.
func TestShieldHidesOuterDeadlinesOnly(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		now := anyio.Now(ctx)
		outerOut, err := anyio.MoveOnAt(ctx, now.Add(time.Millisecond), func(ctx context.Context) error {
			inner, scope := anyio.OpenCancelScope(ctx, anyio.Shield(), anyio.Deadline(now.Add(time.Hour)))
			if d, ok := anyio.EffectiveDeadline(inner); !ok || !d.Equal(now.Add(time.Hour)) {
				t.Errorf("effective deadline in the shield: %v, %v", d, ok)
			}
			testkit.WantNil(t, "beyond the outer deadline", anyio.SleepUntil(inner, now.Add(2*time.Millisecond)))
			scope.SetDeadline(now.Add(3 * time.Millisecond))
			err := anyio.SleepForever(inner)
			testkit.WantCanceled(t, "its own deadline", err)
			testkit.WantNil(t, "Close", scope.End(err))
			if !scope.CancelCaught() {
				t.Error("the shielded scope did not catch its deadline")
			}
			return anyio.Sleep(ctx, 0)
		})
		if !outerOut || err != nil {
			t.Errorf("outer scope: %v, %v", outerOut, err)
		}
	})
}

// The inner scope catches its own cancellation; the outer one, canceled too,
// catches nothing if nothing blocks after it.
func TestOuterScopeCatchesOnlyWhatReachesIt(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		for _, shielded := range []bool{true, false} {
			var outer, inner *anyio.CancelScope
			after := false
			err := anyio.WithCancelScope(ctx, func(ctx context.Context, s *anyio.CancelScope) error {
				outer = s
				err := anyio.WithCancelScope(ctx, func(ctx context.Context, s *anyio.CancelScope) error {
					inner = s
					s.SetShield(shielded)
					outer.Cancel("outer")
					s.Cancel("inner")
					return anyio.Sleep(ctx, 0)
				})
				if err != nil {
					return err
				}
				after = true
				return nil
			})
			testkit.WantNil(t, "outer scope", err)
			if inner.CancelCaught() != shielded || outer.CancelCaught() == shielded || after != shielded {
				t.Errorf("shielded %v: inner caught %v, outer caught %v, code after the inner scope ran %v",
					shielded, inner.CancelCaught(), outer.CancelCaught(), after)
			}
		}
	})
}

// A timeout that is canceled from outside, and ends late, beyond its deadline,
// does not call that a timeout.
func TestCancellationFromOutsideIsNoTimeoutHoweverLate(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		err := anyio.WithCancelScope(ctx, func(ctx context.Context, s *anyio.CancelScope) error {
			err := anyio.FailAfter(ctx, time.Millisecond, func(ctx context.Context) error {
				s.Cancel("from outside")
				err := anyio.Sleep(ctx, 0)
				deadline, _ := ctx.Deadline()
				testkit.WantNil(t, "slow cleanup", anyio.Shielded(ctx, anyio.Forever, func(ctx context.Context) error { return anyio.SleepUntil(ctx, deadline) }))
				return err
			})
			if ce, ok := err.(*anyio.CanceledError); !ok || ce.Reason != "from outside" || errors.Is(err, anyio.ErrTimeout) {
				t.Errorf("FailAfter: %v", err)
			}
			return err
		})
		testkit.WantNil(t, "scope", err)
	})
}

// Canceling a scope inside ends that scope early and gives no timeout, even if
// the function goes on until after the deadline.
func TestEarlyCancelOfAnInnerScopeIsNoTimeout(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		err := anyio.FailAfter(ctx, soonest, func(ctx context.Context) error {
			err := anyio.WithCancelScope(ctx, func(ctx context.Context, s *anyio.CancelScope) error {
				s.Cancel("done early")
				return anyio.SleepForever(ctx)
			})
			testkit.WantNil(t, "inner scope", err)
			deadline, _ := ctx.Deadline()
			return anyio.Shielded(ctx, anyio.Forever, func(ctx context.Context) error { return anyio.SleepUntil(ctx, deadline) })
		})
		testkit.WantNil(t, "FailAfter", err)
	})
}

// A deadline that has passed is noticed when somebody looks, before anything blocks.
func TestPassedDeadlineIsNoticedWithoutBlocking(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		_, scope := anyio.OpenCancelScope(ctx, anyio.Deadline(anyio.Now(ctx)))
		if !scope.CancelCalled() {
			t.Error("a scope whose deadline has come is not canceled")
		}
		testkit.WantNil(t, "nothing blocked", scope.End(nil))
		if scope.CancelCaught() {
			t.Error("caught a cancellation that nothing noticed")
		}
	})
}
