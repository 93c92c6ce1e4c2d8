package otelanyio_test

import (
	"context"
	"errors"
	"fmt"
	"strings"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/otelanyio"
)

// Two downloads, of which one fails: it cancels the other, and that span tells why. The
// collector is in this process; a program has an exporter of package otlptracehttp or the like.
func Example() {
	collector := tracetest.NewInMemoryExporter()
	provider := sdktrace.NewTracerProvider(sdktrace.WithSyncer(collector))
	stop, err := otelanyio.Instrument(otelanyio.WithTracerProvider(provider))
	if err != nil {
		fmt.Println(err)
		return
	}
	_ = anyio.Run(context.Background(), func(ctx context.Context) error {
		ctx, span := provider.Tracer("example").Start(ctx, "download all") // one of the program's own
		defer span.End()
		return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			tg.Go(anyio.SleepForever, anyio.Name("a.iso"))
			tg.Go(func(context.Context) error { return errors.New("no such host") }, anyio.Name("b.iso"))
			return nil
		})
	}, anyio.MainName("main"), anyio.On(anyio.EventLoop()))
	stop()

	names := map[string]string{}
	spans := collector.GetSpans() // in the order of their ends
	for _, span := range spans {
		names[span.SpanContext.SpanID().String()] = span.Name
	}
	for _, span := range spans {
		fmt.Printf("%s, in %q, %v\n", span.Name, names[span.Parent.SpanID().String()], span.Status.Code)
		for _, event := range span.Events {
			cause, _, _ := strings.Cut(of(event.Attributes, "anyio.cause"), " (by ")
			fmt.Println(strings.TrimRight("  "+event.Name+" "+cause, " "))
		}
	}
	// Output:
	// b.iso, in "download all", Error
	//   exception
	// a.iso, in "download all", Unset
	//   canceled anyio: canceled: task "b.iso" failed: no such host
	// download all, in "main", Unset
	// main, in "", Error
	//   scope canceled anyio: canceled: task "b.iso" failed: no such host
	//   exception
}
