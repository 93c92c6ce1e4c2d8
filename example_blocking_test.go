package anyio_test

import (
	"context"
	"fmt"

	"github.com/anyio-go/anyio"
)

// A function that blocks asks a task of the loop for something in between.
func ExampleRunIn() {
	err := anyio.Run(context.Background(), func(ctx context.Context) error {
		var answered anyio.Event
		length, err := anyio.RunBlockingValue(ctx, func() (int, error) { // elsewhere
			answer, err := anyio.RunIn(ctx, func(ctx context.Context) (string, error) { // in the loop
				answered.Set()
				return "forty-two", anyio.Sleep(ctx, 1)
			})
			return len(answer), err
		})
		fmt.Println(length, answered.IsSet())
		return err
	}, anyio.On(anyio.EventLoop()))
	fmt.Println(err)
	// Output:
	// 9 true
	// <nil>
}
