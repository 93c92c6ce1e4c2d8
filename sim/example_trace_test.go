package sim_test

import (
	"context"
	"fmt"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/sim"
)

// Two tasks take two locks, each in its own order. With this seed they come to a deadlock,
// and the trace shows how.
func ExampleTrace() {
	var trace sim.Trace
	_ = anyio.Run(context.Background(), func(ctx context.Context) error {
		var savings, checking anyio.Lock
		transfer := func(from, to *anyio.Lock) func(ctx context.Context) error {
			return func(ctx context.Context) error {
				return from.Do(ctx, func(ctx context.Context) error {
					return to.Do(ctx, func(ctx context.Context) error { return nil })
				})
			}
		}
		return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			tg.Go(transfer(&savings, &checking), anyio.Name("withdraw"))
			tg.Go(transfer(&checking, &savings), anyio.Name("deposit"))
			return nil
		})
	}, anyio.On(sim.New(sim.Config{Seed: 6, Trace: &trace})), anyio.MainName("main"))
	fmt.Print(trace.Text(100))
	// Output:
	// 00:00:00.000  * . .  1 main: starts 2, 3; waits for TaskGroup exit at sim/example_trace_test.go:24
	//   00:00:00.000  | * .  3 deposit: gives way in Lock.Do at sim/example_trace_test.go:19
	//   00:00:00.000  | . *  2 withdraw: gives way in Lock.Do at sim/example_trace_test.go:19
	//   00:00:00.000  | * .  3 deposit: gives way in Lock.Do at sim/example_trace_test.go:20
	//   00:00:00.000  | . *  2 withdraw: waits for Lock.Acquire at sim/example_trace_test.go:20 (2 steps)
	//   00:00:00.000  | * |  3 deposit: waits for Lock.Acquire at sim/example_trace_test.go:20
	// they wait for each other:
	//   2 withdraw waits for the Lock that 3 deposit holds since sim/example_trace_test.go:19
	//   3 deposit waits for the Lock that 2 withdraw holds since sim/example_trace_test.go:19
}
