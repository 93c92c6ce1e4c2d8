package anyio

import (
	"context"
	"fmt"
	"sync/atomic"

	"github.com/anyio-go/anyio/internal/errgraph"
	"github.com/anyio-go/anyio/internal/kernel"
)

// A FutureError is what Await and Value return for a Future that failed,
// whose error it wraps, or was canceled.
type FutureError struct {
	Future   string // its name, "" if it has none
	Err      error
	Canceled bool // Cancel was called
}

func (e *FutureError) Error() string {
	name := "future"
	if e.Future != "" {
		name = fmt.Sprintf("future %q", e.Future)
	}
	if e.Canceled {
		return "anyio: " + name + " was canceled"
	}
	return errgraph.Text(e, func() string { return "anyio: " + name + " failed: " + errgraph.Say(e.Err) })
}

// Unwrap returns the error given to SetError, or ErrFutureCanceled.
func (e *FutureError) Unwrap() error {
	if e.Canceled {
		return ErrFutureCanceled
	}
	return errgraph.One(e, e.Err)
}

var _ = errgraph.Register(func(e *FutureError) []error { return []error{e.Err} })

// A Future is a value that will be there later: somebody sets it, once, and any
// number of tasks wait for it. The zero value is ready. It may be used from any
// task, goroutine and backend at the same time, and must not be copied.
//
// Set synchronizes before the return of every Wait and Await that it lets through.
type Future[T any] struct {
	name  string
	state atomic.Uint32 // a Status; who moves it from pending writes what follows
	value T             // written before done
	err   error         // written before done
	done  kernel.Latch
}

// NewFuture makes a Future with a name for people.
func NewFuture[T any](name string) *Future[T] { return &Future[T]{name: name} }

var opFuture = kernel.RegisterOp("Future.Wait")

// Set gives the future its value and lets all who wait go on. If it has an
// outcome already, nothing changes and the error is ErrFutureFinished or
// ErrFutureCanceled.
func (f *Future[T]) Set(value T) error {
	return f.finish(Finished, value, nil)
}

// SetError gives the future an error for an outcome. It fails as Set does, and
// for a nil error.
func (f *Future[T]) SetError(err error) error {
	if err == nil {
		return misuse("Future.SetError with a nil error: use Set for success")
	}
	var zero T
	return f.finish(Failed, zero, err)
}

// Cancel gives up a pending future: all who wait for it get an error that matches
// ErrFutureCanceled. It reports whether the future was pending; if not, nothing
// changes.
func (f *Future[T]) Cancel() bool {
	var zero T
	return f.finish(Canceled, zero, nil) == nil
}

func (f *Future[T]) finish(how Status, value T, err error) error {
	kernel.Preempt()
	err = f.settle(how, value, err)
	kernel.PreemptAfter(&f.done, kernel.Changes)
	return err
}

func (f *Future[T]) settle(how Status, value T, err error) error {
	if !f.state.CompareAndSwap(uint32(Pending), uint32(how)) {
		if Status(f.state.Load()) == Canceled {
			return ErrFutureCanceled
		}
		return ErrFutureFinished
	}
	f.value, f.err = value, err
	if how == Finished {
		f.done.Open()
	} else {
		f.done.Fail()
	}
	return nil
}

// Wait waits until the future has an outcome, and tells nothing of it: the error
// is only about the waiting. Cancellation: nothing is lost, and the future and
// others who wait are not affected.
func (f *Future[T]) Wait(ctx context.Context) error { return f.done.Wait(ctx, opFuture) }

// Await waits until the future has an outcome and returns its value, or a
// *FutureError. Cancellation: as for Wait.
func (f *Future[T]) Await(ctx context.Context) (T, error) {
	if err := f.Wait(ctx); err != nil {
		var zero T
		return zero, err
	}
	return f.Value()
}

// Value returns the future's value without waiting. The error is ErrNotFinished
// or a *FutureError.
func (f *Future[T]) Value() (T, error) {
	var zero T
	switch f.Status() {
	case Pending:
		return zero, ErrNotFinished
	case Finished:
		return f.value, nil
	case Canceled:
		return zero, &FutureError{Future: f.name, Canceled: true}
	default:
		return zero, &FutureError{Future: f.name, Err: f.err}
	}
}

// Err returns what the future failed with: nil if it has a value, the very error given
// to SetError, ErrNotFinished, or for a canceled one a *FutureError that
// matches ErrFutureCanceled.
func (f *Future[T]) Err() error {
	switch f.Status() {
	case Pending:
		return ErrNotFinished
	case Finished:
		return nil
	case Canceled:
		return &FutureError{Future: f.name, Canceled: true}
	default:
		return f.err
	}
}

func (f *Future[T]) doneLatch() *kernel.Latch { return &f.done }

// Status reports where the future stands.
func (f *Future[T]) Status() Status {
	if !f.done.IsOpen() {
		return Pending
	}
	return Status(f.state.Load())
}

func (f *Future[T]) String() string {
	if f.name == "" {
		return fmt.Sprintf("Future(%s)", f.Status())
	}
	return fmt.Sprintf("Future(%q, %s)", f.name, f.Status())
}
