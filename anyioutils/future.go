package anyioutils

import (
	"context"

	"github.com/anyio-go/anyio"
)

// A Future is a value that will be there later. Unlike an anyio.Future it calls functions
// when it is, and can be canceled without an error for those who wait. The zero value is
// ready. It must not be copied.
//
// Set synchronizes before the return of every Wait and Await that it lets through.
type Future[T any] struct{ outcome[T] }

// NewFuture returns a new future.
func NewFuture[T any]() *Future[T] { return &Future[T]{} }

// Set gives the future its value, lets all who wait go on, and calls the done callbacks,
// one after the other. It returns their errors as a *CallbackError. If there is an outcome
// already, nothing changes and the error matches ErrInvalidState.
func (f *Future[T]) Set(value T) error { return f.settle(value, nil) }

// SetError gives the future an error for an outcome. A nil error is an *anyio.MisuseError;
// otherwise it does as Set does.
func (f *Future[T]) SetError(err error) error {
	if err == nil {
		return misuse("Future.SetError with a nil error: use Set for success")
	}
	var zero T
	return f.settle(zero, err)
}

func (f *Future[T]) settle(value T, err error) error {
	ok, failed := f.set(value, err)
	if !ok {
		return errOver
	}
	return failed
}

// Cancel gives up a future that has no outcome: those who wait for it get the zero value
// and no error, while Value and Err return ErrCanceled. It calls the done callbacks as Set
// does. ok reports whether there was no outcome; err is a *CallbackError.
func (f *Future[T]) Cancel() (ok bool, err error) {
	var zero T
	return f.set(zero, quietly)
}

// CancelWithError is like Cancel, but those who wait get ErrCanceled.
func (f *Future[T]) CancelWithError() (ok bool, err error) {
	var zero T
	return f.set(zero, loudly)
}

// Value returns the future's value without waiting. The error is ErrCanceled, an
// *anyio.FutureError that wraps what was given to SetError, or one that matches
// ErrInvalidState.
func (f *Future[T]) Value() (T, error) { return f.value(wrapFutureError) }

// Await waits until the future has an outcome and returns its value. The error is that of
// Value, but for Cancel. Cancellation: nothing is lost, and the future and others who wait
// are not affected.
func (f *Future[T]) Await(ctx context.Context) (T, error) {
	if err := f.Wait(ctx); err != nil {
		var zero T
		return zero, err
	}
	return f.awaited(wrapFutureError)
}

func wrapFutureError(err error) error { return &anyio.FutureError{Err: err} }

// AddDoneCallback has callback called when the future has an outcome: by the call that
// sets it, before that returns, and after those who wait were let go on. If the future has
// an outcome already, AddDoneCallback calls it, and returns its error as a *CallbackError.
// remove takes the callback back; it reports whether that prevented the call. A nil
// callback is an *anyio.MisuseError.
func (f *Future[T]) AddDoneCallback(callback func(f *Future[T]) error) (remove func() bool, err error) {
	if callback == nil {
		return neverRemoved, errNoCallback()
	}
	return f.add(&f.callbacks, func() error { return callback(f) })
}
