package otelanyio

import (
	"context"
	"errors"
	"sync"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/inspect"
)

// metrics are the instruments.
type metrics struct {
	started, ended metric.Int64Counter
	active         metric.Int64UpDownCounter
	waits, late    metric.Float64Histogram
	backends       sync.Map // of their names to *backendMetrics
}

// bounds are those of both histograms, from 10 µs.
var bounds = []float64{1e-5, 1e-4, 1e-3, 5e-3, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60, 600}

func newMetrics(m metric.Meter) (*metrics, error) {
	var r metrics
	var errs [5]error
	r.started, errs[0] = m.Int64Counter("anyio.tasks.started", metric.WithUnit("{task}"), metric.WithDescription("Tasks that have begun."))
	r.ended, errs[1] = m.Int64Counter("anyio.tasks.ended", metric.WithUnit("{task}"), metric.WithDescription("Tasks that have ended."))
	r.active, errs[2] = m.Int64UpDownCounter("anyio.tasks.active", metric.WithUnit("{task}"), metric.WithDescription("Tasks that have begun and not ended."))
	r.waits, errs[3] = m.Float64Histogram("anyio.wait.duration", metric.WithUnit("s"), metric.WithExplicitBucketBoundaries(bounds...),
		metric.WithDescription("How long waits of tasks took."))
	r.late, errs[4] = m.Float64Histogram("anyio.loop.lateness", metric.WithUnit("s"), metric.WithExplicitBucketBoundaries(bounds...),
		metric.WithDescription("How much later than due event loops fired timers."))
	return &r, errors.Join(errs[:]...)
}

// turned tells of a loop that was late.
func (m *metrics) turned(turn inspect.TurnEvent) {
	if turn.Behind > 0 {
		m.late.Record(context.Background(), turn.Behind.Seconds())
	}
}

// backendMetrics are the instruments with the attributes of one backend, which are made once.
type backendMetrics struct {
	name    string
	waits   metric.Float64Histogram
	started counter
	ended   map[anyio.Status]counter
	active  gauge
	ops     sync.Map // of operations to metric.MeasurementOption
}

func (m *metrics) forBackend(name string) *backendMetrics {
	if b, ok := m.backends.Load(name); ok {
		return b.(*backendMetrics)
	}
	b := &backendMetrics{
		name: name, waits: m.waits,
		started: counter{m.started, with(backendKey.String(name))},
		active:  gauge{m.active, with(backendKey.String(name))},
		ended:   make(map[anyio.Status]counter),
	}
	for _, outcome := range []anyio.Status{anyio.Finished, anyio.Canceled, anyio.Failed} {
		b.ended[outcome] = counter{m.ended, with(backendKey.String(name), outcomeKey.String(outcome.String()))}
	}
	made, _ := m.backends.LoadOrStore(name, b)
	return made.(*backendMetrics)
}

func (b *backendMetrics) waited(ctx context.Context, op string, d time.Duration) {
	attrs, ok := b.ops.Load(op)
	if !ok {
		attrs, _ = b.ops.LoadOrStore(op, with(backendKey.String(b.name), operationKey.String(op)))
	}
	b.waits.Record(ctx, d.Seconds(), attrs.(metric.MeasurementOption))
}

func with(attrs ...attribute.KeyValue) metric.MeasurementOption {
	return metric.WithAttributeSet(attribute.NewSet(attrs...))
}

// A counter counts what has certain attributes.
type counter struct {
	metric.Int64Counter
	attrs metric.MeasurementOption
}

func (c counter) add(ctx context.Context) {
	c.Add(ctx, 1, c.attrs)
}

// A gauge counts up and down what has certain attributes.
type gauge struct {
	metric.Int64UpDownCounter
	attrs metric.MeasurementOption
}

func (g gauge) add(ctx context.Context, n int64) { g.Add(ctx, n, g.attrs) }
