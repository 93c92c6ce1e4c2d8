package otelanyio_test

import (
	"context"
	"testing"

	"go.opentelemetry.io/otel/baggage"
	"go.opentelemetry.io/otel/trace"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/portal"
	"github.com/anyio-go/anyio/process"
)

// asAlice is ctx with baggage that tells who asks.
func asAlice(t *testing.T, ctx context.Context) context.Context {
	user, err := baggage.NewMember("user", "alice")
	if err != nil {
		t.Error(err)
	}
	who, err := baggage.New(user)
	if err != nil {
		t.Error(err)
	}
	return baggage.ContextWithBaggage(ctx, who)
}

// userOf is who asks.
func userOf(ctx context.Context) string { return baggage.FromContext(ctx).Member("user").Value() }

// What is called on behalf of a task has its span, wherever it runs.
func TestSpansGoAlong(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		s := instrument(t)
		err := portal.With(ctx, func(ctx context.Context, p *portal.Portal) error {
			return together(ctx, map[string]func(ctx context.Context) error{"caller": func(ctx context.Context) error {
				mine := spanIn(ctx)
				err := anyio.RunBlocking(ctx, func() error {
					if spanIn(ctx) != mine {
						t.Error("RunBlocking: another span")
					}
					return nil
				})
				if err != nil {
					return err
				}
				if _, err := anyio.RunIn(ctx, func(ctx context.Context) (int, error) {
					if spanIn(ctx) != mine {
						t.Error("RunIn: another span")
					}
					return 0, nil
				}); err != nil {
					return err
				}
				return s.inSpan(ctx, "own", func(ctx context.Context) error {
					_, err := portal.Call(ctx, p, func(ctx context.Context) (int, error) {
						return 0, together(ctx, map[string]func(ctx context.Context) error{"in the portal": nothing})
					}, anyio.Name("called"))
					if err != nil {
						return err
					}
					_, _, err = portal.Start(ctx, p, func(_ context.Context, started func(int)) (int, error) {
						started(1)
						return 0, nil
					}, anyio.Name("started by portal"))
					return err
				})
			}})
		})
		if err != nil {
			t.Error(err)
		}
		err = anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			return s.inSpan(ctx, "starter", func(ctx context.Context) error {
				_, err := anyio.Start(ctx, tg, func(_ context.Context, started func(int)) error {
					started(1)
					return nil
				}, anyio.Name("started"))
				return err
			})
		})
		if err != nil {
			t.Error(err)
		}
		s.wantChild(t, "caller", "own")
		s.wantChild(t, "own", "called")
		s.wantChild(t, "called", "in the portal")
		s.wantChild(t, "own", "started by portal")
		s.wantChild(t, "starter", "started")
	})
}

// A goroutine outside of all runs calls into one: its span is the parent.
func TestSpanOfAGoroutineOutsideGoesAlong(t *testing.T) {
	for _, backend := range []anyio.Backend{anyio.Parallel(), anyio.EventLoop()} {
		t.Run(backend.Name(), func(t *testing.T) {
			s := instrument(t)
			p, err := portal.New(t.Context(), anyio.On(backend))
			if err != nil {
				t.Fatal(err)
			}
			err = s.inSpan(t.Context(), "outside", func(ctx context.Context) error {
				user, err := portal.Call(asAlice(t, ctx), p, func(ctx context.Context) (string, error) { return userOf(ctx), nil }, anyio.Name("inside"))
				if user != "alice" {
					t.Errorf("inside, the user is %q", user)
				}
				return err
			})
			if err != nil {
				t.Error(err)
			}
			p.Stop()
			s.wantChild(t, "outside", "inside")
		})
	}
}

// A seen is what a function in a worker has in its context.
type seen struct {
	Trace, Span, User string
	Remote            bool
}

var look = process.Register("look", func(ctx context.Context, _ struct{}) (seen, error) {
	span := trace.SpanContextFromContext(ctx)
	return seen{span.TraceID().String(), span.SpanID().String(), userOf(ctx), span.IsRemote()}, nil
})

// The span travels with each call, also to a worker that has served another.
func TestSpansGoToWorkers(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		s := instrument(t)
		limiter := process.Limiter(anyio.NewCapacityLimiter(1)) // so that there is one worker
		for range 2 {
			s.Reset()
			var got seen
			err := together(ctx, map[string]func(ctx context.Context) error{"caller": func(ctx context.Context) error {
				var err error
				got, err = look.Call(asAlice(t, ctx), struct{}{}, limiter)
				return err
			}})
			if err != nil {
				t.Error(err)
			}
			span := s.named(t, "caller").SpanContext
			if want := (seen{span.TraceID().String(), span.SpanID().String(), "alice", true}); got != want {
				t.Errorf("the worker saw %+v, want %+v", got, want)
			}
		}
		if got, err := look.Call(ctx, struct{}{}, limiter); got.User != "" || got.Remote || err != nil {
			t.Errorf("without a span the worker saw %+v, %v", got, err)
		}
	})
}
