package aiter_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/aiter"
	"github.com/anyio-go/anyio/stream"
)

var poem = strings.NewReader("roses are red\nviolets are blue\n\nsugar is sweet\n")

// Lines come from a stream, and are filtered, changed and counted on their way.
func Example() {
	ctx := context.Background()
	r := stream.NewBufferedReceiver(stream.FromReader(poem))
	defer r.Close(ctx)
	lines := aiter.Filter(ctx, r.Lines(ctx, 100), func(_ context.Context, line []byte) (bool, error) {
		return len(line) > 0, nil
	})
	last := aiter.Map(ctx, lines, func(_ context.Context, line []byte) (string, error) {
		words := strings.Fields(string(line))
		return words[len(words)-1], nil
	})
	for pair, err := range aiter.Zip(ctx, aiter.Count(ctx, 1, 1), last) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(pair.First, pair.Second)
	}
	// Output:
	// 1 red
	// 2 blue
	// 3 sweet
}

func ExampleChunk() {
	ctx := context.Background()
	rows := aiter.From(ctx, slices.Values([]string{"a", "b", "c", "d", "e"}))
	for batch, err := range aiter.Chunk(ctx, rows, 2) {
		fmt.Println(batch, err)
	}
	// Output:
	// [a b] <nil>
	// [c d] <nil>
	// [e] <nil>
}

func ExampleGroupBy() {
	ctx := context.Background()
	names := aiter.From(ctx, slices.Values([]string{"Ada", "Alan", "Barbara", "Grace", "Guido"}))
	initial := func(_ context.Context, name string) (byte, error) { return name[0], nil }
	for g, err := range aiter.GroupBy(ctx, names, initial) {
		if err == nil {
			fmt.Printf("%c %v\n", g.Key, g.Items)
		}
	}
	// Output:
	// A [Ada Alan]
	// B [Barbara]
	// G [Grace Guido]
}

// Two readers get all items; the one ahead does not wait for the other.
func ExampleTee() {
	ctx := context.Background()
	numbers := aiter.Limit(ctx, aiter.Count(ctx, 1, 1), 4)
	seqs, stop := aiter.Tee(ctx, numbers, 2)
	defer stop()
	add := func(_ context.Context, sum, n int) (int, error) { return sum + n, nil }
	multiply := func(_ context.Context, product, n int) (int, error) { return product * n, nil }
	fmt.Println(aiter.Reduce(ctx, seqs[0], add))
	fmt.Println(aiter.Reduce(ctx, seqs[1], multiply))
	// Output:
	// 10 <nil>
	// 24 <nil>
}

// The function waits, and a deadline ends the sequence; what came before is kept.
func ExampleCollect() {
	var pages []string
	_, err := anyio.MoveOnAfter(context.Background(), 50*time.Millisecond, func(ctx context.Context) (err error) {
		load := func(ctx context.Context, n int) (string, error) {
			if n > 2 {
				return "", anyio.SleepForever(ctx)
			}
			return fmt.Sprint("page ", n), nil
		}
		pages, err = aiter.Collect(ctx, aiter.Map(ctx, aiter.Count(ctx, 1, 1), load))
		fmt.Println(errors.Is(err, anyio.ErrCanceled))
		return err
	})
	fmt.Println(pages, err)
	// Output:
	// true
	// [page 1 page 2] <nil>
}

func ExampleProduct() {
	ctx := context.Background()
	suits := aiter.From(ctx, slices.Values([]string{"♠", "♥"}))
	ranks := aiter.From(ctx, slices.Values([]string{"A", "K"}))
	for card, err := range aiter.Product(ctx, suits, ranks) {
		fmt.Println(strings.Join(card, ""), err)
	}
	// Output:
	// ♠A <nil>
	// ♠K <nil>
	// ♥A <nil>
	// ♥K <nil>
}
