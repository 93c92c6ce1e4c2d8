package testkit

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/anyio-go/anyio"
)

// Must ends the test unless err is nil.
func Must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// WantNil wants no error of what was done.
func WantNil(t testing.TB, what string, err error) {
	t.Helper()
	if err != nil {
		t.Errorf("%s: got %v, want no error", what, err)
	}
}

// WantErr wants an error that matches want.
func WantErr(t testing.TB, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("got error %v, want %v", err, want)
	}
}

// WantIs wants an error of what was done that matches want.
func WantIs(t testing.TB, what string, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("%s: got %v, want %v", what, err, want)
	}
}

// WantCanceled wants a cancellation.
func WantCanceled(t testing.TB, what string, err error) {
	t.Helper()
	if !errors.Is(err, anyio.ErrCanceled) || !errors.Is(err, context.Canceled) {
		t.Errorf("%s: got %v, want a cancellation", what, err)
	}
}

// WantMisuse wants an *anyio.MisuseError, as an error or as what was recovered.
func WantMisuse(t testing.TB, what string, got any) {
	t.Helper()
	err, _ := got.(error)
	if _, ok := errors.AsType[*anyio.MisuseError](err); !ok {
		t.Errorf("%s: got %v, want a MisuseError", what, got)
	}
}

// WantMisuseText wants an *anyio.MisuseError with all the texts in its own.
func WantMisuseText(t testing.TB, err error, texts ...string) {
	t.Helper()
	m, ok := errors.AsType[*anyio.MisuseError](err)
	if !ok {
		t.Errorf("got %v, want a MisuseError that tells %q", err, texts)
		return
	}
	for _, text := range texts {
		if !strings.Contains(m.Error(), text) {
			t.Errorf("got %v, want a MisuseError that tells %q", err, text)
		}
	}
}
