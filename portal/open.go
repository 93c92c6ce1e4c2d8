package portal

import (
	"context"

	"github.com/anyio-go/anyio/internal/kernel"
)

var opOpen = kernel.RegisterOp("portal.Open")

// Open uses a function that takes a body, such as anyio.WithTaskGroup, from code that
// opens in one place and closes in another: with runs in a task of the portal up to the
// call of its body, whose value Open returns; leave ends the body with the given error,
// waits for with, and returns its error. All of with runs in one task. If that is
// canceled first, the body ends by itself with the cancellation, and leave returns what
// with returns then. Call leave once. Cancellation: as for Start; when leave is canceled,
// the task is canceled and waited for, as by Call.
func Open[V any](ctx context.Context, p *Portal, with func(ctx context.Context, body func(ctx context.Context, v V) error) error) (v V, leave func(ctx context.Context, err error) error, err error) {
	if with == nil {
		panic(errNoFunction)
	}
	var left handOver[error]
	late := false // the task was canceled before that; written before left is set
	if _, err := kernel.Enter(ctx); err != nil {
		return v, nil, err
	}
	v, t, err := start(ctx, p, func(ctx context.Context, started func(V)) (struct{}, error) {
		return struct{}{}, with(ctx, func(ctx context.Context, v V) error {
			started(v)
			// The caller may have left already, and the task been canceled after that.
			p := kernel.Locate(ctx)
			if canceled := left.done.WaitAt(p, opOpen); canceled != nil {
				return canceled
			}
			if late {
				if canceled := p.CanceledOr(nil); canceled != nil {
					return canceled
				}
			}
			err, _ := left.get()
			return err
		})
	}, kernel.FuncPC(with), "its body", nil)
	if err != nil {
		return v, nil, err
	}
	return v, func(ctx context.Context, err error) error {
		late = t.task().Scope.WasCanceled()
		left.hand(err)
		place, _ := kernel.Enter(ctx) // leave even so
		_, err = t.finish(place, "the caller of leave was canceled")
		return err
	}, nil
}
