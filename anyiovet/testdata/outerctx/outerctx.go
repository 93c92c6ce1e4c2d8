// Package outerctx has bodies and tasks that use the context from outside.
package outerctx

import (
	"context"
	"net/http"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/stream"
)

func scopes(ctx context.Context) error {
	err := anyio.FailAfter(ctx, time.Second, func(inner context.Context) error {
		return anyio.SleepForever(ctx) // want `outerctx: the body of FailAfter has a context of its own`
	})
	if err != nil {
		return err
	}
	return anyio.Shielded(ctx, time.Second, func(context.Context) error {
		return anyio.Sleep(ctx, time.Second) // want `outerctx: the body of Shielded`
	})
}

func unnamed(ctx context.Context) error {
	return anyio.WithCancelScope(ctx, func(_ context.Context, scope *anyio.CancelScope) error {
		scope.Cancel("enough")
		return anyio.Sleep(ctx, time.Second) // want `outerctx: the body of WithCancelScope`
	})
}

func tasks(ctx context.Context, s stream.ByteStream) error {
	return anyio.WithTaskGroup(ctx, func(groupCtx context.Context, tg *anyio.TaskGroup) error {
		tg.Go(func(taskCtx context.Context) error {
			_, err := s.Receive(groupCtx, nil) // want `outerctx: the task has a context of its own`
			return err
		})
		tg.Go(func(taskCtx context.Context) error {
			req, err := http.NewRequestWithContext(ctx, "GET", "http://localhost", nil) // want `outerctx: the task`
			_ = req
			return err
		})
		return nil
	})
}

func derived(parent context.Context) error {
	short, cancel := context.WithTimeout(parent, time.Second)
	defer cancel()
	return anyio.WithTaskGroup(short, func(ctx context.Context, tg *anyio.TaskGroup) error {
		return own(short) // want `outerctx: the body of WithTaskGroup`
	})
}

func hidden(ctx context.Context) error {
	return anyio.FailAfter(ctx, time.Second, func(inner context.Context) error {
		for inner := range 3 {
			_ = inner
			if err := own(ctx); err != nil { // want `outerctx: the body of FailAfter`
				return err
			}
		}
		return nil
	})
}

func own(ctx context.Context) error { return anyio.Sleep(ctx, time.Second) }

// good are uses of a context from outside that are right.
func good(ctx context.Context) error {
	root := context.WithoutCancel(ctx)
	kept := struct{ ctx context.Context }{ctx}
	return anyio.WithTaskGroup(ctx, func(group context.Context, tg *anyio.TaskGroup) error {
		tg.Go(own, anyio.ValuesOf(ctx)) // asked, not waited with
		if ctx.Err() != nil || anyio.Stopping(ctx) {
			return context.Cause(ctx)
		}
		if err := own(root); err != nil { // meant to go on
			return err
		}
		if err := own(kept.ctx); err != nil {
			return err
		}
		cleanup := func() error { return own(group) }
		return anyio.FailAfter(group, time.Second, func(ctx context.Context) error {
			defer func() { _ = cleanup() }()
			return own(ctx)
		})
	})
}

func marked(ctx context.Context) error {
	return anyio.FailAfter(ctx, time.Second, func(inner context.Context) error {
		return own(ctx) //anyiovet:ignore outerctx it is only about to end
	})
}
