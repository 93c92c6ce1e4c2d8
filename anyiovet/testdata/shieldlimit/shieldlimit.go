// Package shieldlimit has shields without a limit.
package shieldlimit

import (
	"context"
	"math"
	"time"

	"github.com/anyio-go/anyio"
)

func bad(ctx context.Context, save func(ctx context.Context) error) {
	_ = anyio.Shielded(ctx, anyio.Forever, save)                                           // want `shieldlimit: a shield without a limit holds up every cancellation`
	_ = anyio.Shielded(ctx, math.MaxInt64, save)                                           // want `shieldlimit: a shield without a limit`
	_ = anyio.Shielded(ctx, 0, save)                                                       // want `shieldlimit: with a limit of zero the shield lets nothing be done`
	_ = anyio.WithCancelScope(ctx, func(ctx context.Context, _ *anyio.CancelScope) error { // want `shieldlimit: a shielded scope without a deadline`
		return save(ctx)
	}, anyio.Shield())
}

func good(ctx context.Context, limit time.Duration, save func(ctx context.Context) error) {
	_ = anyio.Shielded(ctx, 5*time.Second, save)
	_ = anyio.Shielded(ctx, limit, save)
	_ = anyio.WithCancelScope(ctx, func(ctx context.Context, _ *anyio.CancelScope) error {
		return save(ctx)
	}, anyio.Shield(), anyio.Deadline(anyio.Now(ctx).Add(limit)))
	_ = anyio.WithCancelScope(ctx, func(ctx context.Context, scope *anyio.CancelScope) error {
		scope.SetDeadline(anyio.Now(ctx).Add(limit))
		return save(ctx)
	}, anyio.Shield())
	_ = anyio.Shielded(ctx, anyio.Forever, save) //anyiovet:ignore shieldlimit it always ends
}
