package process_test

import (
	"context"
	"fmt"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/process"
)

var square = process.Register("example: square", func(_ context.Context, n int) (int, error) { return n * n, nil })

// A function runs in another process: it may crash, or be killed by a deadline,
// and nothing happens to this one. main calls process.WorkerMain first.
func ExampleFunction_Call() {
	err := anyio.Run(context.Background(), func(ctx context.Context) error {
		n, err := square.Call(ctx, 12)
		fmt.Println(n, err)
		return err
	})
	fmt.Println(err)
	// Output:
	// 144 <nil>
	// <nil>
}
