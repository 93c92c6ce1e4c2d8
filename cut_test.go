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

// A group, and the scope round it, tell of a cancellation of their own that has cut a
// task short, and of none that all have outrun.
func TestWhatACancellationHasCutShortIsTold(t *testing.T) {
	const byTask, byGroup, fromOutside = "of the task", "of the group", "from outside"
	ends := map[string]struct {
		of     func(canceled error) error
		failed bool // the group fails
		cut    bool
	}{
		"without an error":         {of: func(error) error { return nil }},
		"with the cancellation":    {of: func(err error) error { return err }, cut: true},
		"with a failure":           {of: func(error) error { return testkit.ErrBoom }, failed: true},
		"with both":                {of: func(err error) error { return errors.Join(testkit.ErrBoom, err) }, failed: true, cut: true},
		"with a failure of theirs": {of: func(err error) error { return &anyio.BrokenError{Cause: testkit.ErrBoom} }, failed: true},
	}
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		for _, by := range []string{byTask, byGroup, fromOutside} {
			for how, end := range ends {
				var group *anyio.TaskGroup
				var scope *anyio.CancelScope
				var inside error
				err := anyio.WithCancelScope(ctx, func(ctx context.Context, s *anyio.CancelScope) error {
					scope = s
					inside = anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
						group = tg
						h := tg.Go(func(ctx context.Context) error { return end.of(anyio.SleepForever(ctx)) })
						testkit.Settled(t, ctx)
						switch by {
						case byTask:
							h.Cancel("test")
						case byGroup:
							tg.Cancel("test")
						case fromOutside:
							s.Cancel("test")
						}
						return nil
					})
					return inside
				})
				what := "canceled " + by + ", it ends " + how
				switch {
				case end.failed:
					g, ok := errors.AsType[*anyio.GroupError](err)
					if !ok || g.Len() != 1 || !errors.Is(err, testkit.ErrBoom) || anyio.IsCancellation(err) || errors.Is(err, anyio.ErrCanceled) {
						t.Errorf("%s: %v", what, err)
					}
				case by == fromOutside && end.cut:
					testkit.WantCanceled(t, what, inside)
					testkit.WantNil(t, what, err)
				default:
					testkit.WantNil(t, what, inside)
				}
				if got, want := group.CancelCaught(), end.cut && by == byGroup; got != want {
					t.Errorf("%s: the group has cut something short: %v", what, got)
				}
				if got, want := scope.CancelCaught(), end.cut && by == fromOutside; got != want {
					t.Errorf("%s: the scope has cut something short: %v", what, got)
				}
			}
		}
	})
}

// A deadline of this very moment, or before, is over when it has been set: those who wait
// for Done, or a task of another scope that looks, need not wait for a timer.
func TestDeadlineThatHasPassedEndsTheScopeAtOnce(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		for what, before := range map[string]time.Duration{"now": 0, "before": time.Hour} {
			linked(t, ctx, func(ctx context.Context, s *anyio.CancelScope) {
				err := anyio.WithTaskGroup(ctx, func(inner context.Context, tg *anyio.TaskGroup) error {
					done := inner.Done()
					s.SetDeadline(anyio.Now(ctx).Add(-before))
					select {
					case <-done:
					default:
						t.Errorf("%s: Done is not closed", what)
					}
					return nil
				})
				testkit.WantNil(t, what, err)
			})
		}
	})
}
