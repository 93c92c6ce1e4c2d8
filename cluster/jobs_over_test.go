package cluster_test

import (
	"context"
	"testing"
	"time"

	"github.com/anyio-go/anyio/cluster"
)

// A job that is over, of which its worker was not told, is canceled there. It is not handed
// to another one.
func TestJobThatIsOverElsewhere(t *testing.T) {
	onEach(t, cluster.Config{Lost: 2 * time.Second}, func(t *testing.T, ctx context.Context, c *cluster.Conn) {
		working(t, ctx, c, takesJobs, func(ctx context.Context) {
			name, w := watching(t, "")
			job := submit(t, ctx, c, hangs, name)
			wait(t, ctx, &w.begun)
			if err := cluster.EndElsewhere(ctx, c, job.ID()); err != nil {
				t.Fatal(err)
			}
			wait(t, ctx, &w.ended)
			_, err := job.Await(ctx)
			wantIs(t, err, cluster.ErrJobCanceled)
			until(t, ctx, "the server is told", func() bool { return !cluster.Stored(ctx, c, job.ID()) })
		})
		if n := c.Statistics().JobsReturned; n != 0 {
			t.Errorf("%d jobs were handed back", n)
		}
	})
}

// A job that comes again while it runs here does not run twice, and is not handed back.
func TestJobThatComesAgainWhileItRuns(t *testing.T) {
	onEach(t, cluster.Config{}, func(t *testing.T, ctx context.Context, c *cluster.Conn) {
		working(t, ctx, c, takesJobs, func(ctx context.Context) {
			name, w := watching(t, "")
			job := submit(t, ctx, c, hangs, name)
			wait(t, ctx, &w.begun)
			cluster.Redeliver(c)
			if n := c.Statistics(); n.JobsTaken != 1 || n.JobsReturned != 0 {
				t.Errorf("%d jobs were taken, and %d handed back", n.JobsTaken, n.JobsReturned)
			}
			if err := job.Cancel(ctx); err != nil {
				t.Error(err)
			}
			wait(t, ctx, &w.ended)
		})
	})
}
