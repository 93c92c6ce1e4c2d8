package portal_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/internal/testkit"
	"github.com/anyio-go/anyio/portal"
)

// A call of started is what portal.Start waits for: its value and task come back, also if
// the caller is canceled just before or just after, and whatever the task does next. What
// was opened would else be nobody's.
func TestStartedThroughAPortalIsHandedOverWhoeverIsCanceled(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		testkit.WantNil(t, "portal", portal.With(ctx, func(ctx context.Context, p *portal.Portal) error {
			for name, order := range map[string]func(cancel, started func()){
				"canceled, started": func(cancel, started func()) { cancel(); started() },
				"started, canceled": func(cancel, started func()) { started(); cancel() },
				"at the same time":  func(cancel, started func()) { go cancel(); started() },
			} {
				for range 50 {
					testkit.WantNil(t, "scope", anyio.WithCancelScope(ctx, func(caller context.Context, s *anyio.CancelScope) error {
						v, task, err := portal.Start(caller, p, func(ctx context.Context, started func(int)) (int, error) {
							order(func() { s.Cancel("enough") }, func() { started(7) })
							if name == "started, canceled" {
								testkit.WantNil(t, "the task is the portal's", anyio.Sleep(ctx, time.Millisecond))
							}
							return 8, testkit.ErrBoom
						})
						if v != 7 || task == nil || err != nil {
							t.Fatalf("%s: got %d, %v, %v", name, v, task, err)
						}
						if v, err := task.Await(ctx); v != 8 || !errors.Is(err, testkit.ErrBoom) { //anyiovet:ignore outerctx the scope is canceled
							t.Errorf("%s: the task returned %d, %v", name, v, err)
						}
						return nil
					}))
				}
			}
			return nil
		}))
	})
}

// If started is never called, the caller learns why: the error of the task, or its own
// cancellation. No task is left.
func TestPortalStartOfWhoIsCanceledWithoutStarted(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		testkit.WantNil(t, "portal", portal.With(ctx, func(ctx context.Context, p *portal.Portal) error {
			for _, want := range []error{nil, testkit.ErrBoom} {
				testkit.WantNil(t, "scope", anyio.WithCancelScope(ctx, func(caller context.Context, s *anyio.CancelScope) error {
					over := false
					//anyiovet:ignore started it is canceled before
					v, task, err := portal.Start(caller, p, func(ctx context.Context, started func(int)) (int, error) {
						defer func() { over = true }()
						s.Cancel("enough")
						return 1, errors.Join(want, anyio.SleepForever(ctx))
					})
					if v != 0 || task != nil || !over {
						t.Errorf("got %d, %v, over %v", v, task, over)
					}
					if want == nil {
						testkit.WantCanceled(t, "start", err)
					} else if !errors.Is(err, want) || errors.Is(err, anyio.ErrCanceled) {
						t.Errorf("got %v, want %v", err, want)
					}
					return nil
				}))
			}
			return nil
		}))
	})
}
