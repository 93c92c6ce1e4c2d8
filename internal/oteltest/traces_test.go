package oteltest

import (
	"context"
	"errors"
	"testing"

	"go.opentelemetry.io/otel/baggage"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/cluster"
	"github.com/anyio-go/anyio/internal/testkit"
	"github.com/anyio-go/anyio/otelanyio"
	"github.com/anyio-go/anyio/process"
)

// A where tells of the span in which a function runs.
type where struct {
	Trace, Span, Parent string
	Remote              bool // the parent is of another process
	User                string
	Attempt             int
}

func here(ctx context.Context) where {
	span := trace.SpanFromContext(ctx)
	w := where{Trace: span.SpanContext().TraceID().String(), Span: span.SpanContext().SpanID().String()}
	if s, ok := span.(sdktrace.ReadOnlySpan); ok {
		w.Parent, w.Remote = s.Parent().SpanID().String(), s.Parent().IsRemote()
	}
	w.User = baggage.FromContext(ctx).Member("user").Value()
	job, _ := cluster.CurrentJob(ctx)
	w.Attempt = job.Attempt
	return w
}

var locate = process.Register("locate", func(ctx context.Context, _ int) (where, error) { return here(ctx), nil })

// locateLater is located at its second attempt.
var locateLater = process.Register("locate later", func(ctx context.Context, _ int) (where, error) {
	w := here(ctx)
	if w.Attempt < 2 {
		return w, cluster.Retry(errors.New("not yet"), 0)
	}
	return w, nil
})

// in runs body in a span of the program's own, with baggage.
func in(t *testing.T, ctx context.Context, body func(ctx context.Context, own where)) {
	t.Helper()
	provider := sdktrace.NewTracerProvider()
	stop, err := otelanyio.Instrument(otelanyio.WithTracerProvider(provider))
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	user, err := baggage.NewMember("user", "alice")
	if err != nil {
		t.Fatal(err)
	}
	bag, err := baggage.New(user)
	if err != nil {
		t.Fatal(err)
	}
	ctx, span := provider.Tracer("test").Start(baggage.ContextWithBaggage(ctx, bag), "request")
	defer span.End()
	body(ctx, here(ctx))
}

// wantChild checks that a function ran in a span of its own, whose parent is the caller's.
func wantChild(t *testing.T, what string, parent, got where) {
	t.Helper()
	if got.Trace != parent.Trace || got.Parent != parent.Span || got.Span == parent.Span || !got.Remote || got.User != "alice" {
		t.Errorf("%s: in %+v, want a child of %+v", what, got, parent)
	}
}

// calls makes calls of all kinds, and checks where they were.
func calls(t *testing.T, ctx context.Context, c *cluster.Conn) {
	in(t, ctx, func(ctx context.Context, own where) {
		got, err := cluster.Call(ctx, c, locate, 1)
		if err != nil {
			t.Error(err)
		}
		wantChild(t, "Call", own, got)

		type task struct{ caller, function where }
		err = anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			h := anyio.GoValue(tg, func(ctx context.Context) (task, error) {
				w, err := cluster.Call(ctx, c, locate, 1)
				return task{here(ctx), w}, err
			})
			v, err := h.Await(ctx)
			wantChild(t, "Call in a task", v.caller, v.function)
			if v.caller.Parent != own.Span {
				t.Errorf("the task is in %+v", v.caller)
			}
			got, err2 := cluster.Go(tg, c, locate, 1).Await(ctx)
			if got.Trace != own.Trace || !got.Remote {
				t.Errorf("Go: in %+v", got)
			}
			return errors.Join(err, err2)
		})
		if err != nil {
			t.Error(err)
		}
		all, err := cluster.Map(ctx, c, locate, []int{1, 2, 3}, 2)
		if err != nil || len(all) != 3 {
			t.Error(all, err)
		}
		for _, got := range all {
			if got.Trace != own.Trace || !got.Remote || got.User != "alice" {
				t.Errorf("Map: in %+v", got)
			}
		}
	})
}

func TestFunctionsAreChildrenOfTheirCallers(t *testing.T) {
	inCluster(t, func(t *testing.T, ctx context.Context, c *cluster.Conn) {
		working(t, ctx, c, func(ctx context.Context) { calls(t, ctx, c) })
	})
}

func TestFunctionsInOtherProcessesAreChildrenOfTheirCallers(t *testing.T) {
	inCluster(t, func(t *testing.T, ctx context.Context, c *cluster.Conn) {
		testkit.StartChild(t, urlEnv+"="+c.URL())
		calls(t, ctx, c)
		in(t, ctx, func(ctx context.Context, own where) { jobIn(t, ctx, c, locateLater, 2, own) })
	})
}

// jobIn does a job, and checks where it was at its last attempt.
func jobIn(t *testing.T, ctx context.Context, c *cluster.Conn, fn *process.Function[int, where], attempt int, own where) {
	t.Helper()
	job, err := cluster.Submit(ctx, c, fn, 1)
	if err != nil {
		t.Error(err)
		return
	}
	got, err := job.Await(ctx)
	if err != nil || got.Attempt != attempt {
		t.Errorf("attempt %d, %v", got.Attempt, err)
	}
	wantChild(t, "job", own, got)
}

// Each attempt of a job is a child of who has submitted it.
func TestJobsAreChildrenOfWhoSubmitsThem(t *testing.T) {
	inCluster(t, func(t *testing.T, ctx context.Context, c *cluster.Conn) {
		working(t, ctx, c, func(ctx context.Context) {
			in(t, ctx, func(ctx context.Context, own where) {
				jobIn(t, ctx, c, locate, 1, own)
				jobIn(t, ctx, c, locateLater, 2, own)
			})
		})
	})
}
