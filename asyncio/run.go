package asyncio

import (
	"context"
	"errors"
	"fmt"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/kernel"
)

// Run runs main as the first task of a new event loop and returns its error. When main has
// ended, the tasks that are left are asked to end, once, and waited for; their errors go
// to the exception handler. What they leave behind nevertheless is canceled for good.
//
// The options are those of anyio.Run; On may choose a simulation. A panic of main is
// raised again here.
//
// Cancellation: all tasks of the loop are canceled, as a level.
func Run(ctx context.Context, main func(ctx context.Context) error, opts ...anyio.RunOption) error {
	_, err := RunValue(ctx, func(ctx context.Context) (struct{}, error) { return struct{}{}, main(ctx) }, opts...)
	return err
}

// RunValue runs a function as Run does, and returns its result. Cancellation: as for Run.
func RunValue[T any](ctx context.Context, main func(ctx context.Context) (T, error), opts ...anyio.RunOption) (T, error) {
	opts = append([]anyio.RunOption{anyio.On(anyio.EventLoop())}, opts...)
	return anyio.RunValue(ctx, func(ctx context.Context) (T, error) {
		var zero T
		l, err := loopOfRun(ctx)
		if err != nil {
			return zero, err
		}
		l.host = kernel.Locate(ctx).Task()
		t := newTask(l, ctx, main, nil)
		if err := l.runUntilDone(ctx, &t.f.future); err != nil {
			return zero, err
		}
		v, err := t.Result()
		if pe := (*anyio.PanicError)(nil); errors.As(err, &pe) && err == error(pe) {
			panic(pe)
		}
		return v, err
	}, opts...)
}

// loopOfRun is the loop of a run that was begun for it.
func loopOfRun(ctx context.Context) (*Loop, error) {
	l, err := RunningLoop(ctx)
	if err == ErrNoLoop {
		err = fmt.Errorf("%w: the backend that was chosen has none: choose EventLoop or a simulation", err)
	}
	return l, err
}

var opRun = kernel.RegisterPassiveOp("asyncio.Run")

// runUntilDone lets the calling host wait until the main task is done or the loop stopped,
// then ends all tasks.
func (l *Loop) runUntilDone(ctx context.Context, main *future) (err error) {
	var left []*taskPart
	var stopped kernel.Latch
	main.addCallback(l.looper.Halt)
	l.onStop = func() { // between two iterations: no task has its turn before it is asked
		l.onStop = nil
		if !main.Done() {
			err = ErrLoopStopped
		}
		left = l.cancelAll()
		stopped.Open()
	}
	stopped.WaitShielded(ctx, opRun)
	l.endAll(ctx, left)
	return err
}

// cancelAll asks all tasks to end and returns them.
func (l *Loop) cancelAll() (all []*taskPart) {
	for _, t := range l.AllTasks() {
		all = append(all, t.part())
		t.part().cancel("the run ends")
	}
	return all
}

// endAll waits for tasks that were asked to end.
func (l *Loop) endAll(ctx context.Context, all []*taskPart) {
	for _, t := range all {
		t.fut.waitShielded(ctx)
	}
	for _, t := range all {
		if !t.fut.Canceled() && t.fut.Err() != nil {
			l.CallExceptionHandler(ErrorContext{Message: "error of a task at the end of Run", Err: t.fut.Err(), Task: t.self, Future: t.self})
		}
	}
}
