package anyio_test

import (
	"context"
	"fmt"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/stream"
)

func ExampleEventLoops() {
	err := anyio.Run(context.Background(), func(ctx context.Context) error {
		numbers, results := stream.Memory[int](0)
		return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			tg.Go(func(ctx context.Context) error { // computes while the main task goes on
				defer numbers.Close(ctx)
				sum := 0
				for i := range 1000 {
					sum += i
				}
				return numbers.Send(ctx, sum)
			}, anyio.InLoop(1))
			defer results.Close(ctx)
			sum, err := results.Receive(ctx)
			fmt.Println(anyio.Loops(ctx), "loops, and the sum is", sum)
			return err
		})
	}, anyio.On(anyio.EventLoops(2)))
	fmt.Println(err)
	// Output:
	// 2 loops, and the sum is 499500
	// <nil>
}

func ExampleInLoop() {
	_ = anyio.Run(context.Background(), func(ctx context.Context) error {
		return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			for i := range anyio.Loops(ctx) { // one after the other, each on another loop
				task := tg.Go(func(ctx context.Context) error {
					info, _ := anyio.CurrentTask(ctx)
					fmt.Println("on loop", info.Loop)
					return nil
				}, anyio.InLoop(i))
				if err := task.Wait(ctx); err != nil {
					return err
				}
			}
			return nil
		})
	}, anyio.On(anyio.EventLoops(3)))
	// Output:
	// on loop 0
	// on loop 1
	// on loop 2
}

func ExampleInAnyLoop() {
	_ = anyio.Run(context.Background(), func(ctx context.Context) error {
		jobs := make([]int, anyio.Loops(ctx))
		return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			for range 10 {
				tg.Go(anyio.SleepForever, anyio.InAnyLoop())
			}
			for _, task := range anyio.RunningTasks(ctx)[1:] { // without this one
				jobs[task.Loop]++
			}
			fmt.Println(jobs)
			tg.Cancel("seen")
			return nil
		})
	}, anyio.On(anyio.EventLoops(2)))
	// Output: [5 5]
}
