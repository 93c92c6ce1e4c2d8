package cluster_test

import (
	"context"
	"errors"
	"io"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/cluster"
	"github.com/anyio-go/anyio/process"
)

// wavers waits until its watch is set, and asks for another attempt.
var wavers = process.Register("wavers", func(ctx context.Context, name string) (string, error) {
	w := watched(name)
	w.count.Add(1)
	w.begun.Set()
	if err := w.goOn.Wait(ctx); err != nil {
		return "", err
	}
	return "", cluster.Retry(io.ErrUnexpectedEOF, 0)
})

// A worker that was taken for lost hands nothing back that another one has begun since, and
// takes back no attempt of that.
func TestJobThatAnotherWorkerHasBegun(t *testing.T) {
	for _, ends := range []string{"by its function", "by the end of its worker"} {
		t.Run(ends, func(t *testing.T) {
			onEach(t, cluster.Config{}, func(t *testing.T, ctx context.Context, c *cluster.Conn) {
				name, w := watching(t, "")
				job := submit(t, ctx, c, wavers, name, cluster.Attempts(2))
				working(t, ctx, c, takesJobs, func(ctx context.Context) {
					wait(t, ctx, &w.begun)
					if err := cluster.BeginElsewhere(ctx, c, job.ID(), 2); err != nil {
						t.Fatal(err)
					}
					if ends == "by its function" {
						w.goOn.Set()
						isLost(t, ctx, job)
					}
				})
				working(t, ctx, c, takesJobs, func(ctx context.Context) { isLost(t, ctx, job) })
				if n := w.count.Load(); n != 1 {
					t.Errorf("it began %d times here", n)
				}
				if s := c.Statistics(); s.JobsReturned != 0 || s.JobsRetried != 0 {
					t.Errorf("%d were handed back, and %d are tried again", s.JobsReturned, s.JobsRetried)
				}
			})
		})
	}
}

// A worker that was taken for lost makes no dead letter of a job that was submitted again.
func TestJobThatWasSubmittedAgainElsewhere(t *testing.T) {
	for attempts := range 2 {
		onEach(t, cluster.Config{}, func(t *testing.T, ctx context.Context, c *cluster.Conn) {
			name, w := watching(t, "")
			working(t, ctx, c, takesJobs, func(ctx context.Context) {
				job := submit(t, ctx, c, wavers, name, cluster.Attempts(attempts+1))
				wait(t, ctx, &w.begun)
				if err := cluster.SubmitElsewhere(ctx, c, job.ID()); err != nil {
					t.Fatal(err)
				}
				w.goOn.Set()
				_, err := job.Await(ctx)
				if dead, ok := errors.AsType[*cluster.DeadJobError](err); !ok || dead.Attempts != attempts+1 {
					t.Errorf("%#v", err)
				}
				if n := int(w.count.Load()); n != 1+attempts+1 {
					t.Errorf("it began %d times, want once before and %d times then", n, attempts+1)
				}
			})
		})
	}
}

// isLost waits until a job is dead whose last worker has not been heard of.
func isLost(t *testing.T, ctx context.Context, job *cluster.Job[string]) {
	t.Helper()
	err := anyio.FailAfter(ctx, patience, func(ctx context.Context) error {
		_, err := job.Await(ctx)
		return err
	})
	if dead, ok := errors.AsType[*cluster.DeadJobError](err); !ok || dead.Attempts != 2 || dead.Reason != "its worker was lost" || dead.Cause != nil {
		t.Errorf("%#v", err)
	}
}

// What a worker notes of a job is not held up by a note of one before it with the same key.
func TestAttemptsAfterAJobWithTheSameKey(t *testing.T) {
	onEach(t, cluster.Config{}, func(t *testing.T, ctx context.Context, c *cluster.Conn) {
		name, w := watching(t, "")
		w.goOn.Set()
		working(t, ctx, c, takesJobs, func(ctx context.Context) {
			for range 2 {
				_, err := submit(t, ctx, c, wavers, name, cluster.Key("k"), cluster.Attempts(2)).Await(ctx)
				if dead, ok := errors.AsType[*cluster.DeadJobError](err); !ok || dead.Attempts != 2 || !errors.Is(err, io.ErrUnexpectedEOF) {
					t.Errorf("%#v", err)
				}
				for _, d := range letters(t, ctx, c) {
					if err := d.Resubmit(ctx); err != nil {
						t.Error(err)
					}
				}
			}
		})
	})
}

// A letter that is new does not come in place of one that is gone meanwhile.
func TestDeadLettersThatChangeMeanwhile(t *testing.T) {
	onEach(t, cluster.Config{}, func(t *testing.T, ctx context.Context, c *cluster.Conn) {
		name, _ := watching(t, "")
		working(t, ctx, c, takesJobs, func(ctx context.Context) {
			jobs := dies(t, ctx, c, name, 2)
			second := letters(t, ctx, c)[1]
			came := 0
			for d, err := range c.DeadLetters(ctx) {
				if came++; err != nil || came > 1 {
					t.Fatal(d, err)
				}
				for _, err := range []error{d.Resubmit(ctx), second.Delete(ctx)} {
					if err != nil {
						t.Error(err)
					}
				}
				_, err = jobs[0].Await(ctx)
				isDead(t, err)
			}
			if list := letters(t, ctx, c); len(list) != 1 || list[0].ID != jobs[0].ID() {
				t.Error(list)
			}
		})
	})
}
