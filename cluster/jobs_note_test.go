package cluster_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/cluster"
)

// delivered has the server deliver a job, and returns how that is acknowledged.
func delivered(t *testing.T, ctx context.Context, c *cluster.Conn, consumer string) (ack string) {
	t.Helper()
	jobs, _, _ := cluster.QueueNames(c)
	acks, text, err := cluster.Pull(ctx, c, jobs, consumer, 1)
	if len(acks) != 1 || err != nil {
		t.Fatal(text, err)
	}
	return acks[0]
}

// A delivery for which there is no room is no attempt, though there is a note of a job
// before it with the same key.
func TestDeliveryWithoutRoomOfALaterJob(t *testing.T) {
	onEach(t, cluster.Config{}, func(t *testing.T, ctx context.Context, c *cluster.Conn) {
		name, w := watching(t, "")
		working(t, ctx, c, cluster.Worker{Jobs: true, Capacity: 1}, func(ctx context.Context) {
			before := submit(t, ctx, c, tries, 1, cluster.Key("k"), cluster.Attempts(1), cluster.KeepResult(0))
			until(t, ctx, "it is over", func() bool { return c.Statistics().JobsDone == 1 && !cluster.Stored(ctx, c, before.ID()) })
			submit(t, ctx, c, gives, name)
			wait(t, ctx, &w.begun) // there is no room now

			job := submit(t, ctx, c, tries, 1, cluster.Key("k"), cluster.Attempts(2))
			deliver, err := cluster.Delivery(ctx, c, job.ID(), delivered(t, ctx, c, cluster.ConsumerOf[int, int]("tries")))
			if err != nil {
				t.Fatal(err)
			}
			deliver()
			w.goOn.Set()
			if n, err := job.Await(ctx); n != 1 || err != nil {
				t.Error(n, err)
			}
			if n := c.Statistics().JobsReturned; n == 0 {
				t.Error("it was not handed back")
			}
		})
	})
}

// A note that an attempt begins is stored again if its answer is lost: it is no other
// attempt.
func TestLostAnswerToTheNoteOfAnAttempt(t *testing.T) {
	onEach(t, cluster.Config{}, func(t *testing.T, ctx context.Context, c *cluster.Conn) {
		cluster.LoseAnswers(c, "jn", 1)
		working(t, ctx, c, takesJobs, func(ctx context.Context) {
			if n, err := submit(t, ctx, c, tries, 1, cluster.Attempts(1)).Await(ctx); n != 1 || err != nil {
				t.Error(n, err)
			}
		})
	})
}

// A job that is handed back, as it is not known whether it was noted that it begins, has
// its attempt nevertheless.
func TestLostAnswersToTheNoteOfAnAttempt(t *testing.T) {
	onEach(t, cluster.Config{}, func(t *testing.T, ctx context.Context, c *cluster.Conn) {
		cluster.LoseAnswers(c, "jn", 5) // as often as is asked in answerTime
		working(t, ctx, c, takesJobs, func(ctx context.Context) {
			if n, err := submit(t, ctx, c, tries, 1, cluster.Attempts(1)).Await(ctx); n != 1 || err != nil {
				t.Error(n, err)
			}
			if n := c.Statistics().JobsReturned; n != 1 {
				t.Errorf("%d jobs were handed back", n)
			}
		})
	}, anyiotest.Only("sim"))
}

// What becomes of an attempt is noted once, if the answer to that is lost.
func TestLostAnswerToTheNoteOfAFailure(t *testing.T) {
	onEach(t, cluster.Config{}, func(t *testing.T, ctx context.Context, c *cluster.Conn) {
		cluster.LoseAnswers(c, "jn", 1)
		working(t, ctx, c, takesJobs, func(ctx context.Context) {
			if n, err := submit(t, ctx, c, tries, 2).Await(ctx); n != 2 || err != nil {
				t.Error(n, err)
			}
			if n := c.Statistics().JobsRetried; n != 1 {
				t.Errorf("%d are tried again", n)
			}
		})
	})
}

// A job whose only attempt has begun elsewhere, and that is over by now without a result
// that is kept, is no dead letter.
func TestLateDeliveryOfAJobThatIsOver(t *testing.T) {
	onEach(t, cluster.Config{Lost: time.Hour}, func(t *testing.T, ctx context.Context, c *cluster.Conn) {
		consumer := cluster.ConsumerOf[int, int]("tries")
		working(t, ctx, c, takesJobs, func(context.Context) {}) // makes the consumers
		job := submit(t, ctx, c, tries, 1, cluster.Attempts(1), cluster.KeepResult(0))
		ack := delivered(t, ctx, c, consumer)
		working(t, ctx, c, takesJobs, func(ctx context.Context) {
			if err := cluster.BeginElsewhere(ctx, c, job.ID(), 1); err != nil {
				t.Fatal(err)
			}
			deliver, err := cluster.Delivery(ctx, c, job.ID(), ack)
			if err == nil {
				err = cluster.TakeAway(ctx, c, job.ID())
			}
			if err != nil {
				t.Fatal(err)
			}
			deliver()
			taken := submit(t, ctx, c, tries, 1)
			if n, err := taken.Await(ctx); n != 1 || err != nil {
				t.Error(n, err)
			}
			until(t, ctx, "both are over", func() bool { return c.Statistics().Running == 0 })
			if s := c.Statistics(); s.JobsTaken != 2 || s.JobsDead != 0 {
				t.Errorf("%d jobs were taken, and %d are dead", s.JobsTaken, s.JobsDead)
			}
			if list := letters(t, ctx, c); list != nil {
				t.Error(list)
			}
		})
	})
}

// Two workers have a job at the same time, and the other one is faster: it has the only
// attempt, and this one begins none.
func TestAttemptThatAnotherWorkerIsFasterToBegin(t *testing.T) {
	onEach(t, cluster.Config{}, func(t *testing.T, ctx context.Context, c *cluster.Conn) {
		cluster.NoteBefore(c)
		working(t, ctx, c, takesJobs, func(ctx context.Context) {
			name, w := watching(t, "")
			w.goOn.Set()
			job := submit(t, ctx, c, gives, name, cluster.Attempts(1))
			err := anyio.FailAfter(ctx, patience, func(ctx context.Context) error {
				_, err := job.Await(ctx)
				return err
			})
			if dead, ok := errors.AsType[*cluster.DeadJobError](err); !ok || dead.Attempts != 1 || dead.Reason != "its worker was lost" {
				t.Errorf("%#v", err)
			}
			if n := w.count.Load(); n != 0 {
				t.Errorf("it began %d times here", n)
			}
		})
	})
}
