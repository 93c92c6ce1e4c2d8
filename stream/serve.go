package stream

import (
	"context"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/inside"
	"github.com/anyio-go/anyio/internal/kernel"
)

// Serve implements Listener.Serve for those who write a listener: it calls accept again
// and again, and handler for each connection in a task of its own, until it is asked to
// stop (see anyio.Stopping), which is no error, or accept fails.
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
	name := anyio.Name(inside.HandlerName(ctx, kernel.FuncPC(handler)))
	_, err := anyio.MoveOnStop(ctx, func(ctx context.Context) error {
		for {
			conn, err := accept(ctx)
			if err != nil {
				return err
			}
			give(ctx, tg, name, conn, handler)
		}
	})
	return err
}

// give starts the handler of a connection. If the group has ended, which is a misuse,
// nobody else would close the connection.
func give[S any](ctx context.Context, tg *anyio.TaskGroup, name anyio.TaskOption, conn S, handler func(ctx context.Context, conn S) error) {
	started := false
	defer func() {
		if r, ok := any(conn).(anyio.Resource); ok && !started {
			_ = anyio.CloseForcefully(ctx, r)
		}
	}()
	tg.Go(func(ctx context.Context) error { return handler(ctx, conn) }, name)
	started = true
}
