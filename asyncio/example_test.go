package asyncio_test

import (
	"context"
	"fmt"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/asyncio"
	"github.com/anyio-go/anyio/sim"
)

func Example() {
	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		say := func(after time.Duration, what string) *asyncio.Task[string] {
			return asyncio.CreateTask(ctx, func(ctx context.Context) (string, error) {
				return what, asyncio.Sleep(ctx, after)
			})
		}
		words, err := asyncio.Gather[string](ctx, say(2*time.Millisecond, "hello"), say(time.Millisecond, "world")).Await(ctx)
		fmt.Println(words)
		return err
	})
	fmt.Println(err)
	// Output:
	// [hello world]
	// <nil>
}

// In a simulation a protocol of hours is tested in no time.
func ExampleRun_simulation() {
	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		l, err := asyncio.RunningLoop(ctx)
		if err != nil {
			return err
		}
		begin := l.Time()
		done := asyncio.NewFuture[time.Duration](ctx)
		l.CallLater(3*time.Hour, func() { _ = done.SetResult(l.Time() - begin) })
		took, err := done.Await(ctx)
		fmt.Println(took)
		return err
	}, anyio.On(sim.New(sim.Config{Seed: 1})))
	fmt.Println(err)
	// Output:
	// 3h0m0s
	// <nil>
}

func ExampleTask_Cancel() {
	_ = asyncio.Run(context.Background(), func(ctx context.Context) error {
		task := asyncio.CreateTask(ctx, func(ctx context.Context) (int, error) {
			err := asyncio.Sleep(ctx, time.Hour)
			fmt.Println("told:", err)
			return 0, err
		})
		_ = asyncio.Sleep(ctx, 0) // it begins
		task.Cancel("not needed any more")
		_, err := task.Await(ctx)
		fmt.Println(task.Canceled(), err)
		return nil
	})
	// Output:
	// told: anyio: canceled: not needed any more
	// true anyio: canceled: not needed any more
}

func ExampleNewEventLoop() {
	l, err := asyncio.NewEventLoop()
	if err != nil {
		panic(err)
	}
	defer l.Close()
	l.CallSoon(func() { fmt.Println("first") })
	l.CallLater(time.Millisecond, func() {
		fmt.Println("later")
		l.Stop()
	})
	if err := l.RunForever(); err != nil {
		panic(err)
	}
	// Output:
	// first
	// later
}

func ExampleWithTimeout() {
	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		return asyncio.WithTimeout(ctx, time.Millisecond, func(ctx context.Context, _ *asyncio.Deadline) error {
			return asyncio.Sleep(ctx, time.Hour)
		})
	})
	fmt.Println(err != nil)
	// Output: true
}

func ExampleLoop_SetExceptionHandler() {
	_ = asyncio.Run(context.Background(), func(ctx context.Context) error {
		l, err := asyncio.RunningLoop(ctx)
		if err != nil {
			return err
		}
		l.SetExceptionHandler(func(_ *asyncio.Loop, c asyncio.ErrorContext) { fmt.Println("handled") })
		l.CallSoon(func() { panic("bang") })
		return asyncio.Sleep(ctx, 0)
	})
	// Output: handled
}
