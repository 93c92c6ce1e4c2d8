package cluster_test

import (
	"context"
	"fmt"
	"log"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/cluster"
)

// What a lock guards refuses a token that is smaller than one that it has seen, so that a
// holder that was suspended and has lost the lock does no harm.
func ExampleLock_Do() {
	var seen uint64
	write := func(token uint64, text string) {
		if token < seen {
			fmt.Println("refused:", text)
			return
		}
		seen = token
		fmt.Println("written:", text)
	}
	err := anyio.Run(context.Background(), func(ctx context.Context) error {
		c, err := cluster.Open(ctx, cluster.Config{})
		if err != nil {
			return err
		}
		defer c.Close(ctx)
		lock, err := cluster.NewLock(c, "report", cluster.LockOptions{})
		if err != nil {
			return err
		}
		var first uint64
		for _, text := range []string{"first", "second"} {
			err := lock.Do(ctx, func(ctx context.Context, token uint64) error {
				write(token, text)
				if first == 0 {
					first = token
				}
				return nil
			})
			if err != nil {
				return err
			}
		}
		write(first, "late, by the first holder")
		return nil
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// written: first
	// written: second
	// refused: late, by the first holder
}
