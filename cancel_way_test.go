package anyio_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/internal/kernel"
	"github.com/anyio-go/anyio/lowlevel"
	"github.com/anyio-go/anyio/portal"
)

// A task's function, and the forms in which others call it, that judge its error.
type errFunc = func(ctx context.Context) error

var formsThatJudge = map[string]func(ctx context.Context, f errFunc) error{
	"task group": func(ctx context.Context, f errFunc) error {
		return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			tg.Go(f)
			return f(ctx)
		})
	},
	"GatherAll": func(ctx context.Context, f errFunc) error {
		_, err := anyio.GatherAll(ctx, valued(f), valued(f))
		return err
	},
	"Race": func(ctx context.Context, f errFunc) error {
		_, err := anyio.Race(ctx, valued(f), valued(f))
		return err
	},
	"portal": func(ctx context.Context, f errFunc) error {
		return portal.With(ctx, func(ctx context.Context, p *portal.Portal) error {
			_, err := portal.Call(ctx, p, valued(f))
			return err
		})
	},
}

func valued(f errFunc) func(ctx context.Context) (int, error) {
	return func(ctx context.Context) (int, error) { return 0, f(ctx) }
}

// A cancellation takes its time to reach thousands of tasks. Who returns it before it has
// come to him, because his call has failed meanwhile, is canceled as they are.
func TestCancellationThatIsStillOnItsWayIsNoFailure(t *testing.T) {
	for name, form := range formsThatJudge {
		t.Run(name, func(t *testing.T) {
			anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
				for range 4 {
					cancelWhileOneFails(t, ctx, form)
				}
			}, anyiotest.Skip("sim", "a goroutine of the world outside cannot cancel between two steps"))
		})
	}
}

func cancelWhileOneFails(t *testing.T, ctx context.Context, form func(ctx context.Context, f errFunc) error) {
	t.Helper()
	const others = 3000
	errClosed := errors.New("closed")
	var begun atomic.Int32
	var inner error
	ended := make(chan struct{})
	var scope *anyio.CancelScope
	hears := func(ctx context.Context) error {
		for !scope.CancelCalled() {
			lowlevel.ShieldedCheckpoint(ctx)
		}
		return kernel.Locate(ctx).CanceledOr(errClosed)
	}
	err := anyio.WithCancelScope(ctx, func(ctx context.Context, s *anyio.CancelScope) error {
		scope = s
		return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			tg.Go(func(ctx context.Context) error { // the first is reached last
				inner = form(ctx, hears)
				return inner
			})
			for range others {
				tg.Go(func(ctx context.Context) error {
					begun.Add(1)
					return anyio.SleepForever(ctx)
				})
			}
			for begun.Load() < others {
				lowlevel.ShieldedCheckpoint(ctx)
			}
			go func() {
				s.Cancel("test")
				close(ended)
			}()
			return hears(ctx)
		})
	})
	<-ended
	if _, isGroup := inner.(*anyio.GroupError); isGroup || !errors.Is(inner, anyio.ErrCanceled) {
		t.Errorf("the form returns %T: %v", inner, inner)
	}
	if err != nil || !scope.CancelCaught() {
		t.Errorf("the scope: %v, caught: %v", err, scope.CancelCaught())
	}
}
