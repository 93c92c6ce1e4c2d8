package osthread_test

import (
	"context"
	"fmt"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/osthread"
)

// A library that must always be called from the same thread.
func ExampleNewPool() {
	err := anyio.Run(context.Background(), func(ctx context.Context) error {
		thread := osthread.NewPool(1)
		defer thread.Close(ctx)
		drawn := 0 // by that thread
		for range 3 {
			_, err := anyio.RunBlockingValue(ctx, func() (int, error) { drawn++; return drawn, nil }, osthread.On(thread))
			if err != nil {
				return err
			}
		}
		fmt.Println(drawn)
		return nil
	}, anyio.On(anyio.EventLoop()))
	fmt.Println(err)
	// Output:
	// 3
	// <nil>
}
