package anyio_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/sim"
)

func ExampleOnceValue() {
	attempts := 0
	connect := anyio.OnceValue(func(ctx context.Context) (string, error) {
		attempts++
		if attempts == 1 {
			return "", errors.New("connection refused")
		}
		return "connection", anyio.Sleep(ctx, time.Millisecond)
	})
	ctx := context.Background()
	for range 3 {
		fmt.Println(connect(ctx))
	}
	fmt.Println(attempts, "attempts")
	// Output:
	//  connection refused
	// connection <nil>
	// connection <nil>
	// 2 attempts
}

func ExampleOnce() {
	var migrate anyio.Once
	err := anyio.WithTaskGroup(context.Background(), func(ctx context.Context, tg *anyio.TaskGroup) error {
		for range 3 {
			tg.Go(func(ctx context.Context) error {
				return migrate.Do(ctx, func(ctx context.Context) error {
					fmt.Println("migrating")
					return nil
				})
			})
		}
		return nil
	})
	fmt.Println(err, migrate.Done())
	// Output:
	// migrating
	// <nil> true
}

func ExampleTicker() {
	err := anyio.Run(context.Background(), func(ctx context.Context) error {
		begin := anyio.Now(ctx)
		_, err := anyio.MoveOnAfter(ctx, time.Hour, func(ctx context.Context) error {
			for at, err := range anyio.NewTicker(ctx, 25*time.Minute).All(ctx) {
				if err != nil {
					return err
				}
				fmt.Println("tick at", at.Sub(begin))
			}
			return nil
		})
		return err
	}, anyio.On(sim.New(sim.Config{})))
	fmt.Println(err)
	// Output:
	// tick at 25m0s
	// tick at 50m0s
	// <nil>
}
