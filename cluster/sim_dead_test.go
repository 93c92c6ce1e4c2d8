package cluster_test

import (
	"context"
	"fmt"
	"io"
	"testing"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/cluster"
	"github.com/anyio-go/anyio/process"
	"github.com/anyio-go/anyio/sim"
)

// needsTries has its effect at the seventh time, counted over all attempts.
var needsTries = process.Register("needs tries", func(ctx context.Context, number int) (int, error) {
	l, err := ledgers.Get(ctx)
	if err != nil {
		return 0, err
	}
	l.count(l.begun, number)
	if _, begun, _ := l.of(number); begun < 7 {
		return 0, cluster.Retry(io.ErrUnexpectedEOF, time.Second)
	}
	l.count(l.ended, number)
	return number * number, nil
})

// resubmitAll resubmits dead letters until it is canceled.
func resubmitAll(ctx context.Context, c *cluster.Conn) error {
	for {
		for d, err := range c.DeadLetters(ctx) {
			if err == nil {
				err = d.Resubmit(ctx)
			}
			if anyio.IsCancellation(err) {
				return err
			}
			if err != nil { // the server is away
				break
			}
		}
		if err := anyio.Sleep(ctx, time.Second); err != nil {
			return err
		}
	}
}

// done waits for a job that may be dead now and then.
func done(ctx context.Context, c *cluster.Conn, number int) (int, error) {
	return insist(ctx, func() (int, error) {
		job, err := cluster.Submit(ctx, c, needsTries, number, cluster.Key(fmt.Sprint(number)), cluster.Attempts(2))
		if err != nil {
			return 0, err
		}
		return job.Await(ctx)
	})
}

// Whatever the network and the hosts do, no job is lost that is resubmitted when it is dead,
// by several members at the same time; and no letter is left in the end.
func TestDeadLettersUnderFaults(t *testing.T) {
	work := func(ctx context.Context, c *cluster.Conn) error {
		return cluster.Work(ctx, c, cluster.Worker{Capacity: 2, Jobs: true, Functions: []string{"needs tries"}})
	}
	hosts := map[string]func(ctx context.Context, c *cluster.Conn) error{"one": work, "two": work, "three": resubmitAll, "four": resubmitAll}
	underFaults(t, 80, []string{"nats", "one", "two", "three", "four"}, func(t testing.TB, ctx context.Context) {
		const jobs = 3
		l := withServer(t, ctx, hosts, func(ctx context.Context, c *cluster.Conn) error {
			err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
				for i := range jobs {
					tg.Go(func(ctx context.Context) error {
						if n, err := done(ctx, c, i); n != i*i || err != nil {
							t.Errorf("job %d: %d, %v", i, n, err)
						}
						return nil
					})
				}
				return nil
			})
			for left := -1; left != 0 && err == nil; {
				left = 0
				for _, bad := range c.DeadLetters(ctx) {
					if left++; anyio.IsCancellation(bad) {
						return bad
					}
				}
				err = anyio.Sleep(ctx, time.Second)
			}
			return err
		})
		for i := range jobs {
			if l.ended[i] < 1 {
				t.Errorf("job %d: begun %d times, ended %d", i, l.begun[i], l.ended[i])
			}
		}
	})
}

// That the server does not answer is an error, and not that there are no letters.
func TestDeadLettersOfAServerThatIsAway(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		withServer(t, ctx, nil, func(ctx context.Context, c *cluster.Conn) error {
			sim.NetworkOf(ctx).Isolate("nats")
			n := 0
			for d, err := range c.DeadLetters(ctx) {
				if n++; d != nil || err == nil || anyio.IsCancellation(err) {
					t.Error(d, err)
				}
			}
			if n != 1 {
				t.Error("the error came", n, "times")
			}
			return nil
		})
	}, anyiotest.Only("sim"))
}
