package stream

import (
	"context"

	"github.com/anyio-go/anyio"
)

// Serve is Listener.Serve for whoever writes a listener: it calls accept again and
// again, and handler for each connection in a task of its own, until accept fails.
// The tasks belong to tg; if it is nil, to a group of Serve's own, which is canceled
// when accept fails, and a handler that fails ends Serve.
//
// Cancellation: a connection that was accepted is always given to handler.
func Serve[S any](ctx context.Context, accept func(ctx context.Context) (S, error), tg *anyio.TaskGroup, handler func(ctx context.Context, conn S) error) error {
	if tg == nil {
		return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			return Serve(ctx, accept, tg, handler)
		})
	}
	for {
		conn, err := accept(ctx)
		if err != nil {
			return err
		}
		tg.Go(func(ctx context.Context) error { return handler(ctx, conn) })
	}
}
