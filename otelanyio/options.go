package otelanyio

import (
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"github.com/anyio-go/anyio/inspect"
)

// An Option is an option of Instrument.
type Option func(*config)

type config struct {
	tracers    trace.TracerProvider
	meters     metric.MeterProvider
	propagator propagation.TextMapPropagator
	spans      func(t inspect.TaskEvent) bool
}

func configOf(opts []Option) config {
	c := config{
		tracers:    otel.GetTracerProvider(),
		meters:     otel.GetMeterProvider(),
		propagator: propagation.NewCompositeTextMapPropagator(propagation.TraceContext{}, propagation.Baggage{}),
		spans:      func(inspect.TaskEvent) bool { return true },
	}
	for _, opt := range opts {
		opt(&c)
	}
	return c
}

// WithTracerProvider makes spans by tp and not by the global provider.
func WithTracerProvider(tp trace.TracerProvider) Option { return func(c *config) { c.tracers = tp } }

// WithMeterProvider makes metrics by mp and not by the global provider.
func WithMeterProvider(mp metric.MeterProvider) Option { return func(c *config) { c.meters = mp } }

// WithPropagator lets p say what travels to worker processes; by default that is the span, as
// "traceparent" and "tracestate", and the baggage.
func WithPropagator(p propagation.TextMapPropagator) Option {
	return func(c *config) { c.propagator = p }
}

// WithSpans makes spans only for the tasks of which has is true. A task without a span has
// that of its parent in its context, and counts in the metrics.
func WithSpans(has func(t inspect.TaskEvent) bool) Option { return func(c *config) { c.spans = has } }
