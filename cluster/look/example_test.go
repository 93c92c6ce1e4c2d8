package look_test

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/cluster"
	"github.com/anyio-go/anyio/cluster/look"
)

// What the tasks of all members do, every ten seconds, with those of other machines below
// those of this one which wait for them.
func ExampleTake() {
	err := anyio.Run(context.Background(), func(ctx context.Context) error {
		c, err := cluster.Open(ctx, cluster.Config{URL: "nats://10.0.0.1:4222"})
		if err != nil {
			return err
		}
		defer c.Close(ctx)
		for {
			s, err := look.Take(ctx, c, time.Second)
			if err != nil {
				return err
			}
			if _, err := s.WriteTo(os.Stdout); err != nil {
				return err
			}
			if err := anyio.Sleep(ctx, 10*time.Second); err != nil {
				return err
			}
		}
	})
	fmt.Println(err)
}
