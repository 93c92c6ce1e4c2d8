package asyncio_test

import (
	"context"
	"errors"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/asyncio"
)

// ring makes tasks each of which awaits the next one, the last one the first.
func ring(ctx context.Context, n int) []*asyncio.Task[int] {
	all := make([]*asyncio.Task[int], n)
	for i := range all {
		all[i] = asyncio.CreateTask(ctx, func(ctx context.Context) (int, error) {
			return all[(i+1)%n].Await(ctx)
		})
	}
	return all
}

// Python's cancel ends in a RecursionError there; a stack that overflows ends a Go program.
func TestTasksThatAwaitEachOtherAreCanceled(t *testing.T) {
	onLoops(t, func(t *testing.T, ctx context.Context) {
		for _, n := range []int{2, 3, 100} {
			all := ring(ctx, n)
			if err := anyio.WaitAllTasksBlocked(ctx); err != nil {
				t.Error(err)
			}
			if !all[0].Cancel("enough") {
				t.Error("there was nothing to cancel")
			}
			for _, task := range all {
				if _, err := task.Await(ctx); !errors.Is(err, anyio.ErrCanceled) || !task.Canceled() {
					t.Errorf("%d tasks: %v", n, err)
				}
			}
		}
	})
}

func TestTaskThatGathersItsOwnWaiterIsCanceled(t *testing.T) {
	onLoops(t, func(t *testing.T, ctx context.Context) {
		var a, b *asyncio.Task[int]
		a = asyncio.CreateTask(ctx, func(ctx context.Context) (int, error) {
			_, err := asyncio.Gather[int](ctx, b).Await(ctx)
			return 0, err
		})
		b = asyncio.CreateTask(ctx, func(ctx context.Context) (int, error) { return a.Await(ctx) })
		if err := anyio.WaitAllTasksBlocked(ctx); err != nil {
			t.Error(err)
		}
		b.Cancel("")
		for _, task := range []*asyncio.Task[int]{a, b} {
			if _, err := task.Await(ctx); !errors.Is(err, anyio.ErrCanceled) {
				t.Error(err)
			}
		}
	})
}

func TestRunEndsThoughTasksAwaitEachOther(t *testing.T) {
	var all []*asyncio.Task[int]
	if err := asyncio.Run(t.Context(), func(ctx context.Context) error {
		all = ring(ctx, 2)
		return anyio.WaitAllTasksBlocked(ctx)
	}); err != nil {
		t.Error(err)
	}
	for _, task := range all {
		if !task.Canceled() {
			t.Error(task.Err())
		}
	}
}
