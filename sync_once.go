package anyio

import (
	"context"
	"errors"
	"sync/atomic"

	"github.com/anyio-go/anyio/internal/kernel"
)

// A Once runs a function once, as sync.Once, but the function may block and fail,
// and waiting for it obeys cancellation. What fails has not been done: the next
// caller does it. The zero value is ready. A Once must not be copied.
//
// What was done synchronizes before the return of every Do that returns nil.
type Once struct {
	done atomic.Bool
	mu   Lock
}

// Do calls f, unless a call of f through this Once has returned nil before. At the
// same time only one caller runs its f, in its own task and scope; the others wait
// for it, and if it fails, panics or is canceled, the first of them runs its own. An
// f that calls Do of the same Once gets a *MisuseError. It is a checkpoint.
//
// Cancellation: while waiting, f is not called; in f, it is up to f.
func (o *Once) Do(ctx context.Context, f func(ctx context.Context) error) error {
	if o.Done() {
		_, err := kernel.Enter(ctx)
		return err
	}
	if o.mu.heldByMe() || o.mu.heldByHost() {
		return misuse("a function run by Once.Do calls Do of the same Once, and would wait for itself")
	}
	switch err := o.mu.Acquire(ctx); err {
	case nil:
	case errOnceDone:
		return nil
	default:
		return err
	}
	defer o.release()
	if o.Done() {
		return nil
	}
	err := f(ctx)
	if err == nil {
		kernel.Touch(o, kernel.Changes)
		o.done.Store(true)
	}
	return err
}

// errOnceDone ends the waits of those for whom it was done.
var errOnceDone = errors.New("anyio: done")

// release lets the next one try or, if it is done, all go on at one instant: none of them can
// cancel another one then.
func (o *Once) release() {
	if o.done.Load() {
		o.mu.releaseAll(errOnceDone)
	} else {
		o.mu.Release()
	}
}

// Done reports whether it is done.
func (o *Once) Done() bool {
	kernel.Touch(o, kernel.Looks)
	return o.done.Load()
}

// OnceValue returns a function that calls f until it succeeds, and returns its value
// from then on. It may be called from any number of tasks; they wait as in Once.Do.
// Cancellation: as for Once.Do.
func OnceValue[T any](f func(ctx context.Context) (T, error)) func(ctx context.Context) (T, error) {
	if f == nil {
		panic(misuse("OnceValue: the function is nil"))
	}
	var once Once
	var value T
	return func(ctx context.Context) (T, error) {
		err := once.Do(ctx, func(ctx context.Context) (err error) {
			v, err := f(ctx)
			if err == nil {
				value = v
			}
			return err
		})
		if err != nil {
			var zero T
			return zero, err
		}
		return value, nil
	}
}
