package anyioutils

import (
	"context"

	"github.com/anyio-go/anyio"
)

// A StartedTask is a task that tells when it is ready, with a value of type S.
type StartedTask[S any] struct {
	Task[struct{}]
	started anyio.Future[S]
}

// StartTask starts f as CreateTask does, and returns at once: WaitStarted waits until f has
// called started. f should call it once; a second call panics with an *anyio.MisuseError.
// An error of f reaches the group, whether f called started or not. Cancellation: as for
// CreateTask.
func StartTask[S any](ctx context.Context, f func(ctx context.Context, started func(S)) error, opts ...TaskOption) (*StartedTask[S], error) {
	t := &StartedTask[S]{}
	name := functionName(f)
	t.watch(func() {
		err := t.Err()
		if err == nil {
			err = errNotStarted
		}
		_ = t.started.SetError(err) // unless it was started
	})
	run := func(ctx context.Context) (struct{}, error) {
		return struct{}{}, f(ctx, func(value S) {
			if t.started.Set(value) != nil {
				panic(misuse("started was called twice by the same task: call it once, when the task is ready to serve"))
			}
		})
	}
	if err := t.create(ctx, run, optionsOf(opts), name); err != nil {
		return nil, err
	}
	return t, nil
}

var errNotStarted = misuse("the task ended without calling started")

// WaitStarted waits until the task calls started, and returns the value; also if it has
// been called before. For a task that ends without that the error is ErrCanceled, an
// *anyio.TaskError that wraps the error of f, or an *anyio.MisuseError.
// Cancellation: nothing is lost, the task goes on.
func (t *StartedTask[S]) WaitStarted(ctx context.Context) (S, error) {
	var zero S
	if err := t.started.Wait(ctx); err != nil {
		return zero, err
	}
	switch err := t.started.Err(); err {
	case nil:
		return t.started.Value()
	case ErrCanceled, errNotStarted:
		return zero, err
	default:
		return zero, t.wrapError(err)
	}
}
