package sim_test

import (
	"context"
	"fmt"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/sim"
)

// Two tasks that take two locks in different orders: some schedules end in a deadlock.
func ExampleExplorer() {
	program := func(ctx context.Context) error {
		var a, b anyio.Lock
		both := func(first, second *anyio.Lock) func(ctx context.Context) error {
			return func(ctx context.Context) error {
				return first.Do(ctx, func(ctx context.Context) error {
					return second.Do(ctx, func(context.Context) error { return nil })
				})
			}
		}
		return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			tg.Go(both(&a, &b))
			tg.Go(both(&b, &a))
			return nil
		})
	}
	var x sim.Explorer
	schedules, deadlocks := 0, 0
	for x.Next() {
		err := anyio.Run(context.Background(), program,
			anyio.On(sim.New(sim.Config{Strategy: x.Strategy(), Model: sim.Goroutines})))
		if x.Redundant() {
			continue
		}
		schedules++
		if err != nil {
			deadlocks++
		}
	}
	fmt.Printf("%d schedules stand for all, %d of them end in a deadlock, error %v\n", schedules, deadlocks, x.Err())
	// Output:
	// 14 schedules stand for all, 6 of them end in a deadlock, error <nil>
}
