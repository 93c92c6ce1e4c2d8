package testkit

import (
	"errors"
	"testing"

	"github.com/anyio-go/anyio"
)

// ErrBoom is what fails.
var ErrBoom = errors.New("boom")

// Recovered returns what f panics with, nil if it returns.
func Recovered(f func()) (value any) {
	defer func() { value = recover() }()
	f()
	return nil
}

// Exited runs f on a goroutine, with a T to throw away, and reports whether runtime.Goexit
// has ended it.
func Exited(f func(t *testing.T)) (goexit bool) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		goexit = true
		f(&testing.T{})
		goexit = false
	}()
	<-done
	return goexit
}

// WantPanicError runs f, which must panic with an *anyio.PanicError of the value.
func WantPanicError(t testing.TB, value any, f func()) *anyio.PanicError {
	t.Helper()
	got := Recovered(f)
	pe, ok := got.(*anyio.PanicError)
	if !ok || pe.Value != value {
		t.Fatalf("panic: got %v, want a PanicError of %v", got, value)
	}
	return pe
}

// Quiet keeps reports of panics out of the log.
func Quiet(*anyio.PanicError) {}
