package cluster_test

import (
	"context"
	"fmt"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/cluster"
	"github.com/anyio-go/anyio/process"
)

var ready anyio.Event

var render = process.Register("render", func(ctx context.Context, page string) (int, error) {
	ready.Set()
	return 0, anyio.SleepForever(ctx)
})

// While a call goes on, the cluster is asked what its members do.
func ExampleConn_Members() {
	err := anyio.Run(context.Background(), func(ctx context.Context) error {
		c, err := cluster.Open(ctx, cluster.Config{Name: "build-7"})
		if err != nil {
			return err
		}
		defer c.Close(ctx)
		return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			defer tg.Cancel("seen")
			if _, err := anyio.Start(ctx, tg, cluster.Worker{Capacity: 4, Labels: []string{"gpu"}}.Task(c)); err != nil {
				return err
			}
			cluster.Go(tg, c, render, "index.html")
			if err := ready.Wait(ctx); err != nil {
				return err
			}
			list, err := c.Members(ctx, time.Second)
			for _, m := range list {
				for _, w := range m.Workers {
					fmt.Printf("%s runs %d of %d, has %v\n", m.Name, w.Running, w.Capacity, w.Labels)
				}
				for _, call := range m.Calls {
					fmt.Printf("%s calls %q on %s\n", m.Name, call.Function, call.WorkerName)
				}
			}
			fmt.Println("in all", c.Statistics().Begun)
			return err
		})
	})
	fmt.Println(err)
	// Output:
	// build-7 runs 1 of 4, has [gpu]
	// build-7 calls "render" on build-7
	// in all 1
	// <nil>
}
