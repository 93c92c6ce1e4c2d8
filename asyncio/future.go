package asyncio

import "context"

// A Future is a result that is not there yet. A loop's tasks await it; done callbacks are
// called by the loop. Like all of a loop it is for the loop's tasks and callbacks alone;
// anyio.Future is for any goroutine.
type Future[T any] struct {
	future
	value T
}

// An Awaitable is a *Future[T] or a *Task[T].
type Awaitable[T any] interface {
	AnyFuture
	// Result returns the outcome without waiting.
	Result() (T, error)
	// Await waits for the outcome and returns it. Cancellation: the future is canceled,
	// too, and the error is that of the cancellation.
	Await(ctx context.Context) (T, error)
}

// NewFuture makes a future of the loop on which ctx runs. It panics if there is none.
func NewFuture[T any](ctx context.Context) *Future[T] { return CreateFuture[T](mustRunningLoop(ctx)) }

// CreateFuture makes a future of a loop.
func CreateFuture[T any](l *Loop) *Future[T] {
	f := &Future[T]{}
	f.init(l)
	return f
}

func (f *Future[T]) init(l *Loop) { f.loop, f.self = l, f }

// SetResult gives the future its result. The error is ErrInvalidState if it is done.
func (f *Future[T]) SetResult(value T) error {
	f.loop.use("SetResult")
	if !f.finish(value) {
		return ErrInvalidState
	}
	return nil
}

// finish is SetResult; false if the future is done.
func (f *Future[T]) finish(value T) bool {
	if f.state != pending {
		return false
	}
	f.value = value
	f.settle(finished, nil)
	return true
}

// SetErr lets the future fail. The error is ErrInvalidState if it is done. If nobody asks
// for err, the loop's exception handler gets it when the future is garbage, or the loop
// ends.
func (f *Future[T]) SetErr(err error) error {
	f.loop.use("SetErr")
	if err == nil {
		return misuse("Future.SetErr with a nil error: use SetResult for success")
	}
	if !f.fail(err) {
		return ErrInvalidState
	}
	return nil
}

// Result returns the result, or the error that Err returns, without waiting.
func (f *Future[T]) Result() (T, error) {
	if err := f.Err(); err != nil {
		var zero T
		return zero, err
	}
	return f.value, nil
}

// Await waits until the future is done and returns its result, or the error that Err
// returns. It does not wait for one that is done.
//
// Cancellation: the future is canceled, too, as in Python; Shield protects it. A future
// that is done before that keeps its outcome.
func (f *Future[T]) Await(ctx context.Context) (T, error) {
	if err := f.wait(ctx); err != nil {
		var zero T
		return zero, err
	}
	return f.Result()
}
