package asyncio_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/asyncio"
	"github.com/anyio-go/anyio/internal/testkit"
	"github.com/anyio-go/anyio/sim"
)

// goes begins a task and lets it run until it waits.
func goes(t *testing.T, ctx context.Context, f func(ctx context.Context) error) *asyncio.Task[struct{}] {
	t.Helper()
	task := asyncio.CreateTask(ctx, func(ctx context.Context) (struct{}, error) { return struct{}{}, f(ctx) })
	anyioWaits(t, ctx)
	return task
}

// ended waits until the tasks have ended, whatever their outcome.
func ended(t *testing.T, ctx context.Context, tasks ...*asyncio.Task[struct{}]) {
	t.Helper()
	for _, task := range tasks {
		if _, _, err := asyncio.Wait(ctx, []asyncio.AnyFuture{task}, asyncio.WaitOptions{}); err != nil {
			t.Fatal(err)
		}
		if err := task.Err(); err != nil && !task.Canceled() {
			t.Errorf("%s: %v", task.Name(), err)
		}
	}
}

// panics is what f panics with.
func panics(f func()) (value any) {
	defer func() { value = recover() }()
	f()
	return nil
}

// A crew is tasks that work together, each so that the others come to an end without it,
// and what must be true then.
type crew struct {
	work  []func(ctx context.Context) error
	check func(ctx context.Context) error
}

// canceledEverywhere cancels all of a crew at every point by a scope, and each of them at
// every point by a request.
func canceledEverywhere(t *testing.T, newCrew func() crew) {
	t.Run("scope", func(t *testing.T) {
		report := anyiotest.CancelEverywhere(t, func() anyiotest.Scenario {
			c := newCrew()
			return anyiotest.Scenario{
				Body: func(ctx context.Context) error {
					return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
						for _, w := range c.work {
							tg.Go(w)
						}
						return nil
					})
				},
				Check: func(ctx context.Context, err error) error { return errors.Join(err, c.check(ctx)) },
			}
		}, anyiotest.Seeds(1, 2, 3))
		if report.Points < 20 {
			t.Errorf("canceled at %d points only", report.Points)
		}
	})
	t.Run("request", func(t *testing.T) {
		asked := 0
		for seed := range uint64(4) {
			for victim := range newCrew().work {
				for turn := range 30 {
					err := asyncio.Run(t.Context(), func(ctx context.Context) error {
						c := newCrew()
						tasks := make([]asyncio.Awaitable[struct{}], len(c.work))
						begun := false
						for i, w := range c.work {
							tasks[i] = asyncio.CreateTask(ctx, func(ctx context.Context) (struct{}, error) {
								begun = begun || i == victim
								return struct{}{}, w(ctx)
							})
						}
						for !begun {
							turns(t, ctx, 1)
						}
						turns(t, ctx, turn)
						if tasks[victim].Cancel("") {
							asked++
						}
						results, err := asyncio.GatherResults(ctx, tasks...).Await(ctx)
						for i, r := range results {
							if i != victim || !tasks[i].Canceled() {
								err = errors.Join(err, r.Err)
							}
						}
						return errors.Join(err, c.check(ctx))
					}, onSim(seed+1))
					if err != nil {
						t.Fatalf("seed %d, task %d asked in turn %d: %v", seed+1, victim, turn, err)
					}
				}
			}
		}
		if asked < 40 {
			t.Errorf("asked %d only", asked)
		}
	})
}

// usable is an error if a lock cannot be had.
func usable(ctx context.Context, acquire func(ctx context.Context) error, release func()) error {
	if timedOut, err := anyio.MoveOnAfter(ctx, ms, acquire); timedOut || err != nil {
		return fmt.Errorf("it cannot be had: %w", errors.Join(err, testkit.ErrBoom))
	}
	release()
	return nil
}

func onSim(seed uint64) anyio.RunOption { return anyio.On(sim.New(sim.Config{Seed: seed})) }
