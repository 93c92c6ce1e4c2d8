package main

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/anyio-go/anyio"
)

// A loadCase is one kind of load. A round of it does its work, checks the outcome, and
// leaves nothing behind, also if it is canceled.
type loadCase struct {
	name    string
	workers int           // tasks that do rounds at the same time
	pause   time.Duration // between two rounds of a worker
	round   func(ctx context.Context) error
	rounds  atomic.Int64
}

var cases = []*loadCase{
	{name: "tasks", workers: 2, pause: time.Millisecond, round: tasks},
	{name: "cancels", workers: 2, pause: time.Millisecond, round: cancels},
	{name: "deadlines", workers: 2, pause: time.Millisecond, round: deadlines},
	{name: "streams", workers: 2, pause: time.Millisecond, round: streams},
	{name: "locks", workers: 2, pause: time.Millisecond, round: locks},
	{name: "blocking", workers: 2, pause: 2 * time.Millisecond, round: blocking},
	{name: "portals", workers: 1, pause: 5 * time.Millisecond, round: portals},
	{name: "echo", workers: 2, pause: 5 * time.Millisecond, round: echo},
	{name: "processes", workers: 1, pause: 300 * time.Millisecond, round: processes},
}

// load does rounds of all cases until it is canceled.
func load(ctx context.Context) error {
	return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
		for _, c := range cases {
			for range c.workers {
				tg.Go(func(ctx context.Context) error {
					for {
						if err := c.round(ctx); err != nil {
							return fmt.Errorf("%s: %w", c.name, err)
						}
						c.rounds.Add(1)
						if err := anyio.Sleep(ctx, c.pause); err != nil {
							return err
						}
					}
				}, anyio.Name(c.name))
			}
		}
		return nil
	})
}

// want is an error if got is not what is wanted.
func want[T comparable](what string, got, want T) error {
	if got != want {
		return fmt.Errorf("%s: got %v, want %v", what, got, want)
	}
	return nil
}
