package anyiotest_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/internal/testkit"
	"github.com/anyio-go/anyio/stream"
)

// A record is what happened, as any goroutine tells.
type record struct {
	mu     sync.Mutex
	events []string
}

func (r *record) add(event string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.events = append(r.events, event)
}

func (r *record) want(t *testing.T, want ...string) {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	if !slices.Equal(r.events, want) {
		t.Errorf("events %q, want %q", r.events, want)
	}
}

// shared is a fixture whose server runs from set-up to tear-down and answers with a cry.
func shared(r *record, opts ...anyio.RunOption) *anyiotest.Shared[*stream.PipeListener] {
	return anyiotest.NewShared(func(ctx context.Context) (*stream.PipeListener, func(ctx context.Context) error, error) {
		r.add("up")
		gctx, tg := anyio.OpenTaskGroup(ctx)
		l := stream.NewPipeListener(0)
		tg.Go(func(ctx context.Context) error {
			return l.Serve(ctx, nil, func(ctx context.Context, conn stream.ByteStream) error {
				defer conn.Close(ctx)
				for piece, err := range stream.Pieces(ctx, conn, 100) {
					if err != nil {
						return err
					}
					if err := conn.Send(ctx, []byte(strings.ToUpper(string(piece)))); err != nil {
						return err
					}
				}
				return nil
			})
		})
		return l, func(ctx context.Context) error {
			r.add("down")
			tg.Cancel("the tests are over")
			return tg.End(l.Close(gctx))
		}, nil
	}, opts...)
}

func ask(t *testing.T, ctx context.Context, l *stream.PipeListener) {
	t.Helper()
	conn, err := l.Connect(ctx)
	testkit.Must(t, err)
	defer conn.Close(ctx)
	testkit.Must(t, conn.Send(ctx, []byte("hello")))
	buf := make([]byte, 100)
	n, err := conn.Receive(ctx, buf)
	if string(buf[:n]) != "HELLO" || err != nil {
		t.Errorf("%q, %v", buf[:n], err)
	}
}

func TestSharedFixtureLivesFromTheFirstTestToTheEndOfTheLast(t *testing.T) {
	for _, b := range []anyio.Backend{anyio.Parallel(), anyio.EventLoop()} {
		t.Run(b.Name(), func(t *testing.T) {
			var r record
			s := shared(&r, anyio.On(b))
			t.Run("alone", func(t *testing.T) { ask(t, t.Context(), s.Get(t)) })
			r.want(t, "up", "down")
			t.Run("several", func(t *testing.T) {
				l := s.Get(t)
				for _, name := range []string{"a", "b"} {
					t.Run(name, func(t *testing.T) {
						if s.Get(t) != l {
							t.Error("another value")
						}
						anyiotest.Run(t, func(t *testing.T, ctx context.Context) { ask(t, ctx, l) }, anyiotest.Skip("sim", "a simulated run reaches no other"))
					})
				}
				r.want(t, "up", "down", "up")
			})
			r.want(t, "up", "down", "up", "down")
		})
	}
}

func TestHeldFixtureOutlivesTheTests(t *testing.T) {
	var r record
	s := shared(&r)
	release, err := s.Hold()
	testkit.Must(t, err)
	for range 2 {
		t.Run("test", func(t *testing.T) { ask(t, t.Context(), s.Get(t)) })
	}
	r.want(t, "up")
	testkit.Must(t, release())
	testkit.Must(t, release()) // once is enough
	r.want(t, "up", "down")
}

func TestErrorsOfASharedFixture(t *testing.T) {
	rec := newRecorder(t)
	down := false
	s := anyiotest.NewShared(func(context.Context) (int, func(context.Context) error, error) {
		return 0, func(context.Context) error { down = true; return nil }, testkit.ErrBoom
	})
	rec.run(func() { s.Get(rec) })
	if !rec.Failed() || !down {
		t.Errorf("failed %v, torn down %v", rec.Failed(), down)
	}
	if _, err := s.Hold(); !errors.Is(err, testkit.ErrBoom) {
		t.Error(err)
	}
	s = anyiotest.NewShared(func(context.Context) (int, func(context.Context) error, error) {
		return 1, func(context.Context) error { return testkit.ErrBoom }, nil
	})
	release, err := s.Hold()
	testkit.Must(t, err)
	if err := release(); !errors.Is(err, testkit.ErrBoom) {
		t.Error(err)
	}
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		_, err := s.Hold()
		testkit.WantMisuse(t, "in a simulated run", err)
	}, anyiotest.Only("sim"))
}
