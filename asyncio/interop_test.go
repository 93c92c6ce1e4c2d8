package asyncio_test

import (
	"context"
	"testing"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/asyncio"
	"github.com/anyio-go/anyio/internal/testkit"
	"github.com/anyio-go/anyio/stream"
)

// A task of a group of package anyio is asked to end: it is canceled, the group goes on.
func TestTaskOfPackageAnyioCanBeAskedToEnd(t *testing.T) {
	onLoops(t, func(t *testing.T, ctx context.Context) {
		r := &record{}
		err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			var visitor asyncio.AnyTask
			h := tg.Go(func(ctx context.Context) error {
				visitor = asyncio.CurrentTask(ctx)
				err := anyio.SleepForever(ctx)
				r.add("asked")
				return err
			}, anyio.Name("visitor"))
			tg.Go(func(ctx context.Context) error {
				err := anyio.Sleep(ctx, 2*time.Millisecond)
				r.add("other:%v", err)
				return err
			})
			anyioWaits(t, ctx)
			if visitor.Name() != "visitor" || visitor.Done() {
				t.Errorf("%s %v", visitor.Name(), visitor.Done())
			}
			visitor.Cancel("")
			testkit.WantIs(t, "handle", h.Await(ctx), anyio.ErrTaskCanceled)
			anyioWaits(t, ctx)
			if !visitor.Canceled() {
				t.Error("its future is not canceled")
			}
			return nil
		})
		testkit.WantNil(t, "group", err)
		r.want(t, "asked other:<nil>")
	})
}

// A scope that is canceled takes back its own cancellation and lets a request pass.
func TestScopesLetRequestsPass(t *testing.T) {
	onLoops(t, func(t *testing.T, ctx context.Context) {
		task := asyncio.CreateTask(ctx, func(ctx context.Context) (int, error) {
			timedOut, err := anyio.MoveOnAfter(ctx, time.Hour, func(ctx context.Context) error {
				return anyio.WithCancelScope(ctx, func(ctx context.Context, scope *anyio.CancelScope) error {
					err := anyio.SleepForever(ctx)
					scope.Cancel("late")
					return err
				})
			})
			if timedOut {
				t.Error("timed out")
			}
			return 0, err
		})
		anyioWaits(t, ctx)
		task.Cancel("")
		_, err := task.Await(ctx)
		testkit.WantIs(t, "Await", err, anyio.ErrCanceled)
		if !task.Canceled() {
			t.Error("not canceled")
		}
	})
}

// A failure of a task beside the request is the group's error.
func TestGroupWithARequestAndAFailure(t *testing.T) {
	onLoops(t, func(t *testing.T, ctx context.Context) {
		task := asyncio.CreateTask(ctx, func(ctx context.Context) (int, error) {
			return 0, anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
				tg.Go(func(ctx context.Context) error {
					_ = anyio.SleepForever(ctx)
					return testkit.ErrBoom
				})
				return nil
			})
		})
		anyioWaits(t, ctx)
		task.Cancel("")
		_, err := task.Await(ctx)
		testkit.WantIs(t, "Await", err, testkit.ErrBoom)
	})
}

// Nothing is lost, whatever is asked to end: a sum over a stream is right.
func TestRequestsLoseNothing(t *testing.T) {
	onLoops(t, func(t *testing.T, ctx context.Context) {
		send, recv := stream.Memory[int](0)
		sum, sent := 0, 0
		tasks := []*asyncio.Task[int]{}
		for range 4 {
			tasks = append(tasks, asyncio.CreateTask(ctx, func(ctx context.Context) (int, error) {
				for {
					v, err := recv.Receive(ctx)
					if err != nil {
						return 0, err
					}
					sum += v
				}
			}))
		}
		for i := range 40 {
			producer := asyncio.CreateTask(ctx, func(ctx context.Context) (int, error) {
				if err := send.Send(ctx, 1); err != nil {
					return 0, err
				}
				sent++
				return 0, nil
			})
			turns(t, ctx, i%3)
			producer.Cancel("")
			if i%10 == 9 {
				tasks[i/10].Cancel("")
			}
			_, _ = asyncio.GatherResults[int](ctx, producer).Await(ctx)
		}
		for _, task := range tasks {
			task.Cancel("")
			_, _ = task.Await(ctx)
		}
		if sum != sent {
			t.Errorf("%d received, %d sent", sum, sent)
		}
		testkit.WantNil(t, "Close", send.Close(ctx))
		testkit.WantNil(t, "Close", recv.Close(ctx))
	}, anyiotest.Seeds(1, 2, 3, 4, 5, 6, 7, 8))
}

// Data that is shared between waits needs no lock, and is no race.
func TestTurnsAreOrdered(t *testing.T) {
	onLoops(t, func(t *testing.T, ctx context.Context) {
		n := 0
		tasks := make([]asyncio.Awaitable[int], 10)
		for i := range tasks {
			tasks[i] = asyncio.CreateTask(ctx, func(ctx context.Context) (int, error) {
				for range 10 {
					n++
					if err := asyncio.Sleep(ctx, 0); err != nil {
						return 0, err
					}
				}
				return 0, nil
			})
			loopOf(t, ctx).CallSoon(func() { n++ })
		}
		_, err := asyncio.Gather(ctx, tasks...).Await(ctx)
		if n != 110 || err != nil {
			t.Errorf("%d %v", n, err)
		}
	})
}
