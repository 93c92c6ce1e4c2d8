package anyio_test

import (
	"context"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/internal/testkit"
)

func TestCancelAndWaitReturnsWhenTheTaskIsOver(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			var clean anyio.Event
			var cleaned atomic.Bool
			victim := tg.Go(func(ctx context.Context) error {
				err := anyio.SleepForever(ctx)
				if !strings.Contains(err.Error(), "enough") || !strings.Contains(err.Error(), "task_cancelwait_test.go") {
					t.Errorf("the task does not see why and where it was canceled: %v", err)
				}
				_ = anyio.Shielded(ctx, anyio.Forever, clean.Wait)
				cleaned.Store(true)
				return err
			})
			sibling := tg.Go(clean.Wait)
			testkit.Settled(t, ctx)
			canceler := tg.Go(func(ctx context.Context) error {
				err := victim.CancelAndWait(ctx, "enough")
				if !cleaned.Load() {
					t.Error("CancelAndWait returned before the task was over")
				}
				return err
			})
			testkit.Settled(t, ctx)
			if victim.Status() != anyio.Canceling || canceler.Status() != anyio.Pending {
				t.Errorf("during the cleanup: %v, %v", victim, canceler)
			}
			clean.Set()
			testkit.WantNil(t, "CancelAndWait", canceler.Await(ctx))
			if victim.Status() != anyio.Canceled {
				t.Errorf("afterwards: %v", victim)
			}
			testkit.WantNil(t, "a second CancelAndWait", victim.CancelAndWait(ctx, "again"))
			testkit.WantNil(t, "the sibling", sibling.Await(ctx))
			return nil
		})
		testkit.WantNil(t, "group", err)
	})
}

// The task's error goes where it always goes; the error of the call is about the waiting.
func TestCancelAndWaitSaysNothingOfTheOutcome(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			h := tg.Go(func(ctx context.Context) error {
				_ = anyio.SleepForever(ctx)
				return testkit.ErrBoom
			})
			testkit.Settled(t, ctx)
			return anyio.Shielded(ctx, anyio.Forever, func(ctx context.Context) error {
				testkit.WantNil(t, "CancelAndWait", h.CancelAndWait(ctx, "enough"))
				return nil
			})
		})
		wantGroup(t, err, testkit.ErrBoom)
	})
}

func TestCancelAndWaitCancelsEvenIfItsCallerIsCanceled(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			h := tg.Go(anyio.SleepForever)
			testkit.Settled(t, ctx)
			scope := anyio.WithCancelScope(ctx, func(ctx context.Context, scope *anyio.CancelScope) error {
				scope.Cancel("the caller")
				err := h.CancelAndWait(ctx, "the task")
				testkit.WantCanceled(t, "CancelAndWait", err)
				return err
			})
			testkit.WantNil(t, "scope", scope)
			return h.Wait(ctx)
		})
		testkit.WantNil(t, "group", err)
	})
}

func TestCancelAndWaitOfOneselfIsACancellation(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			var self anyio.Future[*anyio.TaskHandle]
			h := tg.Go(func(ctx context.Context) error {
				h, err := self.Await(ctx)
				if err != nil {
					return err
				}
				return h.CancelAndWait(ctx, "enough of it")
			})
			testkit.Must(t, self.Set(h))
			testkit.WantNil(t, "Wait", h.Wait(ctx))
			if h.Status() != anyio.Canceled {
				t.Errorf("the task ended %v", h)
			}
			return nil
		})
		testkit.WantNil(t, "group", err)
	})
}
