package otelanyio

import (
	"context"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/baggage"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/inspect"
	"github.com/anyio-go/anyio/process"
)

// scopeName names this package as the source of spans and metrics.
const scopeName = "github.com/anyio-go/anyio/otelanyio"

// The keys of attributes.
const (
	runKey       = attribute.Key("anyio.run")
	taskKey      = attribute.Key("anyio.task")
	backendKey   = attribute.Key("anyio.backend")
	outcomeKey   = attribute.Key("anyio.outcome")
	operationKey = attribute.Key("anyio.operation")
	causeKey     = attribute.Key("anyio.cause")
)

// Instrument tells OpenTelemetry of all tasks that begin from now on, until stop is called.
// Tasks that have begun before stop are told of to their end if it comes before stop. In a
// program that calls functions in worker processes, call it before process.WorkerMain.
func Instrument(opts ...Option) (stop func(), err error) {
	c := configOf(opts)
	m, err := newMetrics(c.meters.Meter(scopeName))
	if err != nil {
		return nil, err
	}
	unregister, err := observeCluster(c.meters.Meter(scopeName))
	if err != nil {
		return nil, err
	}
	i := &instrumentation{config: c, tracer: c.tracers.Tracer(scopeName), metrics: m}
	unhook := inspect.Hook(inspect.Hooks{
		TaskContext:   i.begin,
		TaskEnded:     i.end,
		WaitBegan:     i.wait,
		ScopeCanceled: i.canceled,
		LoopTurned:    i.metrics.turned,
	})
	put := process.Carry(func(ctx context.Context, carried map[string]string) {
		c.propagator.Inject(ctx, propagation.MapCarrier(carried))
	}, func(ctx context.Context, carried map[string]string) context.Context {
		return c.propagator.Extract(ctx, propagation.MapCarrier(carried))
	})
	return func() { unhook(); put(); unregister() }, nil
}

// An instrumentation is one call of Instrument. It is the key of what the contexts of tasks
// have for it.
type instrumentation struct {
	config
	tracer  trace.Tracer
	metrics *metrics
}

// A task is what the context of a task has for one instrumentation.
type task struct {
	ref  inspect.Ref // those in its groups find it, too
	of   *backendMetrics
	span trace.Span // nil if it has none
}

// of is what the context of a task has, nil if the task had begun before.
func (i *instrumentation) of(ctx context.Context, t inspect.TaskEvent) *task {
	if v, ok := ctx.Value(i).(*task); ok && v.ref == t.Ref() {
		return v
	}
	return nil
}

func (i *instrumentation) begin(ctx context.Context, t inspect.TaskEvent) context.Context {
	backend := t.Run().Backend
	v := &task{ref: t.Ref(), of: i.metrics.forBackend(backend)}
	with := ctx
	if caller := t.Caller(); caller != nil {
		with = onBehalfOf(with, caller)
	}
	if i.spans(t) {
		with, v.span = i.tracer.Start(with, t.Name(), trace.WithTimestamp(anyio.Now(ctx)), trace.WithAttributes(
			runKey.Int64(int64(v.ref.Run)), taskKey.Int64(int64(v.ref.Task)), backendKey.String(backend)))
	}
	v.of.started.add(with)
	v.of.active.add(with, 1)
	return context.WithValue(with, i, v)
}

// onBehalfOf is ctx with the span and the baggage of a caller, if it has them.
func onBehalfOf(ctx, caller context.Context) context.Context {
	if span := trace.SpanFromContext(caller); span.SpanContext().IsValid() {
		ctx = trace.ContextWithSpan(ctx, span)
	}
	if b := baggage.FromContext(caller); b.Len() > 0 {
		ctx = baggage.ContextWithBaggage(ctx, b)
	}
	return ctx
}

func (i *instrumentation) end(t inspect.TaskEvent, outcome anyio.Status, err error) {
	ctx := t.Context()
	v := i.of(ctx, t)
	if v == nil {
		return
	}
	v.of.ended[outcome].add(ctx)
	v.of.active.add(ctx, -1)
	if v.span == nil {
		return
	}
	now := trace.WithTimestamp(anyio.Now(ctx))
	v.span.SetAttributes(outcomeKey.String(outcome.String()))
	switch {
	case outcome == anyio.Failed:
		v.span.RecordError(err, now)
		v.span.SetStatus(codes.Error, err.Error())
	case outcome == anyio.Canceled && err != nil:
		v.span.AddEvent("canceled", now, trace.WithAttributes(causeKey.String(err.Error())))
	}
	v.span.End(now)
}

func (i *instrumentation) canceled(t inspect.TaskEvent, err error) {
	ctx := t.Context()
	if v := i.of(ctx, t); v != nil && v.span != nil {
		v.span.AddEvent("scope canceled", trace.WithTimestamp(anyio.Now(ctx)), trace.WithAttributes(causeKey.String(err.Error())))
	}
}

func (i *instrumentation) wait(t inspect.TaskEvent, op string) (ended func()) {
	ctx := t.Context()
	v := i.of(ctx, t)
	if v == nil {
		return nil
	}
	began := anyio.Now(ctx)
	return func() { v.of.waited(ctx, op, anyio.Now(ctx).Sub(began)) }
}
