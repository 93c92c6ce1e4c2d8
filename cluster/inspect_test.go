package cluster_test

import (
	"context"
	"strings"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/cluster"
	"github.com/anyio-go/anyio/inspect"
)

// A look at this process alone tells where a call runs for which a task waits.
func TestWaitForACallTellsItsWorker(t *testing.T) {
	onEach(t, cluster.Config{Name: "build-7:311"}, func(t *testing.T, ctx context.Context, c *cluster.Conn) {
		working(t, ctx, c, cluster.Worker{}, func(ctx context.Context) {
			name, w := watching(t, "")
			waits(t, ctx, w, " waiting for cluster.Call at ", ", the end of gives on build-7:311", func(ctx context.Context) error {
				_, err := cluster.Call(ctx, c, gives, name)
				return err
			})
		})
	})
}

// Of a job, for which a task waits, its ID is told.
func TestWaitForAJobTellsItsID(t *testing.T) {
	onEach(t, cluster.Config{}, func(t *testing.T, ctx context.Context, c *cluster.Conn) {
		working(t, ctx, c, takesJobs, func(ctx context.Context) {
			name, w := watching(t, "")
			job := submit(t, ctx, c, gives, name)
			waits(t, ctx, w, " waiting for Job.Await at ", ", the end of job "+job.ID(), func(ctx context.Context) error {
				_, err := job.Await(ctx)
				return err
			})
		})
	})
}

// waits looks at a task that calls f until it is seen to wait so, when the watch has begun,
// and has it go on then.
func waits(t *testing.T, ctx context.Context, w *watch, op, of string, f func(ctx context.Context) error) {
	t.Helper()
	group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
		h := tg.Go(f, anyio.Name("caller"))
		wait(t, ctx, &w.begun)
		var line string
		until(t, ctx, "what is waited for is told", func() bool {
			s := inspect.Take()
			if len(s.Deadlocks) > 0 {
				t.Errorf("got %s", s)
			}
			me, _ := inspect.Of(ctx)
			for _, r := range s.Runs {
				for _, task := range r.Tasks {
					if r.ID == me.Run && task.Name == "caller" {
						line = task.String()
					}
				}
			}
			return strings.Contains(line, of)
		})
		if !strings.Contains(line, op) {
			t.Errorf("got %q", line)
		}
		w.goOn.Set()
		if err := h.Wait(ctx); err != nil {
			t.Error(err)
		}
	})
}
