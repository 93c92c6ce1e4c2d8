// Pipeline fans work out to several tasks and their results in again, through
// memory streams. Each task has a clone of the end it uses and closes it: when the
// last sender of a stream is closed, those who receive from it come to its end, so
// the stages stop one after the other with no counting and no done channel.
package main

import (
	"bufio"
	"context"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/stream"
)

const text = `A task group owns its tasks.
No task outlives its group.
A scope owns a deadline and a task in the scope obeys it.
A stream ends when its last sender is closed.`

// read sends the lines of the text.
func read(ctx context.Context, lines *stream.MemorySendStream[string]) error {
	defer func() { _ = lines.Close(ctx) }()
	scanner := bufio.NewScanner(strings.NewReader(text))
	for scanner.Scan() {
		if err := lines.Send(ctx, scanner.Text()); err != nil {
			return err
		}
	}
	return scanner.Err()
}

// count turns each line into the number of its words.
func count(ctx context.Context, lines *stream.MemoryReceiveStream[string], counts *stream.MemorySendStream[map[string]int]) error {
	defer func() { _ = lines.Close(ctx) }()
	defer func() { _ = counts.Close(ctx) }()
	for line, err := range lines.All(ctx) {
		if err != nil {
			return err
		}
		words := map[string]int{}
		for word := range strings.FieldsSeq(line) {
			words[strings.ToLower(strings.Trim(word, "."))]++
		}
		if err := counts.Send(ctx, words); err != nil {
			return err
		}
	}
	return nil
}

// wordCounts runs the pipeline with that many counters.
func wordCounts(ctx context.Context, counters int) (map[string]int, error) {
	total := map[string]int{}
	err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
		sendLines, lines := stream.Memory[string](2)           // a slow counter slows the reader down
		sendCounts, counts := stream.Memory[map[string]int](0) // each send waits for its receive

		tg.Go(func(ctx context.Context) error { return read(ctx, sendLines) }, anyio.Name("read"))
		for i := range counters {
			in, out := lines.Clone(), sendCounts.Clone()
			tg.Go(func(ctx context.Context) error { return count(ctx, in, out) }, anyio.Name(fmt.Sprintf("count %d", i+1)))
		}
		// The counters have clones: only these count from now on.
		_ = lines.Close(ctx)
		_ = sendCounts.Close(ctx)

		defer func() { _ = counts.Close(ctx) }()
		for words, err := range counts.All(ctx) {
			if err != nil {
				return err
			}
			for word, n := range words {
				total[word] += n
			}
		}
		return nil
	})
	return total, err
}

func main() {
	// The same pipeline on threads and on one thread.
	for _, backend := range []anyio.Backend{anyio.Parallel(), anyio.EventLoop()} {
		total, err := anyio.RunValue(context.Background(), func(ctx context.Context) (map[string]int, error) {
			return wordCounts(ctx, 3)
		}, anyio.On(backend))
		if err != nil {
			fmt.Fprintln(os.Stderr, "pipeline:", err)
			os.Exit(1)
		}
		words := slices.SortedFunc(maps.Keys(total), func(a, b string) int {
			if total[a] != total[b] {
				return total[b] - total[a]
			}
			return strings.Compare(a, b)
		})
		fmt.Printf("%-9s %d words:", backend.Name(), len(words))
		for _, word := range words[:6] {
			fmt.Printf(" %s %d", word, total[word])
		}
		fmt.Println()
	}
}
