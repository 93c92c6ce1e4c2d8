package cache_test

import (
	"context"
	"fmt"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/cache"
	"github.com/anyio-go/anyio/sim"
)

// A page is loaded once, whoever asks for it and how many at the same time.
func Example() {
	pages := cache.New(func(ctx context.Context, url string) (string, error) {
		fmt.Println("loading", url)
		return "text of " + url, anyio.Sleep(ctx, time.Millisecond)
	}, cache.Options{MaxSize: 100, TTL: time.Minute})

	ctx := context.Background()
	get := func(ctx context.Context) (string, error) { return pages.Get(ctx, "/index") }
	fmt.Println(anyio.Gather(ctx, get, get))
	fmt.Println(pages.Get(ctx, "/index"))
	fmt.Printf("%+v\n", pages.Statistics(ctx))
	// Output:
	// loading /index
	// [text of /index text of /index] <nil>
	// text of /index <nil>
	// {Hits:2 Misses:1 Size:1 Loading:0}
}

// Who is impatient leaves, and the call goes on for the other.
func ExampleCache_Get() {
	answers := cache.New(func(ctx context.Context, question string) (int, error) {
		return 42, anyio.Sleep(ctx, 10*time.Second)
	}, cache.Options{})
	ask := func(patience time.Duration) func(ctx context.Context) error {
		return func(ctx context.Context) error {
			err := anyio.FailAfter(ctx, patience, func(ctx context.Context) error {
				_, err := answers.Get(ctx, "everything")
				return err
			})
			fmt.Println("after", patience, "at most:", err)
			return nil
		}
	}
	_ = anyio.Run(context.Background(), func(ctx context.Context) error {
		return anyio.Join(ctx, ask(time.Second), ask(time.Minute))
	}, anyio.On(sim.New(sim.Config{})))
	// Output:
	// after 1s at most: anyio: timeout: not done within 1s
	// after 1m0s at most: <nil>
}

// Get of a cache is a function like the one that it calls.
func ExampleNew() {
	type size struct{ w, h int } // several arguments
	area := cache.New(func(_ context.Context, s size) (int, error) { return s.w * s.h, nil }, cache.Options{}).Get
	fmt.Println(area(context.Background(), size{3, 4}))
	// Output: 12 <nil>
}
