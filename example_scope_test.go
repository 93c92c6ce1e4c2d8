package anyio_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/stream"
)

// Cleanup after a cancellation gets a second, and if that is not enough, nothing is said.
func ExampleShield() {
	err := anyio.WithCancelScope(context.Background(), func(ctx context.Context, scope *anyio.CancelScope) error {
		scope.Cancel("shutting down")
		timedOut, err := anyio.MoveOnAfter(ctx, time.Second, func(ctx context.Context) error {
			return anyio.Sleep(ctx, time.Millisecond) // as if nothing had been canceled
		}, anyio.Shield())
		fmt.Println("cleanup:", timedOut, err)
		return anyio.Sleep(ctx, time.Millisecond)
	})
	fmt.Println(err)
	// Output:
	// cleanup: false <nil>
	// <nil>
}

// A worker that is asked to stop waits for no more work, and finishes what it has.
func ExampleMoveOnStop() {
	err := anyio.WithTaskGroup(context.Background(), func(ctx context.Context, tg *anyio.TaskGroup) error {
		send, jobs := stream.Memory[string](1)
		tg.Go(func(ctx context.Context) error {
			for {
				var job string
				stopped, err := anyio.MoveOnStop(ctx, func(ctx context.Context) (err error) {
					job, err = jobs.Receive(ctx)
					return err
				})
				if stopped || err != nil {
					return err
				}
				if err := anyio.Sleep(ctx, time.Millisecond); err != nil { // works on it
					return err
				}
				fmt.Println(job, "is done")
				tg.Stop("one is enough", time.Minute)
			}
		})
		return send.Send(ctx, "the first job")
	})
	fmt.Println(err)
	// Output:
	// the first job is done
	// <nil>
}

// A log is there for the others until the last one has ended.
func ExampleService() {
	err := anyio.WithTaskGroup(context.Background(), func(ctx context.Context, tg *anyio.TaskGroup) error {
		lines, log := stream.Memory[string](0)
		tg.Go(func(ctx context.Context) error {
			line, err := log.Receive(ctx)
			fmt.Println("log:", line)
			return err
		}, anyio.Service())
		tg.Go(func(ctx context.Context) error {
			err := anyio.SleepForever(ctx)
			return errors.Join(err, anyio.Shielded(ctx, time.Second, func(ctx context.Context) error {
				return lines.Send(ctx, "the worker has cleaned up")
			}))
		})
		tg.Cancel("enough") // reaches the worker only
		return nil
	})
	fmt.Println(err)
	// Output:
	// log: the worker has cleaned up
	// <nil>
}
