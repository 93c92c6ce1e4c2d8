package portal

import (
	"context"
	"fmt"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/kernel"
)

var opStart = kernel.RegisterOp("portal.Start")

// Start starts f as a task of the portal, as anyio.Start does in a group, and waits until
// it calls started, whose value it returns. An error of f before that is returned here;
// the later outcome is told by Await of the task. Cancellation: the task is canceled and
// waited for; if it calls started all the same, its value is returned; if it failed, its
// error; else the cancellation.
func Start[V, T any](ctx context.Context, p *Portal, f func(ctx context.Context, started func(V)) (T, error), opts ...anyio.TaskOption) (V, *Task[T], error) {
	var zero V
	if f == nil {
		panic(errNoFunction)
	}
	if _, err := kernel.Enter(ctx); err != nil {
		return zero, nil, err
	}
	return start(ctx, p, f, kernel.FuncPC(f), "started", opts)
}

// start is Start of f, which is called after the function at pc. If it
// never calls started, the error says that it has not called what.
func start[V, T any](ctx context.Context, p *Portal, f func(ctx context.Context, started func(V)) (T, error), pc uintptr, what string, opts []anyio.TaskOption) (V, *Task[T], error) {
	var zero V
	var ready handOver[V]
	t, err := spawn(p, func(ctx context.Context) (T, error) {
		defer ready.giveUp()
		return f(ctx, func(v V) {
			if !ready.hand(v) {
				panic(misuse("started was called twice by the same task: call it once, when the task is ready to serve"))
			}
		})
	}, pc, calledBy(ctx, opts))
	if err != nil {
		return zero, nil, err
	}
	canceled := ready.done.WaitFor(ctx, opStart, t.task())
	if canceled != nil {
		if !ready.done.IsOpen() { // else the task is the portal's by now
			t.task().Scope.Cancel(&kernel.Cause{Reason: "the caller of portal.Start was canceled", Err: canceled})
		}
		ready.done.WaitShieldedFor(ctx, opStart, t.task())
	}
	if v, ok := ready.get(); ok {
		return v, t, nil
	}
	t.task().AwaitShielded(ctx, opStart)
	if _, err := t.outcomeFor(kernel.Locate(ctx), canceled); err != nil {
		return zero, nil, err
	}
	if canceled != nil {
		return zero, nil, canceled
	}
	return zero, nil, fmt.Errorf("anyio: task %q ended without calling %s", t.Name(), what)
}
