package cluster_test

import (
	"context"
	"testing"

	"github.com/anyio-go/anyio/cluster"
)

// loseDelivery has the server deliver a job to nobody.
func loseDelivery(t *testing.T, ctx context.Context, c *cluster.Conn, consumer string) {
	t.Helper()
	cluster.Ask(ctx, c, delivered(t, ctx, c, consumer), "-NAK") // as if the time for it were over
}

// A job with one attempt whose delivery nobody gets has its attempt nevertheless.
func TestDeliveryThatNobodyGets(t *testing.T) {
	onEach(t, cluster.Config{}, func(t *testing.T, ctx context.Context, c *cluster.Conn) {
		consumer := cluster.ConsumerOf[int, int]("tries")
		working(t, ctx, c, takesJobs, func(context.Context) {}) // makes the consumers
		job := submit(t, ctx, c, tries, 1, cluster.Attempts(1))
		loseDelivery(t, ctx, c, consumer)
		loseDelivery(t, ctx, c, consumer)
		working(t, ctx, c, takesJobs, func(ctx context.Context) {
			if n, err := job.Await(ctx); n != 1 || err != nil {
				t.Error(n, err)
			}
		})
	})
}

// Of several attempts none is used up by a delivery that nobody gets, but the first.
func TestDeliveriesBetweenAttempts(t *testing.T) {
	onEach(t, cluster.Config{}, func(t *testing.T, ctx context.Context, c *cluster.Conn) {
		consumer := cluster.ConsumerOf[string, string]("gives")
		name, w := watching(t, "")
		job := submit(t, ctx, c, gives, name, cluster.Attempts(2))
		for begun := range int32(2) { // its workers are canceled, which is no attempt
			working(t, ctx, c, takesJobs, func(ctx context.Context) {
				until(t, ctx, "it runs", func() bool { return w.count.Load() == begun+1 })
			})
			for range 3 {
				loseDelivery(t, ctx, c, consumer)
			}
		}
		w.goOn.Set()
		working(t, ctx, c, takesJobs, func(ctx context.Context) {
			if got, err := job.Await(ctx); got != name || err != nil {
				t.Error(got, err)
			}
			if s, err := job.Status(ctx); s.Attempt != 1 || err != nil {
				t.Error(s, err)
			}
		})

		first := submit(t, ctx, c, gives, name, cluster.Attempts(2))
		loseDelivery(t, ctx, c, consumer)
		working(t, ctx, c, takesJobs, func(ctx context.Context) {
			if got, err := first.Await(ctx); got != name || err != nil {
				t.Error(got, err)
			}
			if s, err := first.Status(ctx); s.Attempt != 2 || err != nil {
				t.Error(s, err)
			}
		})
	})
}

// What is noted of a job is nothing of a later one with the same key.
func TestAttemptsOfALaterJobWithTheSameKey(t *testing.T) {
	onEach(t, cluster.Config{}, func(t *testing.T, ctx context.Context, c *cluster.Conn) {
		consumer := cluster.ConsumerOf[int, int]("tries")
		working(t, ctx, c, takesJobs, func(ctx context.Context) {
			job := submit(t, ctx, c, tries, 1, cluster.Key("k"), cluster.Attempts(1), cluster.KeepResult(0))
			until(t, ctx, "it is over", func() bool { return c.Statistics().JobsDone == 1 && !cluster.Stored(ctx, c, job.ID()) })
		})
		job := submit(t, ctx, c, tries, 1, cluster.Key("k"), cluster.Attempts(1))
		loseDelivery(t, ctx, c, consumer)
		working(t, ctx, c, takesJobs, func(ctx context.Context) {
			if n, err := job.Await(ctx); n != 1 || err != nil {
				t.Error(n, err)
			}
		})
	})
}
