package fileio

import (
	"context"
	"sync/atomic"

	"github.com/anyio-go/anyio"
)

type limiterKey struct{}

// limited is set when there is a limiter in some context, so that programs that have none
// do not look for one at each call.
var limited atomic.Bool

// WithLimiter returns a context in which calls of this package take a token of l, on every
// backend: those of paths and functions, such as ReadBytes, Glob and Copy, and of the files
// that are opened in it, as by File.SetLimiter. So a walk through a network file system
// leaves the threads to others. With nil they take none but those of the run. A Path is a
// string and carries no limiter of its own.
func WithLimiter(ctx context.Context, l *anyio.CapacityLimiter) context.Context {
	limited.Store(true)
	return context.WithValue(ctx, limiterKey{}, l)
}

// limiterOf is the limiter of a context, nil if it has none.
func limiterOf(ctx context.Context) *anyio.CapacityLimiter {
	if !limited.Load() {
		return nil
	}
	l, _ := ctx.Value(limiterKey{}).(*anyio.CapacityLimiter)
	return l
}
