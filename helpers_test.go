package anyio_test

import (
	"context"
	"errors"
	"runtime"
	"testing"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/kernel"
	"github.com/anyio-go/anyio/internal/simloop"
)

var errBoom = errors.New("boom")

// soonest is the nearest deadline before which a test does something, even on a
// machine that is emulated or held up.
const soonest = 300 * time.Millisecond

// backendOf is the name of the backend on which ctx runs.
func backendOf(ctx context.Context) string { return kernel.Locate(ctx).Run().Backend.Name() }

// simulated reports whether ctx runs in a simulation, where a test may expect more.
func simulated(ctx context.Context) bool {
	_, ok := kernel.Locate(ctx).Run().Backend.(*simloop.Sim)
	return ok
}

// skipSim skips a test that needs goroutines outside the simulation.
func skipSim(t *testing.T, ctx context.Context) {
	t.Helper()
	if simulated(ctx) {
		t.Skip("a simulation does not wait for goroutines outside it")
	}
}

// settled waits until every other task of the run waits for something.
func settled(t *testing.T, ctx context.Context) {
	t.Helper()
	p := kernel.Locate(ctx)
	if err := p.Run().WaitAllBlocked(p); err != nil {
		t.Errorf("waiting for all tasks to block: %v", err)
	}
}

// recovered is what f panics with, nil if it returns.
func recovered(f func()) (value any) {
	defer func() { value = recover() }()
	f()
	return nil
}

// wantPanicError runs f, which must panic with a *PanicError of the value.
func wantPanicError(t *testing.T, value any, f func()) *anyio.PanicError {
	t.Helper()
	got := recovered(f)
	pe, ok := got.(*anyio.PanicError)
	if !ok || pe.Value != value {
		t.Fatalf("panic: got %v, want a PanicError of %v", got, value)
	}
	return pe
}

// wantMisuse wants a *MisuseError.
func wantMisuse(t *testing.T, what string, got any) {
	t.Helper()
	err, _ := got.(error)
	if _, ok := errors.AsType[*anyio.MisuseError](err); !ok {
		t.Errorf("%s: got %v, want a MisuseError", what, got)
	}
}

func wantCanceled(t *testing.T, what string, err error) {
	t.Helper()
	if !errors.Is(err, anyio.ErrCanceled) || !errors.Is(err, context.Canceled) {
		t.Errorf("%s: got %v, want a cancellation", what, err)
	}
}

func wantNil(t *testing.T, what string, err error) {
	t.Helper()
	if err != nil {
		t.Errorf("%s: got %v, want no error", what, err)
	}
}

// quiet keeps reports of panics out of the log.
func quiet(*anyio.PanicError) {}

// inGoroutine runs f on a goroutine that is no task and waits for it without
// blocking the run's other tasks.
func inGoroutine(t *testing.T, ctx context.Context, f func()) {
	t.Helper()
	var done anyio.Event
	go func() {
		defer done.Set()
		f()
	}()
	wantNil(t, "waiting for a goroutine", done.Wait(ctx))
}

// soon gives others the processor until done, or until it is plain that this will
// never be: on a busy machine a thread may get no processor for seconds.
func soon(done func() bool) bool {
	for begin := time.Now(); !done(); runtime.Gosched() {
		if time.Since(begin) > time.Minute {
			return false
		}
	}
	return true
}

// idleGoroutines waits until at most n goroutines are left.
func idleGoroutines(n int) int {
	soon(func() bool { return runtime.NumGoroutine() <= n })
	return runtime.NumGoroutine()
}
