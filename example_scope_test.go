package anyio_test

import (
	"context"
	"fmt"
	"time"

	"github.com/anyio-go/anyio"
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
