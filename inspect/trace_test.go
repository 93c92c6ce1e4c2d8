package inspect_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"runtime/trace"
	"testing"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/inspect"
	"github.com/anyio-go/anyio/internal/testkit"
	"github.com/anyio-go/anyio/sim"
)

// recorded is the trace of a function. What is in it is looked at by internal/tracetest,
// with a reader of traces; here it is enough which texts are.
func recorded(t *testing.T, f func()) []byte {
	var out bytes.Buffer
	if err := trace.Start(&out); err != nil {
		t.Skip("this process is traced already: ", err)
	}
	f()
	trace.Stop()
	return out.Bytes()
}

func TestTraceHasTasksAndWaits(t *testing.T) {
	for _, backend := range []anyio.Backend{anyio.Parallel(), anyio.EventLoop(), sim.New(sim.Config{Seed: 1})} {
		t.Run(backend.Name(), func(t *testing.T) {
			run := func() {
				err := anyio.Run(t.Context(), func(ctx context.Context) error {
					return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
						tg.Go(func(ctx context.Context) error { return anyio.Sleep(ctx, time.Millisecond) }, anyio.Name("one that sleeps"))
						tg.Go(func(ctx context.Context) error {
							return errors.Join(anyio.Sleep(ctx, 2*time.Millisecond), testkit.ErrBoom)
						}, anyio.Name("failing one"))
						return nil
					})
				}, anyio.On(backend))
				if !errors.Is(err, testkit.ErrBoom) {
					t.Error(err)
				}
			}
			undo := inspect.Trace()
			defer undo()
			run() // while no trace is written
			texts := []string{"one that sleeps", "failing one", "failed: boom"}
			got := recorded(t, run)
			for _, text := range texts {
				if !bytes.Contains(got, []byte(text)) {
					t.Errorf("no %q in the trace", text)
				}
			}
			undo()
			got = recorded(t, run)
			for _, text := range texts {
				if bytes.Contains(got, []byte(text)) {
					t.Errorf("%q is in a trace after undo", text)
				}
			}
		})
	}
}

func ExampleTrace() {
	defer inspect.Trace()()
	file, err := os.CreateTemp("", "trace")
	if err != nil {
		return
	}
	defer os.Remove(file.Name())
	if err := trace.Start(file); err != nil { // or by package net/http/pprof, or a trace.FlightRecorder
		return
	}
	_ = anyio.Run(context.Background(), func(ctx context.Context) error {
		trace.Log(ctx, "config", "read") // is told of the main task
		return nil
	}, anyio.MainName("server"))
	trace.Stop()
	_ = file.Close() // now: go tool trace FILE
}
