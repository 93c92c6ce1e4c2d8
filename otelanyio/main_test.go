package otelanyio_test

import (
	"context"
	"os"
	"slices"
	"testing"

	"go.opentelemetry.io/otel/attribute"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/otelanyio"
	"github.com/anyio-go/anyio/process"
)

func TestMain(m *testing.M) {
	if _, err := otelanyio.Instrument(); err != nil { // for the workers; in the tests it has no providers
		panic(err)
	}
	process.WorkerMain()
	os.Exit(anyiotest.Main(m))
}

// spans are those of a test.
type spans struct {
	*tracetest.InMemoryExporter
	*sdktrace.TracerProvider
}

// instrument makes spans, until the test ends. An option may be added.
func instrument(t *testing.T, opts ...otelanyio.Option) *spans {
	t.Helper()
	exporter := tracetest.NewInMemoryExporter()
	s := &spans{exporter, sdktrace.NewTracerProvider(sdktrace.WithSyncer(exporter))}
	stop, err := otelanyio.Instrument(append(slices.Clip(opts), otelanyio.WithTracerProvider(s))...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stop)
	return s
}

// named is the span of a name, which must be there once.
func (s *spans) named(t *testing.T, name string) (span tracetest.SpanStub) {
	t.Helper()
	n := 0
	for _, stub := range s.GetSpans() {
		if stub.Name == name {
			span = stub
			n++
		}
	}
	if n != 1 {
		t.Errorf("%d spans %q", n, name)
	}
	return span
}

// wantChild checks that a span is a child of another.
func (s *spans) wantChild(t *testing.T, parent, child string) {
	t.Helper()
	p, c := s.named(t, parent), s.named(t, child)
	if c.Parent.SpanID() != p.SpanContext.SpanID() || c.SpanContext.TraceID() != p.SpanContext.TraceID() {
		t.Errorf("%s is no child of %s", child, parent)
	}
}

// of is an attribute, "" if there is none.
func of(attrs []attribute.KeyValue, key attribute.Key) string {
	for _, a := range attrs {
		if a.Key == key {
			return a.Value.String()
		}
	}
	return ""
}

// inSpan runs f with a span of the program's own.
func (s *spans) inSpan(ctx context.Context, name string, f func(ctx context.Context) error) error {
	ctx, span := s.Tracer("test").Start(ctx, name)
	defer span.End()
	return f(ctx)
}

// spanIn is the id of the span of a context.
func spanIn(ctx context.Context) string {
	return trace.SpanContextFromContext(ctx).SpanID().String()
}

// together runs functions as the tasks of a group, and waits for them.
func together(ctx context.Context, tasks map[string]func(ctx context.Context) error) error {
	return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
		for name, f := range tasks {
			tg.Go(f, anyio.Name(name))
		}
		return nil
	})
}
