package anyioutils

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"runtime"
	"sync"

	"github.com/anyio-go/anyio"
)

// A Task runs a function and is a future of its outcome. CreateTask makes one that runs in
// a task group; one made by NewTask runs in the first caller that waits for it.
//
// What the function did synchronizes before the return of every Wait and Await, and before
// the done callbacks.
type Task[T any] struct {
	outcome[T]
	f       func(ctx context.Context) (T, error)
	name    string
	onError func(ctx context.Context, err error) (handled bool)

	state    sync.Mutex // guards what follows
	given    bool       // somebody is to run it
	begun    bool       // it runs, has run, or never will
	canceled *cancellation
	scope    *anyio.CancelScope // while it runs
	info     anyio.TaskInfo
	hasInfo  bool
}

// NewTask returns a task that does nothing until somebody waits for it with Await, or Wait
// of this package starts it.
func NewTask[T any](f func(ctx context.Context) (T, error), opts ...TaskOption) *Task[T] {
	t := &Task[T]{}
	t.init(f, optionsOf(opts), functionName(f))
	return t
}

func (t *Task[T]) init(f func(ctx context.Context) (T, error), o taskOptions, name string) {
	if t.f, t.onError, t.name = f, o.onError, name; o.name != "" {
		t.name = o.name
	}
}

// functionName is how anyio names the tasks of a function. It panics if that is nil.
func functionName(f any) string {
	pc := reflect.ValueOf(f).Pointer()
	if pc == 0 {
		panic(misuse("the function of a task is nil"))
	}
	return runtime.FuncForPC(pc).Name()
}

// Name returns the task's name.
func (t *Task[T]) Name() string { return t.name }

// TaskInfo describes the task of anyio that runs the function; ok is false if it has not
// begun. It shows what that was when it began.
func (t *Task[T]) TaskInfo() (info anyio.TaskInfo, ok bool) {
	t.state.Lock()
	defer t.state.Unlock()
	return t.info, t.hasInfo
}

// Value returns the value of the function without waiting. The error is ErrCanceled, an
// *anyio.TaskError that wraps the function's, or one that matches ErrInvalidState.
func (t *Task[T]) Value() (T, error) { return t.value(t.wrapError) }

func (t *Task[T]) wrapError(err error) error { return &anyio.TaskError{Task: t.name, Err: err} }

// Await waits until the task is over and returns its value; after Cancel that is the zero
// value, without an error. Otherwise the error is that of Value. If the task has not
// begun, Await runs its function, as a part of the calling task, and returns what its done
// callbacks returned, if they failed, as a *CallbackError.
//
// Cancellation: the task goes on, unless Await runs it: then it is canceled.
func (t *Task[T]) Await(ctx context.Context) (T, error) {
	var zero T
	if t.claim() && t.begin() {
		cut, failed := t.run(ctx)
		if cut != nil {
			return zero, cut
		}
		if failed != nil {
			return zero, failed
		}
	} else if err := t.Wait(ctx); err != nil {
		return zero, err
	}
	return t.awaited(t.wrapError)
}

// AddDoneCallback has callback called when the task is over: by the task itself, before
// its group can end, and after those who wait were let go on. An error, of one or more
// callbacks, fails the group that the task runs in, as a *CallbackError. Of a task that is
// over, AddDoneCallback calls it, and returns its error so. remove takes the callback
// back; it reports whether that prevented the call. A nil callback is an
// *anyio.MisuseError.
func (t *Task[T]) AddDoneCallback(callback func(t *Task[T]) error) (remove func() bool, err error) {
	if callback == nil {
		return neverRemoved, errNoCallback()
	}
	return t.add(&t.callbacks, func() error { return callback(t) })
}

// Cancel cancels the task. One that has not begun is over at once and never runs; its done
// callbacks are called by Cancel, which returns their errors as a *CallbackError. A running
// one is over when its function has returned: with the value or the error that this
// returns, if it is no cancellation. Those who wait for a canceled task get the zero value
// and no error, while Value and Err return ErrCanceled. ok reports whether the task was
// not over.
func (t *Task[T]) Cancel() (ok bool, err error) { return t.cancel(quietly) }

// CancelWithError is like Cancel, but those who wait get ErrCanceled. The first call of
// the two decides.
func (t *Task[T]) CancelWithError() (ok bool, err error) { return t.cancel(loudly) }

func (t *Task[T]) cancel(how *cancellation) (ok bool, err error) {
	if t.Done() {
		return false, nil
	}
	t.state.Lock()
	begun, scope := t.begun, t.scope
	t.begun = true
	if t.canceled == nil {
		t.canceled = how
	}
	how = t.canceled
	t.state.Unlock()
	if !begun {
		var zero T
		return t.set(zero, how)
	}
	if scope != nil {
		scope.Cancel(t.cancelReason())
	}
	return true, nil
}

// claim makes the caller the one who is to run the task, if there is none.
func (t *Task[T]) claim() bool {
	t.state.Lock()
	defer t.state.Unlock()
	given := t.given || t.begun
	t.given = true
	return !given
}

// begin reports whether who is to run the task shall do so: it was not canceled.
func (t *Task[T]) begin() bool {
	t.state.Lock()
	defer t.state.Unlock()
	begun := t.begun
	t.begun = true
	return !begun
}

// run runs the function. cut is the cancellation from outside that ended it, failed are
// the errors of callbacks.
func (t *Task[T]) run(ctx context.Context) (cut, failed error) {
	var zero T
	settling := false
	defer func() {
		if !settling { // the panic, or the Goexit, goes on
			_, _ = t.set(zero, errNotReturned)
		}
	}()
	value, caught, err := t.call(ctx)
	switch {
	case caught != nil && err == nil:
		err = t.wasCanceled()
	case err == nil:
	case ctx.Err() != nil && anyio.IsCancellation(err):
		cut, err = err, loudly
	case t.onError != nil && t.onError(ctx, err):
		value, err = zero, nil
	}
	settling = true
	_, failed = t.set(value, err)
	return cut, failed
}

// call calls the function in a scope of the task's own. caught is its error, err what is
// left of that without the task's own cancellation.
func (t *Task[T]) call(ctx context.Context) (value T, caught, err error) {
	info, hasInfo := anyio.CurrentTask(ctx)
	err = anyio.WithCancelScope(ctx, func(ctx context.Context, scope *anyio.CancelScope) error {
		t.state.Lock()
		t.scope, t.info, t.hasInfo = scope, info, hasInfo
		canceled := t.canceled
		t.state.Unlock()
		if canceled != nil {
			scope.Cancel(t.cancelReason())
		}
		value, caught = t.f(ctx)
		t.state.Lock()
		t.scope = nil
		t.state.Unlock()
		return caught
	})
	return value, caught, err
}

var errNotReturned = errors.New("anyioutils: the function of the task has panicked or exited")

func (t *Task[T]) cancelReason() string { return fmt.Sprintf("the task %q was canceled", t.name) }

// wasCanceled is how the task was canceled, which it was.
func (t *Task[T]) wasCanceled() error {
	t.state.Lock()
	defer t.state.Unlock()
	return t.canceled
}

// runIn is what a group runs.
func (t *Task[T]) runIn(ctx context.Context) error {
	if !t.begin() { // it was canceled
		return nil
	}
	cut, failed := t.run(ctx)
	switch err := t.Err(); {
	case failed != nil:
		return failed
	case cut != nil:
		return cut
	case err == ErrCanceled:
		return nil
	default:
		return err
	}
}
