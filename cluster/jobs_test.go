package cluster_test

import (
	"context"
	"errors"
	"io"
	"math"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/cluster"
	"github.com/anyio-go/anyio/process"
)

// tries asks for another attempt until that of its argument.
var tries = process.Register("tries", func(ctx context.Context, succeeds int) (int, error) {
	job, ok := cluster.CurrentJob(ctx)
	if !ok {
		return 0, errors.New("it runs for no job")
	}
	if job.Attempt < succeeds {
		return 0, cluster.Retry(io.ErrUnexpectedEOF, time.Millisecond)
	}
	return job.Attempt, nil
})

// submit submits a job, and ends the test if that fails.
func submit[In, Out any](t *testing.T, ctx context.Context, c *cluster.Conn, fn *process.Function[In, Out], in In, opts ...cluster.JobOption) *cluster.Job[Out] {
	t.Helper()
	job, err := cluster.Submit(ctx, c, fn, in, opts...)
	if err != nil {
		t.Fatal(err)
	}
	return job
}

var takesJobs = cluster.Worker{Jobs: true}

func TestJob(t *testing.T) {
	onEach(t, cluster.Config{}, func(t *testing.T, ctx context.Context, c *cluster.Conn) {
		early := submit(t, ctx, c, double, 4) // there is no worker
		if s, err := early.Status(ctx); s.State != cluster.JobQueued || err != nil {
			t.Error(s, err)
		}
		working(t, ctx, c, takesJobs, func(ctx context.Context) {
			if n, err := early.Await(ctx); n != 8 || err != nil {
				t.Error(n, err)
			}
			if s, err := early.Status(ctx); s.State != cluster.JobDone || s.Attempt != 1 || err != nil {
				t.Error(s, err)
			}
			job := submit(t, ctx, c, double, 21, cluster.With(cluster.JSON))
			for range 2 { // the result stays
				if n, err := job.Await(ctx); n != 42 || err != nil {
					t.Error(n, err)
				}
			}
			failed := submit(t, ctx, c, fails, "reading")
			_, err := failed.Await(ctx)
			if re, ok := errors.AsType[*process.RemoteError](err); !ok || re.Text != "reading: unexpected EOF" || !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Errorf("%#v", err)
			}
			if s, err := failed.Status(ctx); s.State != cluster.JobFailed || s.Attempt != 1 || err != nil {
				t.Error(s, err)
			}
			_, err = submit(t, ctx, c, panics, "ouch").Await(ctx)
			if re, ok := errors.AsType[*process.RemoteError](err); !ok || re.Text != "ouch" || re.Stack == "" {
				t.Errorf("%#v", err)
			}
			if n, err := cluster.Call(ctx, c, double, 1); n != 2 || err != nil { // calls go on
				t.Error(n, err)
			}
		})
		if n := cluster.JobsAsked(c); n != 0 {
			t.Errorf("%d questions are left", n)
		}
	})
}

func TestJobRetry(t *testing.T) {
	onEach(t, cluster.Config{}, func(t *testing.T, ctx context.Context, c *cluster.Conn) {
		working(t, ctx, c, takesJobs, func(ctx context.Context) {
			if n, err := submit(t, ctx, c, tries, 3).Await(ctx); n != 3 || err != nil {
				t.Error(n, err)
			}
			job := submit(t, ctx, c, tries, 4, cluster.Attempts(3))
			_, err := job.Await(ctx)
			dead, ok := errors.AsType[*cluster.DeadJobError](err)
			if !ok || dead.Attempts != 3 || dead.ID != job.ID() || dead.Function != "tries" || !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Errorf("%#v", err)
			}
			if _, ok := errors.AsType[*process.RemoteError](err); !ok || !strings.Contains(err.Error(), "after 3 attempts") || !strings.Contains(err.Error(), io.ErrUnexpectedEOF.Error()) {
				t.Error(err)
			}
			if s, err := job.Status(ctx); s.State != cluster.JobDead || s.Attempt != 3 || err != nil {
				t.Error(s, err)
			}
			if _, err := cluster.Call(ctx, c, tries, 1); err == nil || !strings.Contains(err.Error(), "no job") {
				t.Error(err)
			}
		})
	})
}

func TestJobKey(t *testing.T) {
	onEach(t, cluster.Config{}, func(t *testing.T, ctx context.Context, c *cluster.Conn) {
		name, w := watching(t, "job")
		first := submit(t, ctx, c, gives, name, cluster.Key("k"))
		if again := submit(t, ctx, c, gives, name, cluster.Key("k")); again.ID() != first.ID() {
			t.Error(again.ID(), first.ID())
		}
		if other := submit(t, ctx, c, double, 1, cluster.Key("k")); other.ID() == first.ID() {
			t.Error("a key is not one of all functions")
		}
		working(t, ctx, c, takesJobs, func(ctx context.Context) {
			if err := w.begun.Wait(ctx); err != nil {
				t.Fatal(err)
			}
			running := submit(t, ctx, c, gives, name, cluster.Key("k"))
			w.goOn.Set()
			if got, err := running.Await(ctx); got != name || err != nil {
				t.Error(got, err)
			}
			over := submit(t, ctx, c, gives, name, cluster.Key("k"))
			if got, err := over.Await(ctx); got != name || err != nil {
				t.Error(got, err)
			}
			if _, err := submit(t, ctx, c, gives, name, cluster.Key("l")).Await(ctx); err != nil { // the queue has been worked off
				t.Error(err)
			}
			if n := w.count.Load(); n != 2 {
				t.Errorf("it ran %d times for two keys", n)
			}
		})
	})
}

func TestJobCancel(t *testing.T) {
	onEach(t, cluster.Config{}, func(t *testing.T, ctx context.Context, c *cluster.Conn) {
		name, w := watching(t, "job")
		early := submit(t, ctx, c, gives, name)
		canceled := func(job *cluster.Job[string]) {
			t.Helper()
			if err := job.Cancel(ctx); err != nil {
				t.Error(err)
			}
			if _, err := job.Await(ctx); !errors.Is(err, cluster.ErrJobCanceled) || !strings.Contains(err.Error(), job.ID()) {
				t.Error(err)
			}
			if s, err := job.Status(ctx); s.State != cluster.JobCanceled || err != nil {
				t.Error(s, err)
			}
		}
		canceled(early)
		working(t, ctx, c, takesJobs, func(ctx context.Context) {
			running, hw := watching(t, "running")
			job := submit(t, ctx, c, hangs, running)
			if err := hw.begun.Wait(ctx); err != nil {
				t.Fatal(err)
			}
			if s, err := job.Status(ctx); s.State != cluster.JobRunning || s.Attempt != 1 || s.Worker == "" || err != nil {
				t.Error(s, err)
			}
			_, err := anyio.MoveOnAfter(ctx, time.Millisecond, func(ctx context.Context) error {
				_, err := job.Await(ctx)
				return err
			})
			if err != nil || hw.ended.IsSet() { // only the waiting ends
				t.Error(err)
			}
			canceled(job)
			if err := hw.ended.Wait(ctx); err != nil {
				t.Error(err)
			}
			done := submit(t, ctx, c, double, 1)
			if _, err := done.Await(ctx); err != nil {
				t.Error(err)
			}
			if err := done.Cancel(ctx); err != nil {
				t.Error(err)
			}
			if n, err := done.Await(ctx); n != 2 || err != nil {
				t.Error(n, err)
			}
		})
		if n := w.count.Load(); n != 0 {
			t.Error("a job ran that was canceled before")
		}
	})
}

func TestJobOfAnotherMember(t *testing.T) {
	eachReal(t, cluster.Config{Listen: "127.0.0.1:0"}, func(t *testing.T, ctx context.Context, c *cluster.Conn) {
		submitter, err := cluster.Open(ctx, cluster.Config{URL: c.URL()})
		if err != nil {
			t.Fatal(err)
		}
		id := submit(t, ctx, submitter, double, 5).ID()
		submitter.Close(ctx)
		working(t, ctx, c, takesJobs, func(ctx context.Context) {
			other, err := cluster.Open(ctx, cluster.Config{URL: c.URL()})
			if err != nil {
				t.Fatal(err)
			}
			defer other.Close(ctx)
			job, err := cluster.Attach(ctx, other, double, id)
			if err != nil {
				t.Fatal(err)
			}
			if n, err := job.Await(ctx); n != 10 || err != nil {
				t.Error(n, err)
			}
			if _, err := cluster.Attach(ctx, other, double, id[:len(id)-1]); !errors.Is(err, cluster.ErrNoJob) {
				t.Error(err)
			}
			for _, bad := range []string{"", "double", "*", id + ".x", strings.Replace(id, "double", "fails", 1)} {
				_, err := cluster.Attach(ctx, other, double, bad)
				if _, ok := errors.AsType[*anyio.MisuseError](err); !ok {
					t.Errorf("%q: %v", bad, err)
				}
			}
		})
	})
}

func TestJobAwaitEndsWithItsConn(t *testing.T) {
	onEach(t, cluster.Config{}, func(t *testing.T, ctx context.Context, c *cluster.Conn) {
		job := submit(t, ctx, c, double, 1)
		err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			h := anyio.GoValue(tg, func(ctx context.Context) (error, error) {
				_, err := job.Await(ctx)
				return err, nil
			})
			if err := anyio.Sleep(ctx, time.Millisecond); err != nil {
				return err
			}
			c.Close(ctx)
			if err, _ := h.Await(ctx); !errors.Is(err, anyio.ErrClosed) {
				t.Error(err)
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	})
}

// A worker that is canceled gives its jobs to others at once, and that was no attempt.
func TestJobOfCanceledWorker(t *testing.T) {
	eachReal(t, cluster.Config{Lost: time.Hour}, func(t *testing.T, ctx context.Context, c *cluster.Conn) {
		name, w := watching(t, "job")
		job := submit(t, ctx, c, gives, name, cluster.Attempts(1))
		for range 3 {
			before := w.count.Load()
			working(t, ctx, c, takesJobs, func(ctx context.Context) {
				until(t, ctx, "it runs", func() bool { return w.count.Load() > before })
			})
		}
		working(t, ctx, c, takesJobs, func(ctx context.Context) {
			w.goOn.Set()
			if got, err := job.Await(ctx); got != name || err != nil {
				t.Error(got, err)
			}
			if s, err := job.Status(ctx); s.Attempt != 1 || err != nil {
				t.Error(s, err)
			}
		})
	})
}

// A worker that is stopped does the job it has, and takes no other.
func TestJobOfStoppedWorker(t *testing.T) {
	eachReal(t, cluster.Config{Lost: time.Hour}, func(t *testing.T, ctx context.Context, c *cluster.Conn) {
		name, w := watching(t, "job")
		job := submit(t, ctx, c, gives, name)
		later := submit(t, ctx, c, gives, name)
		err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			if _, err := anyio.Start(ctx, tg, cluster.Worker{Jobs: true, Capacity: 1}.Task(c)); err != nil {
				return err
			}
			if err := w.begun.Wait(ctx); err != nil {
				return err
			}
			tg.Stop("it is renewed", anyio.Forever)
			w.goOn.Set()
			return nil
		})
		if err != nil {
			t.Error(err)
		}
		if got, err := job.Await(ctx); got != name || err != nil {
			t.Error(got, err)
		}
		if s, err := later.Status(ctx); s.State != cluster.JobQueued || err != nil {
			t.Error(s, err)
		}
	})
}

func TestJobResultEnds(t *testing.T) {
	t.Parallel()
	onEach(t, cluster.Config{}, func(t *testing.T, ctx context.Context, c *cluster.Conn) {
		working(t, ctx, c, takesJobs, func(ctx context.Context) {
			kept := submit(t, ctx, c, double, 1, cluster.Key("kept"))
			job := submit(t, ctx, c, double, 1, cluster.KeepResult(time.Second), cluster.Key("gone"))
			for _, j := range []*cluster.Job[int]{kept, job} {
				if n, err := j.Await(ctx); n != 2 || err != nil {
					t.Error(n, err)
				}
			}
			until(t, ctx, "the result ends", func() bool {
				_, err := job.Status(ctx)
				return errors.Is(err, cluster.ErrNoJob)
			})
			if n, err := kept.Await(ctx); n != 2 || err != nil {
				t.Error(n, err)
			}
			again := submit(t, ctx, c, double, 2, cluster.Key("gone")) // a new job
			if n, err := again.Await(ctx); n != 4 || err != nil {
				t.Error(n, err)
			}
		})
	})
}

// A result that is not kept is told to those who wait for it, and to nobody else; an error
// is kept.
func TestResultThatIsNotKept(t *testing.T) {
	t.Parallel()
	onEach(t, cluster.Config{}, func(t *testing.T, ctx context.Context, c *cluster.Conn) {
		job := submit(t, ctx, c, double, 3, cluster.KeepResult(0), cluster.Key("told"))
		late := submit(t, ctx, c, double, 3, cluster.KeepResult(0))
		fails := submit(t, ctx, c, fails, "on purpose", cluster.KeepResult(0))
		canceled := submit(t, ctx, c, double, 3, cluster.KeepResult(0))
		if err := canceled.Cancel(ctx); err != nil {
			t.Error(err)
		}
		err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			others := cluster.Subscriptions(c)
			for range 3 {
				tg.Go(func(ctx context.Context) error {
					if n, err := job.Await(ctx); n != 6 || err != nil {
						t.Error(n, err)
					}
					return nil
				})
			}
			until(t, ctx, "all wait", func() bool { return cluster.Subscriptions(c) == others+3 })
			working(t, ctx, c, takesJobs, func(ctx context.Context) {
				until(t, ctx, "the other job is over", func() bool {
					_, err := late.Status(ctx)
					return errors.Is(err, cluster.ErrNoJob)
				})
				_, err := late.Await(ctx)
				wantIs(t, err, cluster.ErrNoJob)
				if _, err := fails.Await(ctx); err == nil || !strings.Contains(err.Error(), "on purpose") {
					t.Error(err)
				}
				_, err = canceled.Await(ctx)
				wantIs(t, err, cluster.ErrJobCanceled)
				again := submit(t, ctx, c, double, 4, cluster.Key("told"))
				if n, err := again.Await(ctx); n != 8 && !errors.Is(err, cluster.ErrNoJob) {
					t.Error(n, err)
				}
				until(t, ctx, "all are counted", func() bool { return c.Statistics().JobsDone == 4 })
			})
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	})
}

// What the server in this process has stored outlives it.
func TestJobsOutliveTheServer(t *testing.T) {
	eachReal(t, cluster.Config{}, func(t *testing.T, ctx context.Context, _ *cluster.Conn) {
		cfg := cluster.Config{StoreDir: filepath.Join(t.TempDir(), "jobs")}
		c, err := cluster.Open(ctx, cfg)
		if err != nil {
			t.Fatal(err)
		}
		queued := submit(t, ctx, c, double, 7).ID()
		done := submit(t, ctx, c, tries, 1).ID()
		working(t, ctx, c, cluster.Worker{Jobs: true, Functions: []string{"tries"}}, func(ctx context.Context) {
			job, err := cluster.Attach(ctx, c, tries, done)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := job.Await(ctx); err != nil {
				t.Error(err)
			}
		})
		c.Close(ctx)

		c, err = cluster.Open(ctx, cfg)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close(ctx)
		job, err := cluster.Attach(ctx, c, tries, done)
		if err != nil {
			t.Fatal(err)
		}
		if n, err := job.Await(ctx); n != 1 || err != nil {
			t.Error(n, err)
		}
		working(t, ctx, c, takesJobs, func(ctx context.Context) {
			job, err := cluster.Attach(ctx, c, double, queued)
			if err != nil {
				t.Fatal(err)
			}
			if n, err := job.Await(ctx); n != 14 || err != nil {
				t.Error(n, err)
			}
		})
	})
}

func TestJobOptionsMisused(t *testing.T) {
	onEach(t, cluster.Config{}, func(t *testing.T, ctx context.Context, c *cluster.Conn) {
		for _, opt := range []cluster.JobOption{cluster.Key(""), cluster.Attempts(0), cluster.KeepResult(time.Millisecond), cluster.KeepResult(math.MaxInt64)} {
			_, err := cluster.Submit(ctx, c, double, 1, opt)
			if _, ok := errors.AsType[*anyio.MisuseError](err); !ok {
				t.Error(err)
			}
		}
	})
}
