// Package duration has durations without a unit.
package duration

import (
	"context"
	"time"

	"github.com/anyio-go/anyio"
)

const limit = 5

func bad(ctx context.Context, f func(ctx context.Context) error) {
	_ = anyio.FailAfter(ctx, 5, f)                              // want `duration: 5 without a unit is a number of nanoseconds: write 5\*time.Second, say`
	_ = anyio.Sleep(ctx, 100)                                   // want `duration: 100 without a unit`
	_, _ = anyio.MoveOnAfter(ctx, 5*time.Second*time.Second, f) // want `duration: this is more than a hundred years`
	_ = anyio.OnTimer(30)                                       // want `duration: 30 without a unit`
}

func good(ctx context.Context, n time.Duration, f func(ctx context.Context) error) {
	_ = anyio.FailAfter(ctx, 5*time.Second, f)
	_ = anyio.FailAfter(ctx, anyio.Forever, f)
	_ = anyio.FailAfter(ctx, limit*time.Second, f)
	_ = anyio.FailAfter(ctx, n, f)
	_ = anyio.Sleep(ctx, 0)
	_ = anyio.Sleep(ctx, 1) // a moment, as short as it can be
	_ = anyio.Sleep(ctx, 50e6)
	_ = anyio.FailAt(ctx, anyio.Now(ctx).Add(n), f)
	_ = anyio.FailAt(ctx, time.Time{}, f) // no deadline
}
