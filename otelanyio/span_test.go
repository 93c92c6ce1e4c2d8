package otelanyio_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/otel/codes"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/inspect"
	"github.com/anyio-go/anyio/otelanyio"
	"github.com/anyio-go/anyio/sim"
)

var errDisk = errors.New("disk full")

func nothing(context.Context) error { return nil }

func TestTasksAreSpans(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		s := instrument(t)
		err := s.inSpan(ctx, "request", func(ctx context.Context) error {
			return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
				tg.Go(anyio.SleepForever, anyio.Name("other"))
				outer := tg.Go(func(ctx context.Context) error {
					return together(ctx, map[string]func(ctx context.Context) error{"inner": nothing})
				}, anyio.Name("outer"))
				if err := outer.Wait(ctx); err != nil {
					return err
				}
				tg.Go(func(ctx context.Context) error { return errDisk }, anyio.Name("writer"))
				return nil
			})
		})
		if !errors.Is(err, errDisk) {
			t.Error(err)
		}
		s.wantChild(t, "request", "outer")
		s.wantChild(t, "outer", "inner")
		s.wantChild(t, "request", "other")
		s.wantChild(t, "request", "writer")
		for name, outcome := range map[string]string{"outer": "finished", "inner": "finished", "other": "canceled", "writer": "failed"} {
			span := s.named(t, name)
			me, _ := inspect.Of(ctx)
			if got := of(span.Attributes, "anyio.outcome"); got != outcome || of(span.Attributes, "anyio.run") == "" || me.Run == 0 {
				t.Errorf("%s: %v", name, span.Attributes)
			}
			if span.EndTime.Before(span.StartTime) {
				t.Errorf("%s ended at %v, and began at %v", name, span.EndTime, span.StartTime)
			}
		}
		writer := s.named(t, "writer")
		if writer.Status.Code != codes.Error || writer.Status.Description != "disk full" || len(writer.Events) != 1 || writer.Events[0].Name != "exception" {
			t.Errorf("writer: %v, %v", writer.Status, writer.Events)
		}
		other := s.named(t, "other")
		if other.Status.Code != codes.Unset || len(other.Events) != 1 || other.Events[0].Name != "canceled" ||
			!strings.Contains(of(other.Events[0].Attributes, "anyio.cause"), "disk full") {
			t.Errorf("other: %v, %v", other.Status, other.Events)
		}
	})
}

// A scope of a task that is canceled is an event of the task's span, with why.
func TestCanceledScopesAreEvents(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		s := instrument(t)
		err := together(ctx, map[string]func(ctx context.Context) error{"task": func(ctx context.Context) error {
			return anyio.WithCancelScope(ctx, func(ctx context.Context, scope *anyio.CancelScope) error {
				scope.Cancel("enough")
				return anyio.Sleep(ctx, 0)
			})
		}})
		if err != nil {
			t.Error(err)
		}
		span := s.named(t, "task")
		if len(span.Events) != 1 || span.Events[0].Name != "scope canceled" || !strings.Contains(of(span.Events[0].Attributes, "anyio.cause"), "enough") {
			t.Errorf("got %v", span.Events)
		}
		if of(span.Attributes, "anyio.outcome") != "finished" {
			t.Errorf("got %v", span.Attributes)
		}
	})
}

// The main task of a run is a child of the span that Run was called in.
func TestMainTaskIsASpan(t *testing.T) {
	for _, backend := range []anyio.Backend{anyio.Parallel(), anyio.EventLoop(), anyio.EventLoops(2), sim.New(sim.Config{Seed: 1})} {
		t.Run(backend.Name(), func(t *testing.T) {
			s := instrument(t)
			err := s.inSpan(t.Context(), "caller", func(ctx context.Context) error {
				return anyio.Run(ctx, nothing, anyio.On(backend), anyio.MainName("main"))
			})
			if err != nil {
				t.Error(err)
			}
			s.wantChild(t, "caller", "main")
			if got := of(s.named(t, "main").Attributes, "anyio.backend"); got != backend.Name() {
				t.Errorf("the backend is %q", got)
			}
		})
	}
}

// In a simulation spans last as long as the run says.
func TestSpansHaveTheTimeOfTheirRun(t *testing.T) {
	s := instrument(t)
	err := anyio.Run(t.Context(), func(ctx context.Context) error {
		return anyio.Sleep(ctx, time.Hour)
	}, anyio.On(sim.New(sim.Config{Seed: 1})), anyio.MainName("main"))
	if err != nil {
		t.Error(err)
	}
	if main := s.named(t, "main"); main.EndTime.Sub(main.StartTime) != time.Hour {
		t.Errorf("from %v to %v", main.StartTime, main.EndTime)
	}
}

// Tasks that are to have no span hand on that of their parents.
func TestSpansOfSomeTasks(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		s := instrument(t, otelanyio.WithSpans(func(t inspect.TaskEvent) bool { return t.Name() != "middle" }))
		err := together(ctx, map[string]func(ctx context.Context) error{"outer": func(ctx context.Context) error {
			return together(ctx, map[string]func(ctx context.Context) error{"middle": func(ctx context.Context) error {
				return together(ctx, map[string]func(ctx context.Context) error{"inner": nothing})
			}})
		}})
		if err != nil {
			t.Error(err)
		}
		s.wantChild(t, "outer", "inner")
		if n := len(s.GetSpans()); n != 2 {
			t.Errorf("%d spans", n)
		}
	})
}

func TestNoSpansAfterStop(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		s := &spans{}
		stop, err := otelanyio.Instrument(otelanyio.WithSpans(func(inspect.TaskEvent) bool {
			s = nil
			return false
		}))
		if err != nil {
			t.Error(err)
			return
		}
		stop()
		if err := together(ctx, map[string]func(ctx context.Context) error{"task": nothing}); err != nil || s == nil {
			t.Errorf("told after stop, %v", err)
		}
	})
}
