package stream_test

import (
	"context"
	"fmt"

	"github.com/anyio-go/anyio/stream"
)

func ExampleBroadcast() {
	ctx := context.Background()
	news := stream.Broadcast[string](stream.BroadcastConfig{Buffer: 2, Slow: stream.DropOldest})
	a, b := news.Subscribe(), news.Subscribe()
	defer a.Close(ctx)
	defer b.Close(ctx)
	for _, item := range []string{"one", "two", "three"} {
		if err := news.Send(ctx, item); err != nil {
			fmt.Println(err)
		}
		item, err := a.Receive(ctx)
		fmt.Println("a:", item, err)
	}
	news.Close(ctx)
	for item, err := range b.All(ctx) { // which was slow
		fmt.Println("b:", item, err)
	}
	fmt.Println("b has lost", b.Dropped())
	// Output:
	// a: one <nil>
	// a: two <nil>
	// a: three <nil>
	// b: two <nil>
	// b: three <nil>
	// b has lost 1
}
