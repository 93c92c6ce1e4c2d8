package anyio_test

import (
	"context"
	"errors"
	"runtime"
	"testing"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/testkit"
)

var errBoom = errors.New("boom")

// soonest is the nearest deadline before which a test does something, even on a
// machine that is emulated or held up.
const soonest = 300 * time.Millisecond

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
	testkit.WantNil(t, "waiting for a goroutine", done.Wait(ctx))
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
