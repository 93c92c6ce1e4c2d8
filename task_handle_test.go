package anyio_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/internal/testkit"
)

func TestHandleGivesTheValue(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			var gate anyio.Event
			h := anyio.GoValue(tg, func(ctx context.Context) (int, error) { return 42, gate.Wait(ctx) }, anyio.Name("answer"))
			testkit.Settled(t, ctx)
			if v, err := h.Value(); v != 0 || err != anyio.ErrNotFinished {
				t.Errorf("pending value: %v, %v", v, err)
			}
			if h.Err() != anyio.ErrNotFinished || h.Status() != anyio.Pending {
				t.Errorf("pending: %v, %v", h.Err(), h.Status())
			}
			if s := h.String(); s != `TaskHandle("answer", pending)` {
				t.Errorf("text: %s", s)
			}
			gate.Set()
			for range 2 {
				if v, err := h.Await(ctx); v != 42 || err != nil {
					t.Errorf("Await: %v, %v", v, err)
				}
			}
			if v, err := h.Value(); v != 42 || err != nil || h.Err() != nil || h.Status() != anyio.Finished {
				t.Errorf("finished: %v, %v, %v", v, err, h.Status())
			}
			return h.Wait(ctx)
		})
		testkit.WantNil(t, "group", err)
	})
}

func TestFailureReachesAwaiterAndGroup(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		var h *anyio.ValueHandle[int]
		err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			h = anyio.GoValue(tg, func(ctx context.Context) (int, error) { return 1, testkit.ErrBoom }, anyio.Name("bomb"))
			return anyio.Shielded(ctx, anyio.Forever, func(ctx context.Context) error {
				testkit.WantNil(t, "Wait", h.Wait(ctx))
				return nil
			})
		})
		wantGroup(t, err, testkit.ErrBoom)
		v, err := h.Await(ctx)
		tf, ok := errors.AsType[*anyio.TaskError](err)
		if v != 0 || !ok || tf.Task != "bomb" || tf.Canceled || !errors.Is(err, testkit.ErrBoom) {
			t.Errorf("Await: %v, %v", v, err)
		}
		if !strings.Contains(err.Error(), `task "bomb" failed: boom`) || h.Status() != anyio.Failed {
			t.Errorf("text %q, status %v", err, h.Status())
		}
	})
}

func TestCanceledTaskIsNoCancellationOfTheAwaiter(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			var clean anyio.Event
			h := tg.Go(func(ctx context.Context) error {
				err := anyio.SleepForever(ctx)
				_ = anyio.Shielded(ctx, anyio.Forever, clean.Wait)
				return err
			}, anyio.Name("victim"))
			sibling := tg.Go(func(ctx context.Context) error { return clean.Wait(ctx) })
			testkit.Settled(t, ctx)
			h.Cancel("not needed")
			testkit.Settled(t, ctx)
			if h.Status() != anyio.Canceling || h.Err() != anyio.ErrNotFinished {
				t.Errorf("canceling: %v, %v", h.Status(), h.Err())
			}
			clean.Set()
			err := h.Await(ctx)
			tf, ok := errors.AsType[*anyio.TaskError](err)
			if !ok || !tf.Canceled || !errors.Is(err, anyio.ErrTaskCanceled) || errors.Is(err, anyio.ErrCanceled) {
				t.Errorf("Await: %v", err)
			}
			testkit.WantCanceled(t, "the cancellation itself", tf.Err)
			if !strings.HasPrefix(err.Error(), `anyio: task "victim" was canceled: not needed (by `) || h.Status() != anyio.Canceled {
				t.Errorf("text %q, status %v", err, h.Status())
			}
			return sibling.Await(ctx)
		})
		testkit.WantNil(t, "group", err)
	})
}

func TestTaskThatSwallowsItsCancelIsFinished(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			var canceled, goOn anyio.Event
			h := anyio.GoValue(tg, func(ctx context.Context) (string, error) {
				_ = anyio.SleepForever(ctx)
				canceled.Set()
				return "partial", anyio.Shielded(ctx, anyio.Forever, goOn.Wait)
			})
			testkit.Settled(t, ctx)
			h.Cancel("")
			testkit.WantNil(t, "wait", canceled.Wait(ctx))
			if v, err := h.Value(); v != "" || !errors.Is(err, anyio.ErrNotFinished) {
				t.Errorf("being canceled: %q, %v", v, err)
			}
			goOn.Set()
			v, err := h.Await(ctx)
			if v != "partial" || err != nil || h.Status() != anyio.Finished {
				t.Errorf("%q, %v, %v", v, err, h.Status())
			}
			return nil
		})
		testkit.WantNil(t, "group", err)
	})
}

func TestAwaitCanBeCanceled(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			h := tg.Go(anyio.SleepForever)
			timedOut, err := anyio.MoveOnAfter(ctx, time.Millisecond, h.Await)
			if !timedOut || err != nil || h.Status() != anyio.Pending {
				t.Errorf("%v, %v, %v", timedOut, err, h.Status())
			}
			h.Cancel("")
			return h.Wait(ctx)
		})
		testkit.WantNil(t, "group", err)
	})
}

func TestManyWaitForOneTask(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			var gate anyio.Event
			h := anyio.GoValue(tg, func(ctx context.Context) (int, error) { return 9, gate.Wait(ctx) })
			for range 10 {
				tg.Go(func(ctx context.Context) error {
					if v, err := h.Await(ctx); v != 9 || err != nil {
						t.Errorf("Await: %v, %v", v, err)
					}
					return nil
				})
			}
			testkit.Settled(t, ctx)
			gate.Set()
			return nil
		})
		testkit.WantNil(t, "group", err)
	})
}

func namedTask(context.Context) error { return nil }

func TestTasksAreNamedAfterTheirFunctions(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			if name := tg.Go(namedTask).Name(); !strings.HasSuffix(name, "anyio_test.namedTask") {
				t.Errorf("Go: %q", name)
			}
			h := anyio.GoValue(tg, func(context.Context) (int, error) { return 0, nil })
			if !strings.Contains(h.Name(), "TestTasksAreNamedAfterTheirFunctions") {
				t.Errorf("Spawn: %q", h.Name())
			}
			if name := tg.Go(namedTask, anyio.Name("")).Name(); name != "" {
				t.Errorf("empty name: %q", name)
			}
			return nil
		})
		testkit.WantNil(t, "group", err)
	})
}

func TestStatusesHaveNames(t *testing.T) {
	got := fmt.Sprint(anyio.Pending, anyio.Canceling, anyio.Finished, anyio.Canceled, anyio.Failed)
	if got != "pending canceling finished canceled failed" {
		t.Error(got)
	}
}
