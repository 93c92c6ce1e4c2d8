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

// Each form with a shield, in a scope that was canceled before: the body does not see it,
// and the scope's own deadline still counts.
func TestScopesMayBeShieldedWhenTheyAreOpened(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		later := anyio.Now(ctx).Add(time.Hour)
		inCanceledScope(t, ctx, func(ctx context.Context) {
			for name, in := range map[string]func(body func(ctx context.Context) error) (bool, error){
				"MoveOnAfter": func(body func(ctx context.Context) error) (bool, error) {
					return anyio.MoveOnAfter(ctx, time.Hour, body, anyio.Shield())
				},
				"MoveOnAt": func(body func(ctx context.Context) error) (bool, error) {
					return anyio.MoveOnAt(ctx, later, body, anyio.Shield())
				},
				"FailAfter": func(body func(ctx context.Context) error) (bool, error) {
					return false, anyio.FailAfter(ctx, time.Hour, body, anyio.Shield())
				},
				"FailAt": func(body func(ctx context.Context) error) (bool, error) {
					return false, anyio.FailAt(ctx, later, body, anyio.Shield())
				},
				"WithCancelScope": func(body func(ctx context.Context) error) (bool, error) {
					return false, anyio.WithCancelScope(ctx, func(ctx context.Context, _ *anyio.CancelScope) error { return body(ctx) }, anyio.Shield())
				},
			} {
				ran := false
				timedOut, err := in(func(ctx context.Context) error {
					ran = true
					return anyio.Sleep(ctx, time.Millisecond)
				})
				if timedOut || err != nil || !ran {
					t.Errorf("%s: %v, %v, ran %v", name, timedOut, err, ran)
				}
			}
			timedOut, err := anyio.MoveOnAfter(ctx, time.Millisecond, anyio.SleepForever, anyio.Shield())
			if !timedOut || err != nil {
				t.Errorf("MoveOnAfter that times out: %v, %v", timedOut, err)
			}
			err = anyio.FailAfter(ctx, time.Millisecond, anyio.SleepForever, anyio.Shield())
			if e, ok := errors.AsType[*anyio.TimeoutError](err); !ok || e.After != time.Millisecond {
				t.Errorf("FailAfter that times out: %v", err)
			}
			testkit.WantCanceled(t, "behind the shields", anyio.Sleep(ctx, 0))
		})
	})
}

func TestEarlierOfTwoDeadlinesCounts(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		for _, c := range []struct{ timeout, option, want, after time.Duration }{
			{time.Minute, time.Hour, time.Minute, time.Minute},
			{time.Hour, time.Minute, time.Minute, 0},
			{anyio.Forever, time.Minute, time.Minute, 0},
			{0, time.Minute, 0, 0},
		} {
			begin := anyio.Now(ctx)
			err := anyio.FailAfter(ctx, c.timeout, anyio.SleepForever, anyio.Deadline(begin.Add(c.option)))
			e, ok := errors.AsType[*anyio.TimeoutError](err)
			if took := anyio.Now(ctx).Sub(begin); took != c.want || !ok || e.After != c.after {
				t.Errorf("FailAfter: %+v: %v, %v", c, took, err)
			}
			at := anyio.Now(ctx).Add(c.timeout)
			if c.timeout == anyio.Forever {
				at = time.Time{}
			}
			begin = anyio.Now(ctx)
			timedOut, err := anyio.MoveOnAt(ctx, at, anyio.SleepForever, anyio.Deadline(begin.Add(c.option)))
			if took := anyio.Now(ctx).Sub(begin); took != c.want || !timedOut || err != nil {
				t.Errorf("MoveOnAt: %+v: %v, %v, %v", c, took, timedOut, err)
			}
		}
	}, anyiotest.Only("sim"))
}

// A scope that was canceled before anything waited in it ends the first wait.
func TestScopeCanceledBeforeItsWorkEndsTheFirstWait(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		inner, scope := anyio.OpenCancelScope(ctx, anyio.Shield())
		scope.Cancel("before it began")
		err := anyio.Sleep(inner, 0)
		testkit.WantCanceled(t, "the first wait", err)
		testkit.WantNil(t, "End", scope.End(err))
		if !scope.CancelCaught() {
			t.Error("the scope has caught nothing")
		}
	})
}
