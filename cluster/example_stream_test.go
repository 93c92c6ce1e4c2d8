package cluster_test

import (
	"context"
	"fmt"
	"log"
	"strings"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/cluster"
	"github.com/anyio-go/anyio/process"
)

// A report is an argument that says where to send what is found meanwhile.
type report struct {
	Text  string
	Lines cluster.Address[string]
}

var countLines = process.Register("count lines", func(ctx context.Context, in report) (int, error) {
	lines, err := cluster.OpenSender(ctx, cluster.Serving(ctx), in.Lines)
	if err != nil {
		return 0, err
	}
	defer lines.Close(ctx)
	n := 0
	for line := range strings.Lines(in.Text) {
		n++
		if err := lines.Send(ctx, fmt.Sprintf("%d: %s", n, strings.TrimSpace(line))); err != nil {
			return 0, err
		}
	}
	return n, nil
})

// A function that runs elsewhere sends what it has found so far: its argument holds the
// address of a stream.
func ExampleOpenSender() {
	err := anyio.Run(context.Background(), func(ctx context.Context) error {
		c, err := cluster.Open(ctx, cluster.Config{})
		if err != nil {
			return err
		}
		defer c.Close(ctx)
		return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			if _, err := anyio.Start(ctx, tg, cluster.Worker{}.Task(c)); err != nil {
				return err
			}
			lines, addr, err := cluster.NewReceiver[string](c, 16)
			if err != nil {
				return err
			}
			defer lines.Close(ctx)
			count := cluster.Go(tg, c, countLines, report{"one\ntwo\n", addr})
			for line, err := range lines.All(ctx) {
				if err != nil {
					return err
				}
				fmt.Println(line)
			}
			n, err := count.Await(ctx)
			fmt.Println(n, "lines")
			tg.Cancel("the work is done")
			return err
		})
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// 1: one
	// 2: two
	// 2 lines
}
