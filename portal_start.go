package anyio

import (
	"context"
	"fmt"

	"github.com/anyio-go/anyio/internal/kernel"
)

var opPortalStart = kernel.RegisterOp("PortalStart")

// PortalStart starts f as a task of the portal, as Start does, and waits until it calls
// started, whose value it returns. An error of f before that is returned here; the
// later outcome is told by Await of the task. Cancellation: the task is canceled and
// waited for; if it calls started all the same, its value is returned; if it failed,
// its error; else the cancellation.
func PortalStart[V, T any](ctx context.Context, p *Portal, f func(ctx context.Context, started func(V)) (T, error), opts ...TaskOption) (V, *PortalTask[T], error) {
	var zero V
	if f == nil {
		panic(errNilTask)
	}
	if _, err := kernel.Enter(ctx); err != nil {
		return zero, nil, err
	}
	return startPortal(ctx, p, f, kernel.FuncPC(f), "started", opts)
}

// startPortal is PortalStart of f, which is called after the function at pc. If it
// never calls started, the error says that it has not called what.
func startPortal[V, T any](ctx context.Context, p *Portal, f func(ctx context.Context, started func(V)) (T, error), pc uintptr, what string, opts []TaskOption) (V, *PortalTask[T], error) {
	var zero V
	ready := NewFuture[V]("started")
	t, err := spawnPortal(p, func(ctx context.Context) (T, error) {
		defer ready.Cancel() // does nothing if it was set
		return f(ctx, func(v V) {
			if ready.Set(v) == ErrFutureFinished {
				panic(misuse("started was called twice by the same task: call it once, when the task is ready to serve"))
			}
		})
	}, pc, opts)
	if err != nil {
		return zero, nil, err
	}
	canceled := ready.done.Wait(ctx, opPortalStart)
	if canceled != nil {
		if !ready.done.IsOpen() { // else the task is the portal's by now
			t.h.t.Scope.Cancel(&kernel.Cause{Reason: "the caller of PortalStart was canceled", Err: canceled})
		}
		ready.done.WaitShielded(ctx, opPortalStart)
	}
	if v, err := ready.Value(); err == nil {
		return v, t, nil
	}
	t.h.t.DoneLatch().WaitShielded(ctx, opPortalStart)
	if _, err := t.outcomeFor(canceled); err != nil {
		return zero, nil, err
	}
	if canceled != nil {
		return zero, nil, canceled
	}
	return zero, nil, fmt.Errorf("anyio: task %q ended without calling %s", t.Name(), what)
}

// PortalOpen uses a function of the With kind from code that opens here and closes
// there: with runs in a task of the portal up to the call of its body, whose value
// PortalOpen returns; leave ends the body with the given error, waits for with, and
// returns its error. All of with runs in one task. If that is canceled first, the body
// ends by itself with the cancellation, and leave returns what with makes of it. Call
// leave once. Cancellation: as for PortalStart; when leave is canceled, the task is
// canceled and waited for, as by PortalCall.
func PortalOpen[V any](ctx context.Context, p *Portal, with func(ctx context.Context, body func(ctx context.Context, v V) error) error) (v V, leave func(ctx context.Context, err error) error, err error) {
	if with == nil {
		panic(errNilTask)
	}
	left := NewFuture[error]("body of PortalOpen")
	late := false // the task was canceled before that; written before left is set
	if _, err := kernel.Enter(ctx); err != nil {
		return v, nil, err
	}
	v, t, err := startPortal(ctx, p, func(ctx context.Context, started func(V)) (struct{}, error) {
		return struct{}{}, with(ctx, func(ctx context.Context, v V) error {
			started(v)
			// The caller may have left already, and the task been canceled after that.
			p := kernel.Locate(ctx)
			if canceled := left.done.WaitAt(p, opFuture); canceled != nil {
				return canceled
			}
			if late {
				if canceled := p.Check(); canceled != nil {
					return canceled
				}
			}
			err, _ := left.Value()
			return err
		})
	}, kernel.FuncPC(with), "its body", nil)
	if err != nil {
		return v, nil, err
	}
	return v, func(ctx context.Context, err error) error {
		late = t.h.t.Scope.Canceled()
		_ = left.Set(err)
		_, err = t.finish(ctx, "the caller of leave was canceled")
		return err
	}, nil
}
