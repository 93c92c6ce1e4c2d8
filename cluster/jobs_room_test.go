package cluster_test

import (
	"context"
	"slices"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/cluster"
)

// Workers with room for one take jobs of several functions, and calls. What comes to one
// that is busy is handed back, and that is no attempt.
func TestJobsWithLittleRoom(t *testing.T) {
	onEach(t, cluster.Config{}, func(t *testing.T, ctx context.Context, c *cluster.Conn) {
		little := cluster.Worker{Jobs: true, Capacity: 1}
		working(t, ctx, c, little, func(ctx context.Context) {
			working(t, ctx, c, little, func(ctx context.Context) {
				err := anyio.ForEach(ctx, slices.Values(make([]struct{}, 60)), 20, func(ctx context.Context, _ struct{}) error {
					doubled := submit(t, ctx, c, double, 3, cluster.Attempts(1))
					tried := submit(t, ctx, c, tries, 1, cluster.Attempts(1))
					written := submit(t, ctx, c, long, 3, cluster.Attempts(1))
					if n, err := cluster.Call(ctx, c, double, 5); n != 10 || err != nil {
						t.Error(n, err)
					}
					if n, err := doubled.Await(ctx); n != 6 || err != nil {
						t.Error(n, err)
					}
					if n, err := tried.Await(ctx); n != 1 || err != nil {
						t.Error(n, err)
					}
					if s, err := written.Await(ctx); s != "xxx" || err != nil {
						t.Error(s, err)
					}
					return nil
				})
				if err != nil {
					t.Error(err)
				}
			})
		})
	})
}
