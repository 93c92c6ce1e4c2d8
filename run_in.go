package anyio

import (
	"context"

	"github.com/anyio-go/anyio/internal/kernel"
)

// RunIn runs f as a task of the run that ctx belongs to, in the scope of ctx,
// and waits for it. It is for code that runs elsewhere with a context of the run,
// such as the function that RunBlocking was given: on an event loop f may touch
// what belongs to the loop's tasks. Where the caller is a task of the run, or may
// do what its tasks do, f is called right here.
//
// A simulation refuses goroutines that do not run one of its tasks, with a
// *MisuseError.
//
// If ctx belongs to no run and the calling goroutine does not run a task, f is not
// called, since it would run beside the tasks, and the error is ErrNoRun. Goroutines that
// were given no context of the run get one from a lowlevel.Token. After the end of the
// run the error is ErrRunFinished. To ask whether the caller's task was canceled, use
// ctx.Err. Cancellation: f is canceled and waited for, and what it returns is returned.
func RunIn[T any](ctx context.Context, f func(ctx context.Context) (T, error)) (T, error) {
	var zero, value T
	if f == nil {
		panic(errNoFunction)
	}
	p, err := kernel.Enter(ctx)
	r := p.Run()
	if r == kernel.Ambient() && p.Task() == nil { // maybe with a scope, but of no run
		return zero, ErrNoRun
	}
	if r.Ended() {
		return zero, ErrRunFinished
	}
	if err != nil {
		return zero, err
	}
	if r.Inside() {
		return f(ctx)
	}
	if err := r.Admit(kernel.CallIn); err != nil {
		return zero, err
	}
	var here *kernel.TaskMeta
	if r.Loops() != nil {
		here = &kernel.TaskMeta{Where: r.Index() + 1}
	}
	err = ErrRunFinished // should the task come too late for the loop
	groupErr := WithTaskGroup(ctx, func(ctx context.Context, tg *TaskGroup) error {
		var t TaskHandle
		t.t.Prepare(func(ctx context.Context) error {
			if r.Current() != nil {
				value, err = f(ctx)
			}
			return nil
		}, kernel.FuncPC(f), here)
		tg.g.Spawn(&t.t)
		t.t.AwaitShielded(ctx, opInRun)
		return nil
	})
	if groupErr != nil {
		return zero, groupErr
	}
	return value, err
}

var (
	opInRun       = kernel.RegisterPassiveOp("RunIn")
	errNoFunction = misuse("RunIn: the function is nil")
)
