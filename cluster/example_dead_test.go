package cluster_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"sync/atomic"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/cluster"
	"github.com/anyio-go/anyio/process"
)

// paper is what the printer is out of at first.
var paper atomic.Bool

var prints = process.Register("print", func(ctx context.Context, page string) (string, error) {
	if !paper.Load() {
		return "", cluster.Retry(errors.New("no paper"), time.Millisecond)
	}
	return "printed " + page, nil
})

// Jobs that were given up are looked at, and resubmitted when what has failed is mended.
func ExampleConn_DeadLetters() {
	err := anyio.Run(context.Background(), func(ctx context.Context) error {
		c, err := cluster.Open(ctx, cluster.Config{})
		if err != nil {
			return err
		}
		defer c.Close(ctx)
		return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			defer tg.Cancel("the example is over")
			tg.Go(func(ctx context.Context) error { return cluster.Work(ctx, c, cluster.Worker{Jobs: true}) })
			job, err := cluster.Submit(ctx, c, prints, "page 1", cluster.Attempts(3))
			if err != nil {
				return err
			}
			_, err = job.Await(ctx)
			dead, ok := errors.AsType[*cluster.DeadJobError](err)
			fmt.Println("dead:", ok, dead.Reason)

			paper.Store(true)
			for letter, err := range c.DeadLetters(ctx) {
				if err != nil {
					return err
				}
				var page string
				if err := letter.Argument(&page); err != nil {
					return err
				}
				fmt.Printf("%s %q after %d attempts: %s\n", letter.Function, page, letter.Attempts, letter.Reason)
				if err := letter.Resubmit(ctx); err != nil {
					return err
				}
			}
			text, err := job.Await(ctx)
			fmt.Println(text)
			return err
		})
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// dead: true no paper
	// print "page 1" after 3 attempts: no paper
	// printed page 1
}
