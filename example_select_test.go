package anyio_test

import (
	"context"
	"fmt"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/stream"
)

func ExampleSelect() {
	err := anyio.Run(context.Background(), func(ctx context.Context) error {
		return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			send, recv := stream.Memory[string](0)
			defer send.Close(ctx)
			defer recv.Close(ctx)
			var stop anyio.Event
			tg.Go(func(ctx context.Context) error {
				defer stop.Set()
				return send.Send(ctx, "a job")
			})
			for {
				var job string
				i, err := anyio.Select(ctx, anyio.OnReceive(recv, &job), anyio.OnEvent(&stop), anyio.OnTimer(time.Minute))
				switch {
				case err != nil:
					return err
				case i == 0:
					fmt.Println("received", job)
				case i == 1:
					fmt.Println("stopped")
					return nil
				case i == 2:
					fmt.Println("nothing for a minute")
				}
			}
		})
	}, anyio.On(anyio.EventLoop()))
	fmt.Println(err)
	// Output:
	// received a job
	// stopped
	// <nil>
}

func ExampleTrySelect() {
	send, recv := stream.Memory[int](1)
	defer send.Close(context.Background())
	defer recv.Close(context.Background())
	var v int
	for range 2 {
		i, ok, err := anyio.TrySelect(anyio.OnReceive(recv, &v), anyio.OnSend(send, 42))
		fmt.Println(i, ok, err)
	}
	_, ok, _ := anyio.TrySelect(anyio.OnReceive(recv, &v))
	fmt.Println(v, ok)
	// Output:
	// 1 true <nil>
	// 0 true <nil>
	// 42 false
}
