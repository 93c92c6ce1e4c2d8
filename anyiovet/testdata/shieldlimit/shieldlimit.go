// Package shieldlimit has shields without a limit.
package shieldlimit

import (
	"context"
	"math"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/fileio"
	"github.com/anyio-go/anyio/stream"
)

func bad(ctx context.Context, s stream.ByteStream, save func(ctx context.Context) error) {
	_ = anyio.Shielded(ctx, anyio.Forever, s.SendEOF)                        // want `shieldlimit: while SendEOF waits, a shield without a limit holds up every cancellation: give it one`
	_ = anyio.Shielded(ctx, math.MaxInt64, func(ctx context.Context) error { // want `shieldlimit: while Send waits`
		if err := s.Send(ctx, []byte("good bye")); err != nil {
			return err
		}
		return s.Close(ctx)
	})
	_ = anyio.Shielded(ctx, anyio.Forever, anyio.SleepForever)                             // want `shieldlimit: while SleepForever waits`
	_ = anyio.Shielded(ctx, 0, save)                                                       // want `shieldlimit: with a limit of zero the shield lets nothing be done`
	_ = anyio.WithCancelScope(ctx, func(ctx context.Context, _ *anyio.CancelScope) error { // want `shieldlimit: a shielded scope without a deadline`
		return save(ctx)
	}, anyio.Shield())
}

func good(ctx context.Context, s stream.ByteStream, limit time.Duration, save func(ctx context.Context) error) {
	_ = anyio.Shielded(ctx, 5*time.Second, s.SendEOF)
	_ = anyio.Shielded(ctx, limit, s.SendEOF)
	_ = anyio.Shielded(ctx, anyio.Forever, s.Close) // releases first
	_ = anyio.WithCancelScope(ctx, func(ctx context.Context, _ *anyio.CancelScope) error {
		return save(ctx)
	}, anyio.Shield(), anyio.Deadline(anyio.Now(ctx).Add(limit)))
	_ = anyio.WithCancelScope(ctx, func(ctx context.Context, scope *anyio.CancelScope) error {
		scope.SetDeadline(anyio.Now(ctx).Add(limit))
		return save(ctx)
	}, anyio.Shield())
	_ = anyio.Shielded(ctx, anyio.Forever, func(ctx context.Context) error {
		return anyio.FailAfter(ctx, time.Second, s.SendEOF)
	})
}

// local waits for nobody outside of the program.
func local(ctx context.Context, mu *anyio.Lock, p fileio.Path) error {
	if err := anyio.Shielded(ctx, anyio.Forever, mu.Acquire); err != nil {
		return err
	}
	defer mu.Release()
	return anyio.Shielded(ctx, anyio.Forever, p.RemoveIfExists)
}

// results is called with what another function returns.
func results(all func() (context.Context, time.Duration, func(ctx context.Context) error)) error {
	return anyio.Shielded(all())
}
