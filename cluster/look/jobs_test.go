package look_test

import (
	"context"
	"regexp"
	"strings"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/cluster"
	"github.com/anyio-go/anyio/process"
)

// awaits is a task that waits for a job.
func awaits[Out any](tg *anyio.TaskGroup, name string, job *cluster.Job[Out]) {
	tg.Go(func(ctx context.Context) error {
		_, err := job.Await(ctx)
		return err
	}, anyio.Name(name))
}

// A job is below the task that waits for it; of several below the first.
func TestTreeOfJobs(t *testing.T) {
	inCluster(t, func(t *testing.T, ctx context.Context, c *cluster.Conn) {
		job, err := cluster.Submit(ctx, c, waits, "secret")
		if err != nil {
			t.Fatal(err)
		}
		queued, err := cluster.Submit(ctx, c, waits, "secret", cluster.Key("queued"))
		if err != nil {
			t.Fatal(err)
		}
		startWorker(t, c.URL())
		err = anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			defer tg.Cancel("seen")
			shows(t, ctx, c, `(?m)─ job waits\.\S+ #\d+ .*, attempt 1 of job `+regexp.QuoteMeta(job.ID())+"$")
			awaits(tg, "first", job)
			waiting := `#\d+ waiting for Job.Await at .*, the end of job ` + regexp.QuoteMeta(job.ID()) + `\n.*└─ → worker: `
			shows(t, ctx, c, `─ first `+waiting+`job waits\.\S+ #\d+ waiting for .*\n.*   └─ deep #\d+ waiting for SleepForever`,
				`(?m)─ job waits\.\S+ #\d+: see first #\d+ of caller$`)
			awaits(tg, "second", job)
			awaits(tg, "early", queued)
			shows(t, ctx, c, `(?m)─ second `+waiting+`waits, for \S+$`,
				`─ early #\d+ .*\n.*└─ → waits, for \S+, job `+regexp.QuoteMeta(queued.ID())+`, which nobody is known to run\n`)
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	})
}

// waitsFor waits for the job of another key.
var waitsFor = process.Register("waits for", func(ctx context.Context, keys [2]string) (int, error) {
	job, err := submitWaiting(ctx, cluster.Serving(ctx), keys[1], keys[0])
	if err != nil {
		return 0, err
	}
	return job.Await(ctx)
})

// submitWaiting submits a job with a key, which waits for that of another one.
var submitWaiting func(ctx context.Context, c *cluster.Conn, key, other string) (*cluster.Job[int], error)

func init() {
	submitWaiting = func(ctx context.Context, c *cluster.Conn, key, other string) (*cluster.Job[int], error) {
		return cluster.Submit(ctx, c, waitsFor, [2]string{key, other}, cluster.Key(key))
	}
}

// Jobs that wait for each other are in the tree, though each is below the other.
func TestTreeOfJobsThatWaitForEachOther(t *testing.T) {
	inCluster(t, func(t *testing.T, ctx context.Context, c *cluster.Conn) {
		err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			defer tg.Cancel("seen")
			if _, err := anyio.Start(ctx, tg, cluster.Worker{Capacity: 2, Jobs: true}.Task(c)); err != nil {
				return err
			}
			a, err := submitWaiting(ctx, c, "a", "b")
			if err != nil {
				return err
			}
			b, err := submitWaiting(ctx, c, "b", "a")
			if err != nil {
				return err
			}
			s := shows(t, ctx, c, `─ job \S+ #\d+ .*, attempt 1 of job .*\n.*└─ → caller: job \S+ #\d+ .*\n.*└─ → caller: waits for, for `)
			var text strings.Builder
			if _, err := s.WriteTo(&text); err != nil {
				return err
			}
			for _, job := range []*cluster.Job[int]{a, b} {
				if n := strings.Count(text.String(), "the end of job "+job.ID()); n != 1 {
					t.Errorf("%d tasks wait for job %s, want one in\n%s", n, job.ID(), text.String())
				}
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	})
}
