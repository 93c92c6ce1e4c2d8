package inspect_test

import (
	"context"
	"fmt"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/inspect"
)

// A task waits for a lock that another one has. Which, is seen from outside.
func Example() {
	err := anyio.Run(context.Background(), func(ctx context.Context) error {
		return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			var lock anyio.Lock
			var held, done anyio.Event
			tg.Go(func(ctx context.Context) error {
				return lock.Do(ctx, func(ctx context.Context) error {
					held.Set()
					return done.Wait(ctx)
				})
			}, anyio.Name("has it"))
			if err := held.Wait(ctx); err != nil {
				return err
			}
			tg.Go(lock.Acquire, anyio.Name("wants it"))
			if err := anyio.WaitAllTasksBlocked(ctx); err != nil {
				return err
			}

			me, _ := inspect.Of(ctx)
			for _, run := range inspect.Take().Runs {
				if run.ID != me.Run {
					continue // others of this process
				}
				for _, task := range run.Tasks {
					if task.Wants != nil {
						fmt.Printf("%s waits for the %s of %s\n", task.Name, task.Wants.What, task.Wants.Owners[0].Name)
					}
				}
			}
			tg.Cancel("seen")
			return nil
		})
	}, anyio.On(anyio.EventLoop()))
	fmt.Println(err)
	// Output:
	// wants it waits for the Lock of has it
	// <nil>
}
