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
)

// A cancellation takes its time to reach thousands of tasks. Who returns it before it has
// come to him, because his call has failed meanwhile, is canceled as they are.
func TestCancellationThatIsStillOnItsWayIsNoFailure(t *testing.T) {
	const others = 3000
	errClosed := errors.New("closed")
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		for range 10 {
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
						inner = anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
							tg.Go(hears)
							return hears(ctx)
						})
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
				t.Errorf("the inner group: %T: %v", inner, inner)
			}
			if err != nil || !scope.CancelCaught() {
				t.Errorf("the scope: %v, caught: %v", err, scope.CancelCaught())
			}
		}
	}, anyiotest.Skip("sim", "a goroutine of the world outside cannot cancel between two steps"))
}
