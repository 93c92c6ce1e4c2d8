package inspect_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/inspect"
	"github.com/anyio-go/anyio/internal/testkit"
	"github.com/anyio-go/anyio/sim"
)

// What holds for a wait is what holds for the context that it was given, not for a scope in
// which the task is, but of which it does not use the context.
func TestScopeInWhichATaskWaits(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		limiter := anyio.NewCapacityLimiter(1)
		var gate, done anyio.Event
		within(t, ctx, func(s *inspect.Snapshot) {
			for name, inside := range map[string]bool{"inside": true, "outside": false, "itself": false} {
				if w := task(t, s, name); (w.Deadline != nil) != inside || w.Shielded != inside || w.Canceled != "" {
					t.Errorf("%s: got %+v", name, w)
				}
			}
			if len(s.Deadlocks) != 1 || len(s.Deadlocks[0].Circle) != 1 || s.Deadlocks[0].Circle[0].Task != task(t, s, "itself").ID {
				t.Errorf("got %+v", s.Deadlocks)
			}
			if text := s.String(); !strings.Contains(text, "\ndeadlock: a task waits for itself\n") {
				t.Errorf("got %s", text)
			}
			done.Set()
		}, map[string]func(context.Context) error{
			"gate": func(ctx context.Context) error { // the inner scopes are known when something has waited in them
				for gate.TasksWaiting() < 2 {
					if err := anyio.Sleep(ctx, 0); err != nil {
						return err
					}
				}
				gate.Set()
				return nil
			},
			"inside": func(ctx context.Context) error { return anyio.Shielded(ctx, time.Hour, done.Wait) },
			"outside": func(outer context.Context) error {
				return anyio.Shielded(outer, time.Hour, func(ctx context.Context) error {
					return errors.Join(gate.Wait(ctx), anyio.SleepForever(outer)) //anyiovet:ignore outerctx that is told
				})
			},
			"itself": func(outer context.Context) error { // the limit is of no help
				return limiter.Do(outer, func(context.Context) error {
					return anyio.Shielded(outer, time.Hour, func(ctx context.Context) error { //anyiovet:ignore outerctx that is told
						return errors.Join(gate.Wait(ctx), limiter.AcquireOnBehalfOf(outer, "another")) //anyiovet:ignore outerctx that is told
					})
				})
			},
		})
	})
}

// In a simulation times are those of its clock.
func TestTimesOfASimulationAreToldByItsClock(t *testing.T) {
	testkit.Must(t, anyio.Run(t.Context(), func(ctx context.Context) error {
		return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			tg.Go(func(ctx context.Context) error { return anyio.FailAfter(ctx, time.Hour, anyio.SleepForever) }, anyio.Name("sleeper"))
			if err := anyio.Sleep(ctx, 10*time.Minute); err != nil {
				return err
			}
			s := look(t, ctx)
			if w := task(t, s, "sleeper"); w.Waited == nil || *w.Waited != 10*time.Minute || w.Deadline == nil || *w.Deadline != 50*time.Minute {
				t.Errorf("got %+v", w)
			}
			wantLine(t, s, "sleeper", ", for 10m0s, deadline in 50m0s\n")
			tg.Cancel("seen")
			return nil
		})
	}, anyio.On(sim.New(sim.Config{}))))
}

// A task whose scope was canceled goes on until its next call: that is told, and by whom.
func TestCanceledTaskThatGoesOn(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		err := anyio.WithCancelScope(ctx, func(ctx context.Context, scope *anyio.CancelScope) error {
			if err := anyio.Sleep(ctx, time.Millisecond); err != nil {
				return err
			}
			scope.Cancel("enough")
			me, _ := inspect.Of(ctx)
			s := inspect.Take()
			if w := s.Task(me); w == nil || !strings.HasPrefix(w.Canceled, "anyio: canceled: enough (by inspect/where_test.go:") {
				t.Errorf("got %+v", w)
			}
			if text := s.String(); !strings.Contains(text, " running at ") || !strings.Contains(text, ", canceled: enough (by inspect/where_test.go:") {
				t.Errorf("got %s", text)
			}
			return nil
		})
		testkit.Must(t, err)
	})
}
