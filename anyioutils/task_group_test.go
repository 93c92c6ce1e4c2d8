package anyioutils_test

import (
	"context"
	"errors"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/anyioutils"
	"github.com/anyio-go/anyio/internal/testkit"
)

// The innermost group is found: in the body, in its tasks, and in what they call.
func TestGroupIsFoundInTheContext(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		_, err := anyioutils.CreateTask(ctx, seven)
		testkit.WantErr(t, err, anyioutils.ErrNoTaskGroup)
		inGroup(t, ctx, func(ctx context.Context) {
			sum := create(t, ctx, func(ctx context.Context) (int, error) {
				a := create(t, ctx, seven)
				done, pending, err := anyioutils.Wait(ctx, []*anyioutils.Task[int]{a, create(t, ctx, seven)}, anyioutils.WaitOptions{})
				if err != nil || len(pending) > 0 {
					return 0, err
				}
				n := 0
				for _, task := range done {
					v, _ := task.Value()
					n += v
				}
				return n, nil
			})
			if v, err := sum.Await(ctx); v != 14 || err != nil {
				t.Errorf("%d, %v", v, err)
			}
			err := anyioutils.WithTaskGroup(ctx, func(inner context.Context, tg *anyioutils.TaskGroup) error {
				create(t, inner, boom)
				return nil
			})
			testkit.WantErr(t, err, testkit.ErrBoom) // and the outer group goes on
			testkit.WantNil(t, "outer", anyio.Sleep(ctx, 1))
		})
	})
}

func TestGroupIsGivenWithIn(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			task := create(t, ctx, seven, anyioutils.In(tg), anyioutils.Name("given"))
			v, err := task.Await(ctx)
			if info, _ := task.TaskInfo(); v != 7 || info.Name != "given" {
				t.Errorf("%d, %q", v, info.Name)
			}
			_, misuse := anyioutils.CreateTask(ctx, seven, anyioutils.In(tg), anyioutils.Background())
			testkit.WantMisuse(t, "background in a group of anyio", misuse)
			return err
		})
		testkit.WantNil(t, "group", err)
	})
}

func TestEndedGroupTakesNoTask(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		var late context.Context
		inGroup(t, ctx, func(ctx context.Context) { late = ctx })
		_, err := anyioutils.CreateTask(late, seven)
		testkit.WantMisuse(t, "CreateTask", err)
		task := anyioutils.NewTask(seven)
		_, _, err = anyioutils.Wait(late, []*anyioutils.Task[int]{task}, anyioutils.WaitOptions{})
		testkit.WantMisuse(t, "Wait", err)
		if v, err := task.Await(ctx); v != 7 || err != nil { // it can still be run
			t.Errorf("%d, %v", v, err)
		}
	})
}

func TestGroupIsAScope(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		var task *anyioutils.Task[int]
		err := anyioutils.WithTaskGroup(ctx, func(ctx context.Context, tg *anyioutils.TaskGroup) error {
			task = create(t, ctx, forever)
			testkit.Settled(t, ctx)
			tg.Cancel("test")
			return nil
		})
		testkit.WantNil(t, "group", err)
		_, err = task.Await(ctx)
		testkit.WantErr(t, err, anyioutils.ErrCanceled)
		cut, err := anyio.MoveOnAfter(ctx, 1, func(ctx context.Context) error {
			return anyioutils.WithTaskGroup(ctx, func(ctx context.Context, _ *anyioutils.TaskGroup) error {
				task = create(t, ctx, forever)
				return nil
			})
		})
		if !cut || err != nil || !task.Canceled() {
			t.Errorf("%t, %v, %v", cut, err, task.Err())
		}
	})
}

// Background tasks are not waited for; the others are, and may start background tasks
// when the body has ended.
func TestBackgroundTasksAreCanceledAtTheEnd(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		var service, late, short *anyioutils.Task[int]
		worked := false
		inGroup(t, ctx, func(ctx context.Context) {
			service = create(t, ctx, forever, anyioutils.Background())
			short = create(t, ctx, seven, anyioutils.Background())
			create(t, ctx, func(ctx context.Context) (int, error) {
				if err := service.Wait(ctx); err != nil {
					return 0, err
				}
				late = create(t, ctx, forever, anyioutils.Background())
				worked = anyio.Sleep(ctx, 1) == nil
				return 0, nil
			})
			testkit.WantNil(t, "Wait", short.Wait(ctx))
		})
		if !worked || !service.Canceled() || !late.Canceled() {
			t.Errorf("worked %t, service %v, late %v", worked, service.Err(), late.Err())
		}
		if v, err := short.Value(); v != 7 || err != nil {
			t.Errorf("one that ended before: %d, %v", v, err)
		}
	})
}

func TestFailingBackgroundTaskFailsItsGroup(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		err := anyioutils.WithTaskGroup(ctx, func(ctx context.Context, _ *anyioutils.TaskGroup) error {
			create(t, ctx, boom, anyioutils.Background())
			return anyio.SleepForever(ctx)
		})
		testkit.WantErr(t, err, testkit.ErrBoom)
		err = anyioutils.WithTaskGroup(ctx, func(ctx context.Context, _ *anyioutils.TaskGroup) error {
			task := create(t, ctx, forever, anyioutils.Background()) // and has not begun at the end
			_, err := task.AddDoneCallback(func(*anyioutils.Task[int]) error { return testkit.ErrBoom })
			return err
		})
		testkit.WantErr(t, err, testkit.ErrBoom)
	})
}

func TestStartTaskTellsWhenItIsReady(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		var stop anyio.Event
		inGroup(t, ctx, func(ctx context.Context) {
			task, err := anyioutils.StartTask(ctx, func(ctx context.Context, started func(string)) error {
				if err := anyio.Sleep(ctx, 1); err != nil {
					return err
				}
				started("ready")
				return stop.Wait(ctx)
			})
			testkit.Must(t, err)
			cut, err := anyio.MoveOnAfter(ctx, -1, func(ctx context.Context) error { _, err := task.WaitStarted(ctx); return err })
			if !cut || err != nil {
				t.Errorf("canceled: %t, %v", cut, err)
			}
			for range 2 {
				if v, err := task.WaitStarted(ctx); v != "ready" || err != nil {
					t.Errorf("%q, %v", v, err)
				}
			}
			if task.Done() {
				t.Error("over though it was only started")
			}
			stop.Set()
			_, err = task.Await(ctx)
			testkit.WantNil(t, "Await", err)
			if v, err := task.WaitStarted(ctx); v != "ready" || err != nil {
				t.Errorf("afterwards: %q, %v", v, err)
			}
		})
	})
}

// Nobody waits forever for a task that is over.
func TestStartTaskThatNeverStarts(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		var failed, silent, canceled *anyioutils.StartedTask[int]
		err := anyioutils.WithTaskGroup(ctx, func(ctx context.Context, tg *anyioutils.TaskGroup) (err error) {
			silent, err = anyioutils.StartTask(ctx, func(context.Context, func(int)) error { return nil })
			testkit.Must(t, err)
			_, err = silent.WaitStarted(ctx)
			testkit.WantMisuse(t, "silent", err)
			canceled, err = anyioutils.StartTask(ctx, func(ctx context.Context, _ func(int)) error { return anyio.SleepForever(ctx) })
			testkit.Must(t, err)
			_, _ = canceled.Cancel()
			_, err = canceled.WaitStarted(ctx)
			testkit.WantErr(t, err, anyioutils.ErrCanceled)
			failed, err = anyioutils.StartTask(ctx, func(context.Context, func(int)) error { return testkit.ErrBoom })
			testkit.Must(t, err)
			return nil
		})
		testkit.WantErr(t, err, testkit.ErrBoom)
		_, err = failed.WaitStarted(ctx)
		te, _ := errors.AsType[*anyio.TaskError](err)
		if te == nil || te.Err != testkit.ErrBoom {
			t.Errorf("failed: %v", err)
		}
		_, err = anyioutils.StartTask(ctx, func(context.Context, func(int)) error { return nil })
		testkit.WantErr(t, err, anyioutils.ErrNoTaskGroup)
	})
}

func TestStartedIsCalledOnce(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		inGroup(t, ctx, func(ctx context.Context) {
			_, err := anyioutils.StartTask(ctx, func(_ context.Context, started func(int)) error {
				started(1)
				testkit.WantMisuse(t, "again", testkit.Recovered(func() { started(2) }))
				return nil
			})
			testkit.WantNil(t, "StartTask", err)
		})
	})
}
