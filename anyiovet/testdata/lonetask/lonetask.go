// Package lonetask has groups of one task.
package lonetask

import (
	"context"
	"time"

	"github.com/anyio-go/anyio"
)

func work(ctx context.Context) error { return anyio.Sleep(ctx, time.Second) }

func bad(ctx context.Context) error {
	err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error { // want `lonetask: a group with one task and nothing beside it: call the function`
		tg.Go(work)
		return nil
	})
	if err != nil {
		return err
	}
	return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error { // want `lonetask: .*`
		tg.Go(func(ctx context.Context) error {
			return work(ctx)
		})
		return nil
	})
}

func good(ctx context.Context, serve func(ctx context.Context, tg *anyio.TaskGroup) error) error {
	err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
		tg.Go(work)
		return work(ctx)
	})
	if err != nil {
		return err
	}
	err = anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
		tg.Go(func(ctx context.Context) error { return serve(ctx, tg) })
		return nil
	})
	if err != nil {
		return err
	}
	err = anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
		tg.Go(work, anyio.Name("worker")) // a call has no name
		return nil
	})
	if err != nil {
		return err
	}
	err = anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
		tg.Go(work)
		return context.Cause(ctx)
	})
	if err != nil {
		return err
	}
	return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
		for range 3 {
			tg.Go(work)
		}
		return nil
	})
}
