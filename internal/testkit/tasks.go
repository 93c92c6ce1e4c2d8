package testkit

import (
	"context"
	"path"
	"runtime"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/anyio-go/anyio"
)

// Line returns the place of its caller, moved by some lines, as reports show it.
func Line(by int) string {
	_, file, n, _ := runtime.Caller(1)
	return path.Join(path.Base(path.Dir(file)), path.Base(file)) + ":" + strconv.Itoa(n+by)
}

// TaskNamed returns the task of that name among those that the run of ctx has.
func TaskNamed(t testing.TB, ctx context.Context, name string) anyio.TaskInfo {
	t.Helper()
	for _, i := range anyio.RunningTasks(ctx) {
		if i.Name == name {
			return i
		}
	}
	t.Fatalf("no task %q", name)
	return anyio.TaskInfo{}
}

// WantWait wants a task in a state, waiting for something.
func WantWait(t testing.TB, who string, i anyio.TaskInfo, state anyio.TaskActivity, waitsFor string) {
	t.Helper()
	if i.State != state || i.WaitsFor != waitsFor {
		t.Errorf("%s: state %q, waits for %q; want %q, %q", who, i.State, i.WaitsFor, state, waitsFor)
	}
}

// InGoroutine runs f on a goroutine that is no task and waits for it without blocking
// the run's other tasks.
func InGoroutine(t testing.TB, ctx context.Context, f func()) {
	t.Helper()
	var done anyio.Event
	go func() {
		defer done.Set()
		f()
	}()
	WantNil(t, "waiting for a goroutine", done.Wait(ctx))
}

// UntilWaits lets others run until a task of the run waits for something of that name. That
// all wait is not enough where something comes from outside: a task that waits for a
// connection still waits when it has come.
func UntilWaits(t testing.TB, ctx context.Context, waitsFor string) {
	t.Helper()
	for !slices.ContainsFunc(anyio.RunningTasks(ctx), func(i anyio.TaskInfo) bool { return i.WaitsFor == waitsFor }) {
		WantNil(t, "waiting for "+waitsFor, anyio.Sleep(ctx, time.Millisecond))
	}
}
