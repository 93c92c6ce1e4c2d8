// Package outlive has resources that are closed while a task uses them.
package outlive

import (
	"context"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/socket"
)

func use(ctx context.Context, conn *socket.Stream) error { return conn.Send(ctx, nil) }

func bad(ctx context.Context, tg *anyio.TaskGroup) error {
	conn, err := socket.DialTCP(ctx, "localhost", 80)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	tg.Go(func(ctx context.Context) error { return use(ctx, conn) }) // want `outlive: the task uses conn, which is closed when the function returns: let the task close it`
	return nil
}

func scope(ctx context.Context) error {
	return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
		return anyio.FailAfter(ctx, time.Second, func(ctx context.Context) error {
			conn, err := socket.DialTCP(ctx, "localhost", 80)
			if err != nil {
				return err
			}
			defer func() { _ = conn.Close(ctx) }()
			tg.Go(func(ctx context.Context) error { // want `outlive: the task uses conn`
				return use(ctx, conn)
			})
			return nil
		})
	})
}

func body(ctx context.Context) error {
	return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
		conn, err := socket.DialTCP(ctx, "localhost", 80)
		if err != nil {
			return err
		}
		defer conn.Close(ctx)
		tg.Go(func(ctx context.Context) error { return use(ctx, conn) }) // want `outlive: the task uses conn`
		return nil
	})
}

func bodyThatWaits(ctx context.Context) error {
	return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
		conn, err := socket.DialTCP(ctx, "localhost", 80)
		if err != nil {
			return err
		}
		defer conn.Close(ctx)
		done := make(chan struct{})
		tg.Go(func(ctx context.Context) error {
			defer close(done)
			return use(ctx, conn)
		})
		<-done
		return nil
	})
}

func good(ctx context.Context, outer *anyio.TaskGroup) error {
	conn, err := socket.DialTCP(ctx, "localhost", 80)
	if err != nil {
		return err
	}
	outer.Go(func(ctx context.Context) error {
		defer conn.Close(ctx)
		return use(ctx, conn)
	})
	l, err := socket.ListenTCP(ctx, "localhost", 0)
	if err != nil {
		return err
	}
	err = anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
		defer l.Close(ctx)
		tg.Go(func(ctx context.Context) error { return l.Serve(ctx, tg, use) }) // ends when it is closed
		return nil
	})
	if err != nil {
		return err
	}
	return waitsForIt(ctx, outer)
}

func waitsForIt(ctx context.Context, tg *anyio.TaskGroup) error {
	conn, err := socket.DialTCP(ctx, "localhost", 80)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	var done anyio.Event
	tg.Go(func(ctx context.Context) error {
		defer done.Set()
		return use(ctx, conn)
	})
	return done.Wait(ctx)
}
