// Package scopeend has scopes that are opened and not ended.
package scopeend

import (
	"context"
	"errors"
	"log"
	"time"

	"github.com/anyio-go/anyio"
)

var errSmall = errors.New("too small")

func early(ctx context.Context, n int) error {
	ctx, scope := anyio.OpenCancelScope(ctx) // want `scopeend: what OpenCancelScope opens is not ended at the return in line 18: use WithCancelScope, or defer End`
	if n < 3 {
		return errSmall
	}
	return scope.End(anyio.Sleep(ctx, time.Second))
}

func group(ctx context.Context, n int) error {
	ctx, tg := anyio.OpenTaskGroup(ctx) // want `scopeend: what OpenTaskGroup opens is not ended at the return in line 29: use WithTaskGroup, or defer End`
	tg.Go(anyio.SleepForever)
	tg.Cancel("enough")
	switch n {
	case 1:
		return anyio.Sleep(ctx, time.Second)
	}
	return tg.End(nil)
}

func never(ctx context.Context) {
	ctx, scope := anyio.OpenCancelScope(ctx) // want `scopeend: .* in line 38`
	scope.Cancel("enough")
	_ = anyio.Sleep(ctx, time.Second)
}

func lost(ctx context.Context) error {
	ctx, _ = anyio.OpenCancelScope(ctx) // want `scopeend: what OpenCancelScope opens can never be ended`
	return anyio.Sleep(ctx, time.Second)
}

type server struct {
	scope *anyio.CancelScope
	tg    *anyio.TaskGroup
}

func (s *server) open(ctx context.Context) context.Context {
	ctx, s.scope = anyio.OpenCancelScope(ctx)
	ctx, tg := anyio.OpenTaskGroup(ctx)
	s.tg = tg
	return ctx
}

func handOn(ctx context.Context) (context.Context, *anyio.CancelScope) {
	ctx, scope := anyio.OpenCancelScope(ctx)
	scope.SetShield(true)
	return ctx, scope
}

func ender(ctx context.Context) func(err error) error {
	_, scope := anyio.OpenCancelScope(ctx)
	return func(err error) error { return scope.End(err) }
}

func good(ctx context.Context, n int) (err error) {
	ctx, scope := anyio.OpenCancelScope(ctx)
	defer func() { err = scope.End(err) }()
	if n < 3 {
		return errSmall
	}
	inner, other := anyio.OpenCancelScope(ctx)
	if n < 4 {
		log.Fatal("too small")
	}
	if n < 5 {
		return other.End(errSmall)
	}
	for range n {
		if err := anyio.Sleep(inner, time.Second); err != nil {
			break
		}
	}
	return other.End(nil)
}
