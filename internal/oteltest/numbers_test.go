package oteltest

import (
	"context"
	"encoding/json"
	"errors"
	"expvar"
	"testing"

	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"github.com/anyio-go/anyio/cluster"
	"github.com/anyio-go/anyio/inspect/vars"
	"github.com/anyio-go/anyio/otelanyio"
	"github.com/anyio-go/anyio/process"
)

var fails = process.Register("fails", func(context.Context, int) (int, error) { return 0, errors.New("as it must") })

// collect returns the sums that a reader sees, by name and outcome.
func collect(t *testing.T, ctx context.Context, r metric.Reader) map[string]int64 {
	t.Helper()
	var data metricdata.ResourceMetrics
	if err := r.Collect(context.WithoutCancel(ctx), &data); err != nil {
		t.Error(err)
	}
	sums := map[string]int64{}
	for _, scope := range data.ScopeMetrics {
		for _, m := range scope.Metrics {
			sum, ok := m.Data.(metricdata.Sum[int64])
			if !ok {
				continue
			}
			for _, p := range sum.DataPoints {
				outcome, _ := p.Attributes.Value("anyio.outcome")
				sums[m.Name+" "+outcome.AsString()] = p.Value
			}
		}
	}
	return sums
}

// published is what package expvar publishes of the cluster.
func published(t *testing.T) map[string]map[string]int64 {
	t.Helper()
	vars.Publish()
	var v struct{ Cluster map[string]map[string]int64 }
	if err := json.Unmarshal([]byte(expvar.Get("anyio").String()), &v); err != nil {
		t.Error(err)
	}
	return v.Cluster
}

func TestNumbersOfACluster(t *testing.T) {
	inCluster(t, func(t *testing.T, ctx context.Context, c *cluster.Conn) {
		reader := metric.NewManualReader()
		stop, err := otelanyio.Instrument(otelanyio.WithMeterProvider(metric.NewMeterProvider(metric.WithReader(reader))))
		if err != nil {
			t.Fatal(err)
		}
		defer stop()
		working(t, ctx, c, func(ctx context.Context) {
			before, told := collect(t, ctx, reader), published(t)
			for i := range 3 {
				if _, err := cluster.Call(ctx, c, locate, i); err != nil {
					t.Error(err)
				}
			}
			if _, err := cluster.Call(ctx, c, fails, 1); err == nil {
				t.Error("it has succeeded")
			}
			job, err := cluster.Submit(ctx, c, locateLater, 1)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := job.Await(ctx); err != nil {
				t.Error(err)
			}
			after, tells := collect(t, ctx, reader), published(t)
			for name, want := range map[string]int64{
				"calls.started ": 4, "calls.ended done": 3, "calls.ended failed": 1, "calls.ended broken": 0, "calls.ended canceled": 0,
				"calls.ended refused": 0, "calls.waited ": 0, "served ": 4, "jobs.submitted ": 1, "jobs.taken ": 2,
				"jobs.ended retried": 1, "jobs.ended dead": 0,
			} {
				name = "anyio.cluster." + name
				got, ok := after[name]
				if got -= before[name]; !ok || got != want {
					t.Errorf("%s: %d more, want %d", name, got, want)
				}
			}
			if capacity := c.Statistics().Capacity; after["anyio.cluster.capacity "] != capacity || tells["workers"]["capacity"] != capacity {
				t.Errorf("%v and %v, with room for %d", after, tells, capacity)
			}
			if tells["calls"]["done"]-told["calls"]["done"] != 3 || tells["jobs"]["submitted"]-told["jobs"]["submitted"] != 1 {
				t.Errorf("%v, and before %v", tells, told)
			}
		})
		stop()
		if now := collect(t, ctx, reader); len(now) > 0 && now["anyio.cluster.calls.started "] != 0 {
			t.Errorf("after stop: %v", now)
		}
	})
}
