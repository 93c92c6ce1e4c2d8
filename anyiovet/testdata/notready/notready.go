// Package notready has values of tasks that are used before they are there.
package notready

import (
	"context"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/socket"
)

func handle(ctx context.Context, conn *socket.Stream) error { return conn.Close(ctx) }

func bad(ctx context.Context) error {
	return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
		var l *socket.TCPListener
		tg.Go(func(ctx context.Context) (err error) {
			l, err = socket.ListenTCP(ctx, "localhost", 0)
			if err != nil {
				return err
			}
			return l.Serve(ctx, tg, handle)
		})
		conn, err := socket.DialTCP(ctx, "localhost", l.Port()) // want `notready: l is set by a task that may not have run yet: start it by Start`
		if err != nil {
			return err
		}
		return conn.Close(ctx)
	})
}

func good(ctx context.Context) error {
	return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
		var l *socket.TCPListener
		var ready anyio.Event
		tg.Go(func(ctx context.Context) (err error) {
			l, err = socket.ListenTCP(ctx, "localhost", 0)
			ready.Set()
			return err
		})
		if err := ready.Wait(ctx); err != nil {
			return err
		}
		conn, err := socket.DialTCP(ctx, "localhost", l.Port())
		if err != nil {
			return err
		}
		return conn.Close(ctx)
	})
}

func start(ctx context.Context, tg *anyio.TaskGroup) error {
	port, err := anyio.Start(ctx, tg, func(ctx context.Context, started func(int)) error {
		l, err := socket.ListenTCP(ctx, "localhost", 0)
		if err != nil {
			return err
		}
		started(l.Port())
		return l.Serve(ctx, tg, handle)
	})
	if err != nil {
		return err
	}
	_, err = socket.DialTCP(ctx, "localhost", port)
	return err
}
