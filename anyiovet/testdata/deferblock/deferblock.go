// Package deferblock has cleanup that fails after a cancellation.
package deferblock

import (
	"context"
	"errors"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/stream"
)

func bad(ctx context.Context, s stream.ByteStream, task *anyio.TaskHandle) error {
	defer s.SendEOF(ctx) // want `deferblock: after a cancellation the deferred SendEOF fails at once: call it in Shielded`
	defer func() {
		if err := s.Send(ctx, []byte("good bye")); err != nil { // want `deferblock: .*Send`
			println(err.Error())
		}
		_ = task.Wait(ctx) // want `deferblock: .*Wait`
	}()
	return anyio.SleepForever(ctx)
}

func save(ctx context.Context) error { return anyio.Sleep(ctx, time.Second) }

func good(ctx context.Context, s stream.ByteStream, task *anyio.TaskHandle) (err error) {
	defer s.Close(ctx)
	defer func() {
		err = errors.Join(err, anyio.Shielded(ctx, time.Second, func(ctx context.Context) error {
			return s.SendEOF(ctx)
		}))
	}()
	defer func() {
		_, _ = anyio.MoveOnAfter(ctx, time.Second, save, anyio.Shield())
	}()
	defer func(ctx context.Context) { _ = s.Send(ctx, nil) }(context.Background())
	after := context.WithoutCancel(ctx)
	defer s.SendEOF(after)
	defer func() { _ = save(ctx) }() // of this program: it may have a shield
	return anyio.SleepForever(ctx)
}
