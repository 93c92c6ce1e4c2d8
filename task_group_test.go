package anyio_test

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/internal/testkit"
	"github.com/anyio-go/anyio/sim"
)

func TestGroupWaitsForEveryTask(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		var ended [3]bool
		err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			for i := range ended {
				tg.Go(func(ctx context.Context) error {
					defer func() { ended[i] = true }()
					return anyio.Sleep(ctx, time.Duration(i)*time.Millisecond)
				})
			}
			return nil
		})
		testkit.WantNil(t, "group", err)
		if ended != [3]bool{true, true, true} {
			t.Errorf("tasks ended before the group: %v", ended)
		}
	})
}

func TestGroupAcceptsTasksWhileItWaits(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		n := 0
		err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			tg.Go(func(ctx context.Context) error {
				testkit.Settled(t, ctx) // the host waits at the group's end
				h := tg.Go(func(ctx context.Context) error { n++; return nil })
				return h.Await(ctx)
			})
			return nil
		})
		testkit.WantNil(t, "group", err)
		if n != 1 {
			t.Errorf("the late task ran %d times", n)
		}
	})
}

func TestGoNeverRunsTheTaskInline(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		if testkit.BackendOf(ctx) == "parallel" {
			t.Skip("tasks run on other cores meanwhile")
		}
		err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			var ran atomic.Bool // the race detector sees what only taking turns keeps apart
			tg.Go(func(ctx context.Context) error { ran.Store(true); return nil })
			if ran.Load() {
				t.Error("the task ran inside Go")
			}
			return nil
		})
		testkit.WantNil(t, "group", err)
	}, anyiotest.SimConfig(func(c *sim.Config) { c.Model = sim.EventLoop }))
}

func TestEndedGroupStartsNoTask(t *testing.T) {
	nop := func(context.Context) error { return nil }
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		var kept *anyio.TaskGroup
		for _, bodyErr := range []error{nil, testkit.ErrBoom} {
			_ = anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
				kept = tg
				return bodyErr
			})
			v := testkit.Recovered(func() { kept.Go(nop) })
			testkit.WantMisuse(t, "Go", v)
			if err, _ := v.(error); err == nil || !strings.Contains(err.Error(), "this task group is not active; no new tasks can be started") {
				t.Errorf("text: %v", v)
			}
			testkit.WantMisuse(t, "Spawn", testkit.Recovered(func() { anyio.GoValue(kept, func(context.Context) (int, error) { return 0, nil }) }))
			testkit.WantMisuse(t, "Start", testkit.Recovered(func() {
				_, _ = anyio.Start(ctx, kept, func(context.Context, func(int)) error { return nil })
			}))
			kept.Cancel("no effect")
		}
	})
}

func TestNilTaskFunctionIsRefused(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			testkit.WantMisuse(t, "Go", testkit.Recovered(func() { tg.Go(nil) }))
			testkit.WantMisuse(t, "Spawn", testkit.Recovered(func() { anyio.GoValue[int](tg, nil) }))
			testkit.WantMisuse(t, "Start", testkit.Recovered(func() { _, _ = anyio.Start[int](ctx, tg, nil) }))
			return nil
		})
		testkit.WantNil(t, "group", err)
	})
}

func TestEmptyGroupInCanceledScopeRaisesNothing(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		err := anyio.WithCancelScope(ctx, func(ctx context.Context, s *anyio.CancelScope) error {
			s.Cancel("")
			err := anyio.WithTaskGroup(ctx, func(context.Context, *anyio.TaskGroup) error { return nil })
			testkit.WantNil(t, "group", err)
			return err
		})
		testkit.WantNil(t, "scope", err)
	})
}

func TestOpenedGroupIsClosedOnce(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, outer context.Context) {
		ctx, tg := anyio.OpenTaskGroup(outer)
		n := 0
		h := tg.Go(func(ctx context.Context) error { n++; return anyio.Sleep(ctx, time.Millisecond) })
		testkit.WantNil(t, "await", h.Await(ctx))
		testkit.WantNil(t, "close", tg.End(nil))
		testkit.WantMisuse(t, "second close", tg.End(nil))
		ctx, tg = anyio.OpenTaskGroup(outer)
		tg.Go(anyio.SleepForever)
		if err := tg.End(testkit.ErrBoom); !errors.Is(err, testkit.ErrBoom) {
			t.Errorf("close with an error: %v", err)
		}
		testkit.WantCanceled(t, "the group's context afterwards", anyio.Sleep(ctx, 0))
		testkit.WantNil(t, "outer", anyio.Sleep(outer, 0))
	})
}

func TestTaskValuesComeFromTheGroupUnlessGiven(t *testing.T) {
	type key struct{}
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		ctx = context.WithValue(ctx, key{}, "group")
		err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			inner := context.WithValue(ctx, key{}, "starter")
			want := func(value string) func(context.Context) error {
				return func(ctx context.Context) error {
					if got := ctx.Value(key{}); got != value {
						t.Errorf("value: %v, want %v", got, value)
					}
					return nil
				}
			}
			tg.Go(want("group"))
			tg.Go(want("starter"), anyio.ValuesOf(inner))
			_, err := anyio.Start(inner, tg, func(ctx context.Context, started func(int)) error {
				started(0)
				return want("starter")(ctx)
			})
			return err
		})
		testkit.WantNil(t, "group", err)
	})
}

func TestTasksBelongToTheGroupNotToTheStartersScope(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		finished := false
		err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			return anyio.WithCancelScope(ctx, func(ctx context.Context, s *anyio.CancelScope) error {
				tg.Go(func(ctx context.Context) error {
					err := anyio.Sleep(ctx, time.Millisecond)
					finished = err == nil
					return err
				})
				s.Cancel("only the starter")
				return anyio.Sleep(ctx, 0)
			})
		})
		testkit.WantNil(t, "group", err)
		if !finished {
			t.Error("the task was canceled with the scope of its starter")
		}
	})
}

func TestGroupStateIsVisible(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		var kept *anyio.TaskGroup
		err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			kept = tg
			if tg.CancelCalled() {
				t.Error("canceled at once")
			}
			tg.Go(anyio.SleepForever)
			tg.CancelCause(testkit.ErrBoom)
			if !tg.CancelCalled() {
				t.Error("not canceled")
			}
			return nil
		})
		testkit.WantNil(t, "group", err)
		if !kept.CancelCaught() {
			t.Error("the cancellation of the task was not noticed")
		}
		err = anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			kept = tg
			tg.SetDeadline(anyio.Now(ctx).Add(time.Millisecond))
			return anyio.SleepForever(ctx)
		})
		if err != nil || !kept.CancelCaught() {
			t.Errorf("group with a deadline: %v, caught: %v", err, kept.CancelCaught())
		}
	})
}

func TestThousandTasksStartAndEnd(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		const n = 1000
		var gate anyio.Event
		var handles [n]*anyio.ValueHandle[int]
		sum := 0
		err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			for i := range n {
				handles[i] = anyio.GoValue(tg, func(ctx context.Context) (int, error) { return i, gate.Wait(ctx) })
			}
			gate.Set()
			for _, h := range handles {
				v, err := h.Await(ctx)
				if err != nil {
					return err
				}
				sum += v
			}
			return nil
		})
		if err != nil || sum != n*(n-1)/2 {
			t.Errorf("sum %d, %v", sum, err)
		}
	})
}
