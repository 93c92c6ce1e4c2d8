package anyio

import (
	"context"

	"github.com/anyio-go/anyio/internal/kernel"
)

// CallInRun runs f as a task of the run that ctx belongs to, in the scope of ctx,
// and waits for it. It is for code that runs elsewhere with a context of the run,
// such as the function that RunBlocking was given: on an event loop f may touch
// what belongs to the loop's tasks. Where the caller is a task of the run, or may
// do what its tasks do, f is called right here.
//
// A context of a run for goroutines that were given none comes from
// lowlevel.Token. After the end of the run the error is ErrRunFinished. Whether the
// caller's task was canceled tells ctx.Err(). Cancellation, of the scope of ctx: f
// is canceled and waited for. [FT-01] [FT-02] [FT-03]
func CallInRun[T any](ctx context.Context, f func(ctx context.Context) (T, error)) (T, error) {
	var zero, value T
	if f == nil {
		panic(errNilTask)
	}
	p, err := kernel.Enter(ctx)
	r := p.Run()
	if r.Ended() {
		return zero, ErrRunFinished
	}
	if err != nil {
		return zero, err
	}
	if !r.Loop || r.Current() != nil {
		return f(ctx)
	}
	err = ErrRunFinished // should the group's task not run
	panicked := WithTaskGroup(ctx, func(ctx context.Context, tg *TaskGroup) error {
		var t TaskHandle
		t.start(tg, func(ctx context.Context) error { value, err = f(ctx); return nil }, kernel.FuncPC(f), nil)
		t.t.DoneLatch().WaitShielded(ctx, opInRun)
		return nil
	})
	if panicked != nil {
		return zero, panicked
	}
	return value, err
}

var opInRun = kernel.RegisterOp("CallInRun")
