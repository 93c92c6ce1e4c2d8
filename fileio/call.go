package fileio

import (
	"context"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/inside"
	"github.com/anyio-go/anyio/internal/kernel"
)

// inPlace begins a call if it is to be made by its caller. If not, nothing has
// happened, and RunBlocking is to begin it.
func inPlace(ctx context.Context) (bool, error) {
	if p := kernel.Locate(ctx); !p.Run().InPlace(false) {
		return false, nil
	}
	_, err := kernel.Enter(ctx)
	return true, err
}

// call calls f where it may block.
func call[T any](ctx context.Context, f func() (T, error)) (T, error) {
	return callWith(ctx, f, func(f func() (T, error)) (T, error) { return f() })
}

// callWith calls f with an argument where it may block. If f is no closure a call in
// place allocates nothing.
func callWith[A, T any](ctx context.Context, a A, f func(A) (T, error)) (T, error) {
	if l := limiterOf(ctx); l != nil {
		return anyio.RunBlockingValue(ctx, func() (T, error) { return f(a) }, own, anyio.Limiter(l))
	}
	switch here, err := inPlace(ctx); {
	case err != nil:
		var zero T
		return zero, err
	case here:
		return f(a)
	}
	return anyio.RunBlockingValue(ctx, func() (T, error) { return f(a) }, own)
}

// own tells RunBlocking that a function calls nobody else's.
var (
	own  = inside.OwnCall.(anyio.BlockingOption)
	owns = []anyio.BlockingOption{own}
)

// do calls a function without a result where it may block.
func do(ctx context.Context, f func() error) error {
	_, err := callWith(ctx, f, func(f func() error) (struct{}, error) { return struct{}{}, f() })
	return err
}

// cleanup calls a function that undoes something, not minding cancellation.
func cleanup(ctx context.Context, f func() error) error {
	if cleansInPlace(ctx) {
		return f()
	}
	return anyio.Shielded(ctx, anyio.Forever, func(ctx context.Context) error { return do(ctx, f) })
}

// cleansInPlace begins a cleanup if it is to be made by its caller: it is a schedule
// point then, but no call that can be canceled.
func cleansInPlace(ctx context.Context) bool {
	r := kernel.Locate(ctx).Run()
	if !r.InPlace(false) {
		return false
	}
	r.Yield(false)
	return true
}
