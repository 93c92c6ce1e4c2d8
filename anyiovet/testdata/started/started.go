// Package started has tasks of Start that do not say that they have started.
package started

import (
	"context"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/portal"
)

func bad(ctx context.Context, tg *anyio.TaskGroup, p *portal.Portal) error {
	_, err := anyio.Start(ctx, tg, func(ctx context.Context, started func(int)) error { // want `started: the task never calls started, which Start waits for`
		return anyio.SleepForever(ctx)
	})
	if err != nil {
		return err
	}
	_, _, err = anyio.StartHandle(ctx, tg, func(ctx context.Context, _ func(int)) error { // want `started: the task never calls started, which StartHandle waits for`
		return anyio.SleepForever(ctx)
	})
	if err != nil {
		return err
	}
	_, _, err = portal.Start(ctx, p, func(ctx context.Context, started func(int)) (string, error) { // want `started: .*`
		return "", anyio.SleepForever(ctx)
	})
	if err != nil {
		return err
	}
	_, err = anyio.Start(ctx, tg, forgets) // want `started: .*`
	return err
}

func forgets(ctx context.Context, started func(int)) error { return anyio.SleepForever(ctx) }

func says(ctx context.Context, started func(int)) error {
	started(1)
	return anyio.SleepForever(ctx)
}

func passes(ctx context.Context, started func(int)) error { return says(ctx, started) }

type server struct{}

func (server) run(ctx context.Context, started func(int)) error { return passes(ctx, started) }

func good(ctx context.Context, tg *anyio.TaskGroup) error {
	for _, f := range []func(ctx context.Context, started func(int)) error{says, passes, server{}.run} {
		if _, err := anyio.Start(ctx, tg, f); err != nil {
			return err
		}
	}
	if _, err := anyio.Start(ctx, tg, server{}.run); err != nil {
		return err
	}
	_, err := anyio.Start(ctx, tg, func(ctx context.Context, started func(int)) error {
		return anyio.ErrClosed // fails at once
	})
	if err != nil {
		return err
	}
	_, err = anyio.Start(ctx, tg, func(ctx context.Context, started func(int)) error {
		defer started(2)
		return nil
	})
	return err
}
