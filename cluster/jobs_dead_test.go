package cluster_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/cluster"
	"github.com/anyio-go/anyio/process"
)

// A ticket is the argument of a job that fails as long as it is told to.
type ticket struct {
	Watch  string
	Number int
}

// mends asks for another attempt until its watch is set.
var mends = process.Register("mends", func(ctx context.Context, in ticket) (int, error) {
	w := watched(in.Watch)
	w.count.Add(1)
	if !w.goOn.IsSet() {
		return 0, cluster.Retry(errors.New("not\nmended"), time.Millisecond)
	}
	return in.Number, nil
})

// letters are the dead letters that are there.
func letters(t *testing.T, ctx context.Context, c *cluster.Conn) (list []*cluster.DeadLetter) {
	t.Helper()
	for d, err := range c.DeadLetters(ctx) {
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, d)
	}
	return list
}

// dies submits jobs that become dead letters, one after the other.
func dies(t *testing.T, ctx context.Context, c *cluster.Conn, watch string, numbers int, opts ...cluster.JobOption) (jobs []*cluster.Job[int]) {
	t.Helper()
	for i := range numbers {
		job := submit(t, ctx, c, mends, ticket{watch, i}, append(opts, cluster.Attempts(2))...)
		_, err := job.Await(ctx)
		isDead(t, err)
		jobs = append(jobs, job)
	}
	return jobs
}

func isDead(t *testing.T, err error) {
	t.Helper()
	if dead, ok := errors.AsType[*cluster.DeadJobError](err); !ok || dead.Attempts != 2 || dead.Reason != "not\nmended" {
		t.Errorf("%#v", err)
	}
}

// What a dead letter tells; that it is resubmitted, and has the attempts of a new job.
func TestDeadLetters(t *testing.T) {
	onEach(t, cluster.Config{}, func(t *testing.T, ctx context.Context, c *cluster.Conn) {
		if list := letters(t, ctx, c); list != nil { // nor is there a stream
			t.Error(list)
		}
		working(t, ctx, c, takesJobs, func(ctx context.Context) {
			name, w := watching(t, "")
			jobs := dies(t, ctx, c, name, 3)
			list := letters(t, ctx, c)
			if len(list) != 3 {
				t.Fatal(list)
			}
			for i, d := range list {
				if d.ID != jobs[i].ID() || d.Function != "mends" || d.Attempts != 2 || d.Reason != "not mended" || d.Time.IsZero() {
					t.Errorf("%+v", d)
				}
				var in ticket
				if err := d.Argument(&in); in != (ticket{name, i}) || err != nil {
					t.Error(in, err)
				}
			}
			came := 0
			for d, err := range c.DeadLetters(ctx) { // they die again, and do not come again here
				if err == nil {
					err = d.Resubmit(ctx)
				}
				if err != nil || came == len(jobs) {
					t.Fatal(came, err)
				}
				_, err = jobs[came].Await(ctx)
				isDead(t, err)
				came++
			}
			if n := w.count.Load(); n != 12 {
				t.Errorf("%d attempts", n)
			}
			w.goOn.Set()
			for d, err := range c.DeadLetters(ctx) { // in the order in which they have died now
				if err != nil {
					t.Fatal(err)
				}
				switch d.ID {
				case jobs[0].ID():
					err = d.Delete(ctx)
				case jobs[1].ID():
					err = d.Resubmit(ctx)
				}
				if err != nil {
					t.Error(err)
				}
			}
			if n, err := jobs[1].Await(ctx); n != 1 || err != nil {
				t.Error(n, err)
			}
			if s, err := jobs[1].Status(ctx); s.Attempt != 1 || err != nil {
				t.Error(s, err)
			}
			_, err := jobs[0].Await(ctx)
			isDead(t, err)
			if rest := letters(t, ctx, c); len(rest) != 1 || rest[0].ID != jobs[2].ID() {
				t.Error(rest)
			}
		})
	})
}

// A letter that is resubmitted or deleted again does no harm to what has become of the job.
func TestDeadLetterThatIsOld(t *testing.T) {
	onEach(t, cluster.Config{}, func(t *testing.T, ctx context.Context, c *cluster.Conn) {
		name, w := watching(t, "")
		var job *cluster.Job[int]
		working(t, ctx, c, takesJobs, func(ctx context.Context) { job = dies(t, ctx, c, name, 1, cluster.Key("k"))[0] })
		old := letters(t, ctx, c)[0]
		for range 2 { // the second time it is queued
			if err := old.Resubmit(ctx); err != nil {
				t.Error(err)
			}
			if s, err := job.Status(ctx); s.State != cluster.JobQueued || err != nil {
				t.Error(s, err)
			}
		}
		working(t, ctx, c, takesJobs, func(ctx context.Context) {
			_, err := job.Await(ctx)
			isDead(t, err)
			if err := old.Delete(ctx); err != nil {
				t.Error(err)
			}
			list := letters(t, ctx, c)
			if len(list) != 1 {
				t.Fatal(list)
			}
			w.goOn.Set()
			for _, d := range []*cluster.DeadLetter{list[0], list[0], old} { // the second time it is done
				if err := d.Resubmit(ctx); err != nil {
					t.Error(err)
				}
				if n, err := job.Await(ctx); n != 0 || err != nil {
					t.Error(n, err)
				}
			}
			if n := w.count.Load(); n != 5 {
				t.Errorf("%d attempts", n)
			}
			if again := submit(t, ctx, c, mends, ticket{name, 1}, cluster.Key("k")); again.ID() != job.ID() {
				t.Error(again.ID(), job.ID())
			}
			if list := letters(t, ctx, c); list != nil {
				t.Error(list)
			}
		})
	})
}

// A job that is resubmitted while its worker has not told the server that it is dead waits
// for that, as it would be taken for dead by what is stored then.
func TestDeadLetterOfAJobThatIsThere(t *testing.T) {
	onEach(t, cluster.Config{}, func(t *testing.T, ctx context.Context, c *cluster.Conn) {
		name, w := watching(t, "")
		job := submit(t, ctx, c, mends, ticket{name, 7})
		if err := cluster.Bury(ctx, c, job.ID(), 1); err != nil {
			t.Fatal(err)
		}
		d := letters(t, ctx, c)[0]
		group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
			resubmitted := anyio.GoValue(tg, func(ctx context.Context) (error, error) { return d.Resubmit(ctx), nil })
			w.goOn.Set()
			working(t, ctx, c, takesJobs, func(ctx context.Context) {
				if n, err := job.Await(ctx); n != 7 || err != nil {
					t.Error(n, err)
				}
				if err, _ := resubmitted.Await(ctx); err != nil { // it has a result
					t.Error(err)
				}
			})
		})
		if list := letters(t, ctx, c); list != nil || w.count.Load() != 1 {
			t.Error(list, w.count.Load())
		}
	})
}

func TestDeadLetterMisused(t *testing.T) {
	onEach(t, cluster.Config{}, func(t *testing.T, ctx context.Context, c *cluster.Conn) {
		if err := cluster.OpenJobs(ctx, c); err != nil {
			t.Fatal(err)
		}
		cluster.Ask(ctx, c, "anyio.jd.f.0.x", "no job")
		d := letters(t, ctx, c)[0]
		if d.ID != "f.0.x" || d.Function != "" || d.Attempts != 0 {
			t.Errorf("%+v", d)
		}
		var in ticket
		if err := d.Argument(&in); err == nil || !strings.Contains(err.Error(), "f.0.x") {
			t.Error(err)
		}
		for _, v := range []any{nil, in, (*ticket)(nil)} {
			if _, ok := errors.AsType[*anyio.MisuseError](d.Argument(v)); !ok {
				t.Errorf("%T is no pointer", v)
			}
		}
		for range 2 {
			if err := d.Delete(ctx); err != nil {
				t.Error(err)
			}
		}
		err := anyio.WithCancelScope(ctx, func(ctx context.Context, s *anyio.CancelScope) error {
			s.Cancel("enough")
			n := 0
			for d, err := range c.DeadLetters(ctx) {
				if n++; d != nil || !anyio.IsCancellation(err) {
					t.Error(d, err)
				}
			}
			if n != 1 {
				t.Error("the error came", n, "times")
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	})
}

// A letter that another member has resubmitted, or deleted, is not resubmitted again, though
// nothing is left of the job.
func TestDeadLetterThatIsGone(t *testing.T) {
	onEach(t, cluster.Config{}, func(t *testing.T, ctx context.Context, c *cluster.Conn) {
		name, w := watching(t, "")
		working(t, ctx, c, takesJobs, func(ctx context.Context) {
			jobs := dies(t, ctx, c, name, 2, cluster.KeepResult(0))
			mine, others := letters(t, ctx, c), letters(t, ctx, c)
			w.goOn.Set()
			if err := others[0].Resubmit(ctx); err != nil {
				t.Error(err)
			}
			until(t, ctx, "it is over", func() bool { return c.Statistics().JobsDone == 1 && !cluster.Stored(ctx, c, jobs[0].ID()) })
			if err := others[1].Delete(ctx); err != nil {
				t.Error(err)
			}
			for i, d := range mine {
				if err := d.Resubmit(ctx); err != nil {
					t.Error(err)
				}
				if cluster.Stored(ctx, c, jobs[i].ID()) {
					t.Errorf("job %d is there again", i)
				}
			}
			_, err := jobs[1].Await(ctx)
			isDead(t, err)
			if n := w.count.Load(); n != 5 {
				t.Errorf("%d attempts", n)
			}
		})
	})
}

// A letter that was stored again, as the server has not heard that the job is over, is the
// same to who has the one before.
func TestDeadLetterThatIsStoredAgain(t *testing.T) {
	onEach(t, cluster.Config{}, func(t *testing.T, ctx context.Context, c *cluster.Conn) {
		name, w := watching(t, "")
		working(t, ctx, c, takesJobs, func(ctx context.Context) {
			job := dies(t, ctx, c, name, 1)[0]
			d := letters(t, ctx, c)[0]
			if err := cluster.BuryAgain(ctx, d); err != nil {
				t.Fatal(err)
			}
			w.goOn.Set()
			if err := d.Resubmit(ctx); err != nil {
				t.Error(err)
			}
			if n, err := job.Await(ctx); n != 0 || err != nil {
				t.Error(n, err)
			}
			if list := letters(t, ctx, c); list != nil {
				t.Error(list)
			}
		})
	})
}
