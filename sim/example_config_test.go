package sim_test

import (
	"context"
	"errors"
	"fmt"
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
	var deadlock *anyio.DeadlockError
	if errors.As(err, &deadlock) {
		for _, task := range deadlock.Tasks {
			if task.Forgotten {
				fmt.Println(task.Name, "waits for", task.WaitsFor)
			}
		}
	}
	// Output: waiter waits for Event.Wait
}
