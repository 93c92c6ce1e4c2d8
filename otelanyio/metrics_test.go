package otelanyio_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/inspect"
	"github.com/anyio-go/anyio/otelanyio"
	"github.com/anyio-go/anyio/sim"
)

// measured is what the metrics of a test tell.
type measured struct{ *metric.ManualReader }

func measure(t *testing.T) measured {
	t.Helper()
	m := measured{metric.NewManualReader()}
	instrument(t, otelanyio.WithMeterProvider(metric.NewMeterProvider(metric.WithReader(m))))
	return m
}

// of calls f for the data of a name.
func (m measured) of(t *testing.T, name string, f func(data metricdata.Aggregation)) {
	t.Helper()
	var all metricdata.ResourceMetrics
	if err := m.Collect(context.Background(), &all); err != nil {
		t.Error(err)
	}
	for _, scope := range all.ScopeMetrics {
		for _, metric := range scope.Metrics {
			if metric.Name == name {
				f(metric.Data)
			}
		}
	}
}

// sum is the number of what has an attribute, or of all.
func (m measured) sum(t *testing.T, name string, attrs ...attribute.KeyValue) (n int64) {
	t.Helper()
	m.of(t, name, func(data metricdata.Aggregation) {
		for _, p := range data.(metricdata.Sum[int64]).DataPoints {
			if has(p.Attributes, attrs) {
				n += p.Value
			}
		}
	})
	return n
}

// times are how often and how long in all something took.
func (m measured) times(t *testing.T, name string, attrs ...attribute.KeyValue) (n uint64, seconds float64) {
	t.Helper()
	m.of(t, name, func(data metricdata.Aggregation) {
		for _, p := range data.(metricdata.Histogram[float64]).DataPoints {
			if has(p.Attributes, attrs) {
				n += p.Count
				seconds += p.Sum
			}
		}
	})
	return n, seconds
}

func has(set attribute.Set, attrs []attribute.KeyValue) bool {
	for _, a := range attrs {
		if v, ok := set.Value(a.Key); !ok || v != a.Value {
			return false
		}
	}
	return true
}

func TestTasksAreCounted(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		m := measure(t)
		var backend string
		defer inspect.Hook(inspect.Hooks{TaskBegan: func(t inspect.TaskEvent) {
			if t.Name() == "writer" {
				backend = t.Run().Backend
			}
		}})()
		err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			tg.Go(anyio.SleepForever)
			tg.Go(anyio.SleepForever)
			if err := tg.Go(nothing).Wait(ctx); err != nil {
				return err
			}
			if err := anyio.WaitAllTasksBlocked(ctx); err != nil {
				return err
			}
			if n := m.sum(t, "anyio.tasks.active"); n != 2 {
				t.Errorf("%d tasks are active, want 2", n)
			}
			tg.Go(func(ctx context.Context) error { return errDisk }, anyio.Name("writer"))
			return nil
		})
		if !errors.Is(err, errDisk) {
			t.Error(err)
		}
		on := attribute.String("anyio.backend", backend)
		for outcome, want := range map[string]int64{"finished": 1, "canceled": 2, "failed": 1} {
			if n := m.sum(t, "anyio.tasks.ended", on, attribute.String("anyio.outcome", outcome)); n != want {
				t.Errorf("%d tasks are %s, want %d", n, outcome, want)
			}
		}
		if started, active := m.sum(t, "anyio.tasks.started", on), m.sum(t, "anyio.tasks.active", on); started != 4 || active != 0 {
			t.Errorf("%d were started, %d are active", started, active)
		}
		if n, _ := m.times(t, "anyio.wait.duration", on, attribute.String("anyio.operation", "SleepForever")); n != 2 {
			t.Errorf("%d waited forever, want 2", n)
		}
	})
}

func TestWaitsAreMeasured(t *testing.T) {
	m := measure(t)
	err := anyio.Run(t.Context(), func(ctx context.Context) error {
		for range 3 {
			if err := anyio.Sleep(ctx, time.Minute); err != nil {
				return err
			}
		}
		return nil
	}, anyio.On(sim.New(sim.Config{Seed: 1})))
	if err != nil {
		t.Error(err)
	}
	if n, seconds := m.times(t, "anyio.wait.duration", attribute.String("anyio.operation", "Sleep")); n != 3 || seconds != 180 {
		t.Errorf("%d waits, %v s, want 3 of 60", n, seconds)
	}
}

// A wait may contain others: a blocking call runs on the task's goroutine.
func TestWaitsInABlockingCallAreMeasured(t *testing.T) {
	m := measure(t)
	err := anyio.Run(t.Context(), func(ctx context.Context) error {
		return anyio.RunBlocking(ctx, func() error { return anyio.Sleep(ctx, time.Millisecond) })
	}, anyio.On(anyio.Parallel()))
	if err != nil {
		t.Error(err)
	}
	if n, seconds := m.times(t, "anyio.wait.duration", attribute.String("anyio.operation", "RunBlocking")); n != 1 || seconds < 0.001 {
		t.Errorf("%d blocking calls, %v s", n, seconds)
	}
}

// A loop that is held up is late.
func TestLatenessIsMeasured(t *testing.T) {
	m := measure(t)
	err := anyio.Run(t.Context(), func(ctx context.Context) error {
		return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			tg.Go(func(ctx context.Context) error { return anyio.Sleep(ctx, time.Millisecond) })
			if err := anyio.WaitAllTasksBlocked(ctx); err != nil {
				return err
			}
			for begun := time.Now(); time.Since(begun) < 3*time.Millisecond; { // and no other task runs
			}
			return nil
		})
	}, anyio.On(anyio.EventLoop()))
	if err != nil {
		t.Error(err)
	}
	if n, seconds := m.times(t, "anyio.loop.lateness"); n == 0 || seconds < 0.001 {
		t.Errorf("late %d times, by %v s", n, seconds)
	}
}
