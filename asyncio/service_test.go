package asyncio_test

import (
	"context"
	"testing"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/asyncio"
	"github.com/anyio-go/anyio/internal/testkit"
)

// A task that is asked to end while the service tasks of its group end waits for them, and is
// canceled then.
func TestTaskIsCanceledWhileServiceTasksEnd(t *testing.T) {
	onLoops(t, func(t *testing.T, ctx context.Context) {
		var ending anyio.Event
		cleaned := false
		task := asyncio.CreateTask(ctx, func(ctx context.Context) (int, error) {
			return 1, anyio.WithTaskGroup(ctx, func(_ context.Context, tg *anyio.TaskGroup) error {
				tg.Go(func(ctx context.Context) error {
					err := anyio.SleepForever(ctx)
					ending.Set()
					cleaned = anyio.Shielded(ctx, anyio.Forever, func(ctx context.Context) error {
						return anyio.Sleep(ctx, 10*time.Millisecond)
					}) == nil
					return err
				}, anyio.Service())
				return nil
			})
		})
		testkit.Must(t, ending.Wait(ctx))
		task.Cancel("enough")
		_, err := task.Await(ctx)
		if err == nil || !task.Canceled() || !cleaned {
			t.Errorf("the task: %v, canceled %v, cleaned up %v", err, task.Canceled(), cleaned)
		}
	})
}
