package stream_test

import (
	"context"
	"fmt"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/stream"
)

func ExampleMemory() {
	err := anyio.Run(context.Background(), func(ctx context.Context) error {
		send, recv := stream.Memory[string](2)
		defer recv.Close(ctx)
		if err := send.Send(ctx, "hello"); err != nil {
			return err
		}
		if err := send.Send(ctx, "world"); err != nil {
			return err
		}
		fmt.Println(send.TrySend("too much"))
		send.Close(ctx)
		for range 3 {
			fmt.Println(recv.Receive(ctx))
		}
		return nil
	})
	fmt.Println(err)
	// Output:
	// anyio: operation would block
	// hello <nil>
	// world <nil>
	//  EOF
	// <nil>
}

// Clones of the receiving end share the work; the stream ends for all of them when
// the sender is closed.
func ExampleMemoryReceiveStream_Clone() {
	squares, err := anyio.RunValue(context.Background(), func(ctx context.Context) ([10]int, error) {
		var squares [10]int
		err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			send, recv := stream.Memory[int](0)
			defer send.Close(ctx)
			defer recv.Close(ctx)
			for range 3 {
				jobs := recv.Clone()
				tg.Go(func(ctx context.Context) error {
					defer jobs.Close(ctx)
					for n, err := range jobs.All(ctx) {
						if err != nil {
							return err
						}
						squares[n] = n * n
					}
					return nil
				})
			}
			for n := range squares {
				if err := send.Send(ctx, n); err != nil {
					return err
				}
			}
			return nil
		})
		return squares, err
	})
	fmt.Println(squares, err)
	// Output:
	// [0 1 4 9 16 25 36 49 64 81] <nil>
}

func ExampleMemoryReceiveStream_All() {
	err := anyio.Run(context.Background(), func(ctx context.Context) error {
		return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			send, recv := stream.Memory[int](0)
			defer recv.Close(ctx)
			tg.Go(func(ctx context.Context) error {
				defer send.Close(ctx)
				for i := range 3 {
					if err := send.Send(ctx, i); err != nil {
						return err
					}
				}
				return nil
			})
			for item, err := range recv.All(ctx) {
				if err != nil {
					return err
				}
				fmt.Println(item)
			}
			fmt.Println("end of stream")
			return nil
		})
	})
	fmt.Println(err)
	// Output:
	// 0
	// 1
	// 2
	// end of stream
	// <nil>
}
