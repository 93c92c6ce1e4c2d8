package sim_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/sim"
)

// A task that waits for a native mutex would stop the run for good.
func ExampleConfig_stepTimeout() {
	err := anyio.Run(context.Background(), func(ctx context.Context) error {
		var mu sync.Mutex
		update := func(ctx context.Context) error {
			mu.Lock() // an anyio.Lock would be right
			defer mu.Unlock()
			return anyio.Sleep(ctx, time.Second) //anyiovet:ignore mutexwait that is what is shown
		}
		return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			tg.Go(update, anyio.Name("first"))
			tg.Go(update, anyio.Name("second"))
			return nil
		})
	}, anyio.On(sim.New(sim.Config{Seed: 1, StepTimeout: 50 * time.Millisecond})))
	var deadlock *sim.DeadlockError
	if errors.As(err, &deadlock) && deadlock.Stuck != nil {
		fmt.Printf("%s: %s\n", deadlock.Stuck.Name, deadlock.Stuck.State)
	}
	// Output: first: sync.Mutex.Lock
}
