package sim_test

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/sim"
)

// A deadline passes in the middle of work that does not wait.
func ExampleConfig_stepTime() {
	err := anyio.Run(context.Background(), func(ctx context.Context) error {
		timedOut, err := anyio.MoveOnAfter(ctx, time.Second, func(ctx context.Context) error {
			for {
				if err := anyio.Sleep(ctx, 0); err != nil {
					return err
				}
			}
		})
		fmt.Println("timed out:", timedOut)
		return err
	}, anyio.On(sim.New(sim.Config{StepTime: sim.Range{Min: time.Millisecond, Max: 20 * time.Millisecond}})))
	fmt.Println(err)
	// Output:
	// timed out: true
	// <nil>
}

// On an event loop nobody runs between IsSet and Set. On goroutines the other task
// may, and some seed lets it.
func ExampleConfig_model() {
	claims := func(model sim.Model, seed uint64) int32 {
		var claimed anyio.Event
		var claims atomic.Int32
		claim := func(context.Context) error {
			if !claimed.IsSet() {
				claimed.Set()
				claims.Add(1)
			}
			return nil
		}
		err := anyio.Run(context.Background(), func(ctx context.Context) error {
			return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
				tg.Go(claim)
				tg.Go(claim)
				return nil
			})
		}, anyio.On(sim.New(sim.Config{Seed: seed, Model: model})))
		if err != nil {
			panic(err)
		}
		return claims.Load()
	}
	for _, model := range []sim.Model{sim.EventLoop, sim.Goroutines} {
		most := int32(0)
		for seed := range uint64(100) {
			most = max(most, claims(model, seed))
		}
		fmt.Printf("%v: claimed by up to %d\n", model, most)
	}
	// Output:
	// eventloop: claimed by up to 1
	// goroutines: claimed by up to 2
}

// A task that nobody wakes is reported although a ticker goes on.
func ExampleConfig_maxWait() {
	err := anyio.Run(context.Background(), func(ctx context.Context) error {
		return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			var never anyio.Event
			tg.Go(never.Wait, anyio.Name("waiter"))
			tg.Go(func(ctx context.Context) error {
				for {
					if err := anyio.Sleep(ctx, time.Second); err != nil {
						return err
					}
				}
			}, anyio.Name("ticker"))
			return nil
		})
	}, anyio.On(sim.New(sim.Config{MaxWait: time.Hour})))
	var deadlock *sim.DeadlockError
	if errors.As(err, &deadlock) {
		for _, task := range deadlock.Tasks {
			if task.Forgotten {
				fmt.Println(task.Name, "waits for", task.WaitsFor)
			}
		}
	}
	// Output: waiter waits for Event.Wait
}
