package anyio_test

import (
	"context"
	"errors"
	"testing"

	"github.com/anyio-go/anyio"
)

// group runs body in a task group that must end without an error.
func group(t *testing.T, ctx context.Context, body func(ctx context.Context, tg *anyio.TaskGroup)) {
	t.Helper()
	err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
		body(ctx, tg)
		return nil
	})
	if err != nil {
		t.Errorf("task group: %v", err)
	}
}

// must reports an error where none is expected.
func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Errorf("unexpected error: %v", err)
	}
}

// wantMisuseText checks that err is a *MisuseError with that text at its beginning.
func wantMisuseText(t *testing.T, err error, text string) {
	t.Helper()
	m, ok := errors.AsType[*anyio.MisuseError](err)
	if !ok || len(m.Text) < len(text) || m.Text[:len(text)] != text {
		t.Errorf("got error %v, want a MisuseError that begins %q", err, text)
	}
}

// wantPanic checks that f panics with a *MisuseError with that text at its beginning.
func wantPanic(t *testing.T, text string, f func()) {
	t.Helper()
	defer func() {
		t.Helper()
		err, ok := recover().(error)
		if !ok {
			t.Errorf("no panic, want a MisuseError that begins %q", text)
			return
		}
		wantMisuseText(t, err, text)
	}()
	f()
}

// equal checks a value.
func equal[T comparable](t *testing.T, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

// inCanceledScope runs body in a scope that is canceled already.
func inCanceledScope(t *testing.T, ctx context.Context, body func(ctx context.Context)) {
	t.Helper()
	err := anyio.WithCancelScope(ctx, func(ctx context.Context, scope *anyio.CancelScope) error {
		scope.Cancel("test")
		body(ctx)
		return nil
	})
	must(t, err)
}
