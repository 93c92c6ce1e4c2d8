package cluster_test

import (
	"context"
	"testing"

	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/cluster"
)

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
			jobs, _, _ := cluster.QueueNames(c)
			acks, text, err := cluster.Pull(ctx, c, jobs, cluster.ConsumerOf[int, int]("tries"), 1)
			if len(acks) != 1 || err != nil {
				t.Fatal(text, err)
			}
			if err := cluster.Deliver(ctx, c, job.ID(), acks[0]); err != nil {
				t.Fatal(err)
			}
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

// A note that an attempt begins is stored again if its answer is lost: it is no other attempt.
func TestLostAnswerToTheNoteOfAnAttempt(t *testing.T) {
	onEach(t, cluster.Config{}, func(t *testing.T, ctx context.Context, c *cluster.Conn) {
		cluster.LoseAnswers(c, "jn", 1)
		working(t, ctx, c, takesJobs, func(ctx context.Context) {
			if n, err := submit(t, ctx, c, tries, 1, cluster.Attempts(1)).Await(ctx); n != 1 || err != nil {
				t.Error(n, err)
			}
			if n := c.Statistics().JobsReturned; n != 0 {
				t.Errorf("%d jobs were handed back", n)
			}
		})
	})
}

// A job that is handed back, as it is not known whether it was noted that it begins, has its
// attempt nevertheless.
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
