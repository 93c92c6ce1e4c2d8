package cluster_test

import (
	"context"
	"errors"
	"io"
	"testing"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/cluster"
	"github.com/anyio-go/anyio/process"
	"github.com/anyio-go/anyio/sim"
)

// ages is a time after which the server has forgotten all that it does not keep for good.
const ages = 40 * 24 * time.Hour

// putsOff notes each attempt, and asks for the next one after a long time.
var putsOff = process.Register("puts off", func(ctx context.Context, _ int) (int, error) {
	l, err := ledgers.Get(ctx)
	if err != nil {
		return 0, err
	}
	job, _ := cluster.CurrentJob(ctx)
	l.count(l.begun, job.Attempt)
	return 0, cluster.Retry(io.ErrUnexpectedEOF, ages)
})

func putOff(ctx context.Context, c *cluster.Conn) error {
	return cluster.Work(ctx, c, cluster.Worker{Capacity: 1, Jobs: true, Functions: []string{"puts off", "effect"}})
}

// visits runs body beside a server alone; visit runs something as a member, which is gone
// then, for a long time.
func visits(t *testing.T, ctx context.Context, body func(ctx context.Context, visit func(f func(ctx context.Context, c *cluster.Conn) error))) *ledger {
	l := &ledger{told: map[int]int{}, begun: map[int]int{}, ended: map[int]int{}}
	ledgers.Set(ctx, l)
	group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
		defer tg.Cancel("the test is over")
		onHost(tg, "nats", serveNATS)
		body(ctx, func(f func(ctx context.Context, c *cluster.Conn) error) {
			if err := sim.RunOnHost(ctx, "visitor", asMember(f)); err != nil {
				t.Error(err)
			}
			if err := anyio.Sleep(ctx, ages); err != nil {
				t.Error(err)
			}
		})
	})
	return l
}

// besideWorker runs f beside a worker.
func besideWorker(f func(ctx context.Context, c *cluster.Conn) error) func(ctx context.Context, c *cluster.Conn) error {
	return func(ctx context.Context, c *cluster.Conn) error {
		return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			defer tg.Cancel("it is enough")
			tg.Go(func(ctx context.Context) error { return putOff(ctx, c) })
			return f(ctx, c)
		})
	}
}

// isDeadAfter waits until the job is dead, and looks how many attempts it had.
func isDeadAfter(t *testing.T, ctx context.Context, job *cluster.Job[int], attempts int) error {
	t.Helper()
	return anyio.FailAfter(ctx, time.Minute, func(ctx context.Context) error {
		_, err := job.Await(ctx)
		if dead, ok := errors.AsType[*cluster.DeadJobError](err); ok && dead.Attempts == attempts {
			return nil
		}
		t.Errorf("%#v", err)
		return err
	})
}

// Attempts are not forgotten, however long the next one is put off.
func TestAttemptsThatArePutOff(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		const attempts = 4
		l := visits(t, ctx, func(ctx context.Context, visit func(f func(ctx context.Context, c *cluster.Conn) error)) {
			id := ""
			visit(func(ctx context.Context, c *cluster.Conn) error {
				job, err := cluster.Submit(ctx, c, putsOff, 0, cluster.Attempts(attempts))
				id = job.ID()
				return err
			})
			for n := range int64(attempts) {
				visit(besideWorker(func(ctx context.Context, c *cluster.Conn) error {
					job, err := cluster.Attach(ctx, c, putsOff, id)
					if err != nil || n == attempts-1 {
						return errors.Join(err, isDeadAfter(t, ctx, job, attempts))
					}
					until(t, ctx, "it is put off", func() bool { return c.Statistics().JobsRetried == 1 && c.Statistics().Running == 0 })
					return nil
				}))
			}
		})
		for n := range attempts {
			if l.begun[n+1] != 1 {
				t.Errorf("attempt %d was made %d times", n+1, l.begun[n+1])
			}
		}
	}, anyiotest.Only("sim"))
}

// A job with one attempt is not begun twice, however long no worker has been there.
func TestOneAttemptAfterALongTime(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		l := visits(t, ctx, func(ctx context.Context, visit func(f func(ctx context.Context, c *cluster.Conn) error)) {
			id := ""
			visit(func(ctx context.Context, c *cluster.Conn) error {
				return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
					defer tg.Cancel("the worker is dead")
					tg.Go(func(ctx context.Context) error { // and is not started again
						if err := sim.RunOnHost(ctx, "one", asMember(putOff)); anyio.IsCancellation(err) {
							return err
						}
						return nil
					})
					job, err := cluster.Submit(ctx, c, effect, 3, cluster.Attempts(1))
					if err != nil {
						return err
					}
					id = job.ID()
					until(t, ctx, "it runs", func() bool {
						s, err := job.Status(ctx)
						return s.State == cluster.JobRunning && err == nil
					})
					if err := anyio.Sleep(ctx, 100*time.Millisecond); err != nil {
						return err
					}
					sim.NetworkOf(ctx).PowerOff("one", "test")
					return nil
				})
			})
			visit(besideWorker(func(ctx context.Context, c *cluster.Conn) error {
				job, err := cluster.Attach(ctx, c, effect, id)
				if err != nil {
					return err
				}
				return isDeadAfter(t, ctx, job, 1)
			}))
		})
		if _, begun, ended := l.of(3); begun != 1 || ended != 0 {
			t.Errorf("begun %d times, ended %d", begun, ended)
		}
	}, anyiotest.Only("sim"))
}

// What is noted of a job ends, however that ends, though not at once.
func TestNotesEnd(t *testing.T) {
	type ending func(t *testing.T, ctx context.Context, c *cluster.Conn) error
	over := func(opts ...cluster.JobOption) ending {
		return besideWorkerT(func(t *testing.T, ctx context.Context, c *cluster.Conn) error {
			job, err := cluster.Submit(ctx, c, effect, 3, opts...)
			if err == nil {
				until(t, ctx, "it is over", func() bool { return !cluster.Stored(ctx, c, job.ID()) })
			}
			return err
		})
	}
	for how, ends := range map[string]ending{
		"done":                  over(cluster.Attempts(1)),
		"done without a result": over(cluster.Attempts(1), cluster.KeepResult(0)),
		"canceled while it runs": besideWorkerT(func(t *testing.T, ctx context.Context, c *cluster.Conn) error {
			job, err := cluster.Submit(ctx, c, effect, 3, cluster.Attempts(1))
			if err != nil {
				return err
			}
			until(t, ctx, "it is noted", func() bool { return notesOf(t, ctx, c) == 1 })
			err = job.Cancel(ctx)
			until(t, ctx, "it has ended", func() bool { return c.Statistics().Running == 0 })
			return err
		}),
		"canceled while it is put off": besideWorkerT(func(t *testing.T, ctx context.Context, c *cluster.Conn) error {
			job, err := cluster.Submit(ctx, c, putsOff, 3)
			if err != nil {
				return err
			}
			until(t, ctx, "it is put off", func() bool { return c.Statistics().JobsRetried == 1 })
			return job.Cancel(ctx)
		}),
		"gone while it is handed back": besideWorkerT(func(t *testing.T, ctx context.Context, c *cluster.Conn) error {
			job, err := cluster.Submit(ctx, c, effect, 3)
			if err != nil {
				return err
			}
			until(t, ctx, "it runs", func() bool { return c.Statistics().JobsTaken == 1 })
			return cluster.TakeAway(ctx, c, job.ID())
		}),
	} {
		t.Run(how, func(t *testing.T) {
			anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
				visits(t, ctx, func(ctx context.Context, visit func(f func(ctx context.Context, c *cluster.Conn) error)) {
					visit(func(ctx context.Context, c *cluster.Conn) error {
						err := ends(t, ctx, c)
						if n := notesOf(t, ctx, c); n != 1 {
							t.Errorf("%d notes", n)
						}
						return err
					})
					visit(func(ctx context.Context, c *cluster.Conn) error {
						if n := notesOf(t, ctx, c); n != 0 {
							t.Errorf("%d notes are left", n)
						}
						return nil
					})
				})
			}, anyiotest.Only("sim"))
		})
	}
}

// besideWorkerT is besideWorker of what may fail a test.
func besideWorkerT(f func(t *testing.T, ctx context.Context, c *cluster.Conn) error) func(t *testing.T, ctx context.Context, c *cluster.Conn) error {
	return func(t *testing.T, ctx context.Context, c *cluster.Conn) error {
		return besideWorker(func(ctx context.Context, c *cluster.Conn) error { return f(t, ctx, c) })(ctx, c)
	}
}

func notesOf(t *testing.T, ctx context.Context, c *cluster.Conn) int {
	t.Helper()
	n, err := cluster.Notes(ctx, c)
	if err != nil {
		t.Error(err)
	}
	return n
}
