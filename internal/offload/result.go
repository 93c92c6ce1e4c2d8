// Package offload makes calls that nothing can interrupt: each on another goroutine, so
// that it holds up no task, and so that who waits for it can leave it to itself.
package offload

import (
	"errors"

	"github.com/anyio-go/anyio/internal/kernel"
)

// A Result is how a function has ended.
type Result[T any] struct {
	Value  T
	Err    error
	Panic  error // to panic with where it is waited for, nil if it has not panicked
	Exited bool  // it has exited its goroutine
}

// ErrExited is the error of a call that has exited its goroutine.
var ErrExited = errors.New("the call exited its goroutine")

// Of calls f and notes how it ends. An exit goes on in the caller. where names f for the
// text of a panic.
func (r *Result[T]) Of(f func() (T, error), where func() string) {
	r.Exited = true
	defer func() {
		if !r.Exited {
			return
		}
		if v := recover(); v != nil {
			r.Panic, r.Exited = kernel.NewPanic(v, where()), false
		}
	}()
	r.Value, r.Err = f()
	r.Exited = false
}

// take returns the result, or raises the panic.
func (r *Result[T]) take() (T, error) {
	switch {
	case r.Panic != nil:
		panic(r.Panic)
	case r.Exited:
		return r.Value, ErrExited
	}
	return r.Value, r.Err
}
