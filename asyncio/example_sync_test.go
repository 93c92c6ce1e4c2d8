package asyncio_test

import (
	"context"
	"fmt"
	"os"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/asyncio"
	"github.com/anyio-go/anyio/sim"
)

func ExampleLock() {
	_ = asyncio.Run(context.Background(), func(ctx context.Context) error {
		var lock asyncio.Lock
		work := func(name string) *asyncio.Task[string] {
			return asyncio.CreateTask(ctx, func(ctx context.Context) (string, error) {
				return name, lock.Do(ctx, func(ctx context.Context) error {
					fmt.Println(name, "begins")
					err := asyncio.Sleep(ctx, 0)
					fmt.Println(name, "ends")
					return err
				})
			})
		}
		_, err := asyncio.Gather[string](ctx, work("a"), work("b")).Await(ctx)
		return err
	})
	// Output:
	// a begins
	// a ends
	// b begins
	// b ends
}

func ExampleCondition() {
	_ = asyncio.Run(context.Background(), func(ctx context.Context) error {
		var cond asyncio.Condition
		stock := 0
		buyer := asyncio.CreateTask(ctx, func(ctx context.Context) (int, error) {
			return stock, cond.Do(ctx, func(ctx context.Context) error {
				return cond.WaitFor(ctx, func() bool {
					fmt.Println("in stock:", stock)
					return stock > 1
				})
			})
		})
		for range 2 {
			_ = asyncio.Sleep(ctx, 0)
			err := cond.Do(ctx, func(context.Context) error {
				stock++
				cond.NotifyAll()
				return nil
			})
			if err != nil {
				return err
			}
		}
		_, err := buyer.Await(ctx)
		return err
	})
	// Output:
	// in stock: 0
	// in stock: 1
	// in stock: 2
}

func ExampleSemaphore() {
	_ = asyncio.Run(context.Background(), func(ctx context.Context) error {
		slots := asyncio.NewBoundedSemaphore(2)
		for range 2 {
			if err := slots.Acquire(ctx); err != nil {
				return err
			}
		}
		fmt.Println(slots.Locked())
		slots.Release()
		fmt.Println(slots.Locked())
		return nil
	})
	// Output:
	// true
	// false
}

func ExampleBarrier() {
	_ = asyncio.Run(context.Background(), func(ctx context.Context) error {
		barrier := asyncio.NewBarrier(2)
		other := asyncio.CreateTask(ctx, barrier.Wait)
		index, err := barrier.Wait(ctx)
		if err != nil {
			return err
		}
		theirs, err := other.Await(ctx)
		fmt.Println(index + theirs)
		return err
	})
	// Output: 1
}

func ExampleQueue() {
	_ = asyncio.Run(context.Background(), func(ctx context.Context) error {
		jobs := asyncio.NewQueue[string](10)
		worker := asyncio.CreateTask(ctx, func(ctx context.Context) (struct{}, error) {
			for {
				job, err := jobs.Get(ctx)
				if err == asyncio.ErrQueueShutDown {
					return struct{}{}, nil
				}
				if err != nil {
					return struct{}{}, err
				}
				fmt.Println(job, "is done")
				jobs.TaskDone()
			}
		})
		for _, job := range []string{"one", "two"} {
			if err := jobs.Put(ctx, job); err != nil {
				return err
			}
		}
		if err := jobs.Join(ctx); err != nil {
			return err
		}
		jobs.Shutdown()
		_, err := worker.Await(ctx)
		fmt.Println("all are done")
		return err
	})
	// Output:
	// one is done
	// two is done
	// all are done
}

func ExampleLoop_AddSignalHandler() {
	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		l, err := asyncio.RunningLoop(ctx)
		if err != nil {
			return err
		}
		var stop asyncio.Event
		if err := l.AddSignalHandler(os.Interrupt, stop.Set); err != nil {
			return err
		}
		if err := sim.Raise(ctx, os.Interrupt); err != nil { // or Ctrl-C in a real run
			return err
		}
		return stop.Wait(ctx)
	}, anyio.On(sim.New(sim.Config{Seed: 1})))
	fmt.Println(err)
	// Output: <nil>
}
