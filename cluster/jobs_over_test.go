package cluster_test

import (
	"context"
	"testing"
	"time"

	"github.com/anyio-go/anyio/cluster"
)

// A job that is over, of which its worker was not told, is canceled there, also if there is
// no result. It is not handed to another one.
func TestJobThatIsOverElsewhere(t *testing.T) {
	for _, over := range []struct {
		how string
		end func(ctx context.Context, c *cluster.Conn, id string) error
		is  error
	}{
		{"with a result", cluster.EndElsewhere, cluster.ErrJobCanceled},
		{"without a result", cluster.TakeAway, cluster.ErrNoJob},
	} {
		t.Run(over.how, func(t *testing.T) {
			onEach(t, cluster.Config{Lost: 2 * time.Second}, func(t *testing.T, ctx context.Context, c *cluster.Conn) {
				working(t, ctx, c, takesJobs, func(ctx context.Context) {
					name, w := watching(t, "")
					job := submit(t, ctx, c, hangs, name)
					wait(t, ctx, &w.begun)
					if err := over.end(ctx, c, job.ID()); err != nil {
						t.Fatal(err)
					}
					wait(t, ctx, &w.ended)
					_, err := job.Await(ctx)
					wantIs(t, err, over.is)
					until(t, ctx, "the server is told", func() bool { return !cluster.Stored(ctx, c, job.ID()) })
				})
				if n := c.Statistics().JobsReturned; n != 0 {
					t.Errorf("%d jobs were handed back", n)
				}
			})
		})
	}
}

// A job that was submitted again is not taken for the one before it, which still runs here.
func TestJobThatComesWhileTheOneBeforeItRuns(t *testing.T) {
	onEach(t, cluster.Config{Lost: time.Hour}, func(t *testing.T, ctx context.Context, c *cluster.Conn) {
		working(t, ctx, c, cluster.Worker{Jobs: true, Capacity: 2}, func(ctx context.Context) {
			name, w := watching(t, "")
			job := submit(t, ctx, c, gives, name, cluster.Attempts(1))
			wait(t, ctx, &w.begun)
			if err := cluster.SubmitElsewhere(ctx, c, job.ID()); err != nil {
				t.Fatal(err)
			}
			until(t, ctx, "both run", func() bool { return w.count.Load() == 2 })
			w.goOn.Set()
			if got, err := job.Await(ctx); got != name || err != nil {
				t.Error(got, err)
			}
		})
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
