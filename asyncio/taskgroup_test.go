package asyncio_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/asyncio"
	"github.com/anyio-go/anyio/internal/testkit"
)

func TestTaskGroupWaitsForItsTasks(t *testing.T) {
	onLoops(t, func(t *testing.T, ctx context.Context) {
		var a *asyncio.Task[int]
		err := asyncio.WithTaskGroup(ctx, func(ctx context.Context, tg *asyncio.TaskGroup) error {
			a = asyncio.GroupTask(ctx, tg, func(ctx context.Context) (int, error) {
				tg.Go(ctx, func(ctx context.Context) error { return asyncio.Sleep(ctx, 2*time.Millisecond) })
				return 5, asyncio.Sleep(ctx, time.Millisecond)
			})
			return nil
		})
		if v, e := a.Result(); err != nil || v != 5 || e != nil {
			t.Errorf("%v %d %v", err, v, e)
		}
	})
}

func TestFailureEndsTheGroup(t *testing.T) {
	onLoops(t, func(t *testing.T, ctx context.Context) {
		for _, waits := range []bool{true, false} {
			var other *asyncio.Task[int]
			r := &record{}
			err := asyncio.WithTaskGroup(ctx, func(ctx context.Context, tg *asyncio.TaskGroup) error {
				other = asyncio.GroupTask(ctx, tg, sleeper(r, "other"))
				tg.Go(ctx, func(ctx context.Context) error {
					return errors.Join(asyncio.Sleep(ctx, time.Millisecond), testkit.ErrBoom)
				}, asyncio.Name("bad"))
				if waits {
					return asyncio.Sleep(ctx, time.Hour)
				}
				return nil
			})
			testkit.WantIs(t, "group", err, testkit.ErrBoom)
			var ge *anyio.GroupError
			if !as(err, &ge) || ge.Len() != 1 || !other.Canceled() {
				t.Errorf("%v", err)
			}
			if n := asyncio.CurrentTask(ctx).Cancelling(); n != 0 {
				t.Errorf("%d requests are left", n)
			}
			testkit.WantNil(t, "afterwards", asyncio.Sleep(ctx, time.Millisecond))
			r.want(t, "other:begins other:canceled")
		}
	})
}

func TestErrorOfTheBodyIsTheLast(t *testing.T) {
	onLoops(t, func(t *testing.T, ctx context.Context) {
		own := errors.New("body")
		err := asyncio.WithTaskGroup(ctx, func(ctx context.Context, tg *asyncio.TaskGroup) error {
			tg.Go(ctx, func(ctx context.Context) error {
				_ = asyncio.Sleep(ctx, time.Hour)
				return testkit.ErrBoom
			})
			anyioWaits(t, ctx)
			return own
		})
		var ge *anyio.GroupError
		if !as(err, &ge) || ge.Len() != 2 || ge.Unwrap()[0] != testkit.ErrBoom || ge.Unwrap()[1] != own {
			t.Errorf("%v", err)
		}
	})
}

func TestGroupIsCanceledFromOutside(t *testing.T) {
	onLoops(t, func(t *testing.T, ctx context.Context) {
		r := &record{}
		host := func(ctx context.Context) (int, error) {
			return 0, asyncio.WithTaskGroup(ctx, func(ctx context.Context, tg *asyncio.TaskGroup) error {
				asyncio.GroupTask(ctx, tg, sleeper(r, "t"))
				return nil
			})
		}
		task := asyncio.CreateTask(ctx, host)
		anyioWaits(t, ctx)
		task.Cancel("")
		_, err := task.Await(ctx)
		testkit.WantIs(t, "request", err, anyio.ErrCanceled)
		timedOut, err := anyio.MoveOnAfter(ctx, time.Millisecond, func(ctx context.Context) error {
			_, err := host(ctx)
			return err
		})
		if !timedOut || err != nil {
			t.Errorf("scope: %v %v", timedOut, err)
		}
		r.want(t, "t:begins t:canceled t:begins t:canceled")
	})
}

func TestPanicOfAGroupsTaskIsRaised(t *testing.T) {
	onLoops(t, func(t *testing.T, ctx context.Context) {
		log := testkit.CaptureLog(t)
		pe := testkit.WantPanicError(t, "bang", func() {
			_ = asyncio.WithTaskGroup(ctx, func(ctx context.Context, tg *asyncio.TaskGroup) error {
				tg.Go(ctx, func(context.Context) error { panic("bang") })
				return asyncio.Sleep(ctx, time.Hour)
			})
		})
		if pe == nil {
			t.Error("no panic")
		}
		log.Collect(1, "bang")
		r := &record{}
		testkit.Recovered(func() {
			_ = asyncio.WithTaskGroup(ctx, func(ctx context.Context, tg *asyncio.TaskGroup) error {
				asyncio.GroupTask(ctx, tg, sleeper(r, "t"))
				turns(t, ctx, 3)
				panic("body")
			})
		})
		if len(r.all) == 1 {
			t.Errorf("a task is left: %v", r.all)
		}
	})
}

// A request that comes while a group ends in a canceled scope is answered by the group's end,
// as it is without a scope.
func TestRequestWhileAGroupEndsInACanceledScope(t *testing.T) {
	onLoops(t, func(t *testing.T, ctx context.Context) {
		var begun, release asyncio.Event
		host := goes(t, ctx, func(ctx context.Context) error {
			err := anyio.WithCancelScope(ctx, func(ctx context.Context, scope *anyio.CancelScope) error {
				return asyncio.WithTaskGroup(ctx, func(ctx context.Context, tg *asyncio.TaskGroup) error {
					tg.Go(ctx, func(ctx context.Context) error {
						begun.Set()
						if err := release.Wait(ctx); !isCanceled(err) {
							t.Errorf("%v, want the request of the group", err)
						}
						return release.Wait(ctx)
					})
					if err := begun.Wait(ctx); err != nil {
						return err
					}
					scope.Cancel("test")
					return nil
				})
			})
			testkit.WantNil(t, "the scope", err)
			return asyncio.Sleep(ctx, 0)
		})
		if host.Done() {
			t.Fatal("the group has not waited for its task")
		}
		host.Cancel("")
		anyioWaits(t, ctx)
		release.Set()
		_, err := host.Await(ctx)
		testkit.WantNil(t, "the host's next wait", err)
	})
}
