package portal

import (
	"context"
	"errors"
	"runtime"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/kernel"
)

var opCall = kernel.RegisterPassiveOp("portal.Call")

// Call runs f as a task of the portal, waits for its end and returns what it
// returned, as Task.Await does. It may be called from tasks of the same run, too.
// runtime.Goexit in f goes on here. Cancellation: the task is canceled and waited for;
// if it ended for that reason, the cancellation is returned, else what f returned.
func Call[T any](ctx context.Context, p *Portal, f func(ctx context.Context) (T, error), opts ...anyio.TaskOption) (T, error) {
	var zero T
	if f == nil {
		panic(errNoFunction)
	}
	place, err := kernel.Enter(ctx)
	if err != nil {
		return zero, err
	}
	if p.group.MayRunHere() {
		return callHereFor(ctx, place, p, newTask(f, kernel.FuncPC(f), calledBy(ctx, opts)))
	}
	t, err := spawn(p, f, kernel.FuncPC(f), calledBy(ctx, opts))
	if err != nil {
		return zero, err
	}
	value, err := t.finish(place, "the caller of portal.Call was canceled")
	if err != nil && t.exited(err) {
		runtime.Goexit()
	}
	return value, err
}

// exited reports whether err, the task's outcome, stands for a runtime.Goexit of its
// function.
func (t *Task[T]) exited(err error) bool {
	if how, _ := t.task().Outcome(); how != kernel.Failed {
		return false
	}
	_, panicked := errors.AsType[*anyio.PanicError](err)
	return !t.returned && !panicked
}

// finish waits for the task, which it cancels if the place is.
func (t *Task[T]) finish(place kernel.Place, reason string) (T, error) {
	task := t.task()
	canceled := task.AwaitAt(place, opCall)
	if canceled != nil {
		task.Scope.Cancel(&kernel.Cause{Reason: reason, Err: canceled})
		task.AwaitShieldedAt(place, opCall)
	}
	return t.outcomeFor(place, canceled)
}

// outcomeFor is the outcome for a caller at a place, who was canceled with the error if it
// is not nil. His cancellation may still be on its way to him, and have come to the task.
func (t *Task[T]) outcomeFor(place kernel.Place, canceled error) (T, error) {
	how, err := t.task().Outcome()
	if how == kernel.Canceled {
		if canceled = place.CanceledOr(canceled); canceled != nil {
			var zero T
			return zero, canceled
		}
	}
	return t.outcomeOf(how, err)
}

// callHereFor is Call where the caller's goroutine may as well be the task's.
func callHereFor[T any](ctx context.Context, place kernel.Place, p *Portal, t *Task[T]) (T, error) {
	if ctx.Done() != nil {
		t.caller = ctx
	}
	if p.isStopped() || !t.runHere(place, p.group) {
		var zero T
		return zero, ErrStopped
	}
	return t.outcomeFor(place, place.Check())
}

// runHere runs the task on the goroutine of its caller, who is seen to wait meanwhile.
func (t *Task[T]) runHere(place kernel.Place, g *kernel.Group) bool {
	if place.S == nil { // nobody looks
		return g.RunHere(place, t.task())
	}
	w := kernel.GetWaiter()
	w.For(t.task())
	ended := w.Hold(place, opCall)
	defer func() { // also if the task exits the goroutine
		w.Release(place, ended)
		kernel.PutWaiter(w)
	}()
	return g.RunHere(place, t.task())
}
