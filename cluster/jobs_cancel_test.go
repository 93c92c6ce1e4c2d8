package cluster_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/anyio-go/anyio/cluster"
)

// That a job was canceled is nothing of a later one with the same key, also if a worker has
// heard of it before either has come.
func TestLaterJobThanACanceledOne(t *testing.T) {
	t.Parallel()
	onEach(t, cluster.Config{Lost: time.Hour}, func(t *testing.T, ctx context.Context, c *cluster.Conn) {
		name, w := watching(t, "")
		working(t, ctx, c, cluster.Worker{Jobs: true, Capacity: 1}, func(ctx context.Context) {
			first := submit(t, ctx, c, gives, name)
			wait(t, ctx, &w.begun) // there is no room for another one
			canceled := submit(t, ctx, c, double, 1, cluster.Key("k"), cluster.KeepResult(time.Second))
			if err := canceled.Cancel(ctx); err != nil {
				t.Error(err)
			}
			until(t, ctx, "the result ends", func() bool {
				_, err := canceled.Status(ctx)
				return errors.Is(err, cluster.ErrNoJob)
			})
			job := submit(t, ctx, c, double, 2, cluster.Key("k"))
			w.goOn.Set()
			if _, err := first.Await(ctx); err != nil {
				t.Error(err)
			}
			if n, err := job.Await(ctx); n != 4 || err != nil {
				t.Error(n, err)
			}
		})
	})
}
