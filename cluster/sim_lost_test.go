package cluster_test

import (
	"cmp"
	"context"
	"errors"
	"testing"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/cluster"
	"github.com/anyio-go/anyio/sim"
)

// Who waited for a job before it was over gets a result that is not kept, also if that
// comes while he is still asking the server whether there is one.
func TestResultThatComesWhileItIsLookedFor(t *testing.T) {
	const latency = 100 * time.Millisecond
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		told := 0
		l := withServer(t, ctx, map[string]func(ctx context.Context, c *cluster.Conn) error{"one": doJobs}, func(ctx context.Context, c *cluster.Conn) error {
			sim.NetworkOf(ctx).Link("caller", "nats", sim.Link{Latency: latency})
			for number := range 30 {
				job, err := cluster.Submit(ctx, c, effect, number, cluster.KeepResult(0))
				if err != nil {
					return err
				}
				if err := anyio.Sleep(ctx, time.Duration(number)*latency/3); err != nil {
					return err
				}
				n, before, err := awaitFrom(ctx, job, number, 3*latency)
				if err == nil && n == number*number {
					told++
				} else if before || !errors.Is(err, cluster.ErrNoJob) {
					t.Errorf("job %d, was over before: %t: %d, %v", number, !before, n, err)
				}
			}
			return nil
		})
		if told < 10 || len(l.ended) != 30 {
			t.Errorf("%d results came of %d", told, len(l.ended))
		}
	}, anyiotest.Only("sim"))
}

// awaitFrom waits for a job of effect, and reports whether that was not over a time later,
// when the server has heard that somebody waits.
func awaitFrom(ctx context.Context, job *cluster.Job[int], number int, later time.Duration) (n int, before bool, err error) {
	l, err := ledgers.Get(ctx)
	if err != nil {
		return 0, false, err
	}
	var awaited error
	err = anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
		tg.Go(func(ctx context.Context) error {
			err := anyio.Sleep(ctx, later+20*time.Millisecond)
			_, _, ended := l.of(number)
			before = ended == 0
			return err
		})
		n, awaited = job.Await(ctx)
		return nil
	})
	return n, before, cmp.Or(awaited, err)
}

// A letter is deleted that a server had in its memory, which has lost that.
func TestDeadLetterOfAServerThatHasLostItsMemory(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
			defer tg.Cancel("the test is over")
			onHost(tg, "nats", serveNATS)
			err := sim.RunOnHost(ctx, "caller", asMember(func(ctx context.Context, c *cluster.Conn) error {
				d, err := buried(ctx, c)
				if err != nil {
					return err
				}
				net := sim.NetworkOf(ctx)
				net.Kill("nats", "test")
				net.Restart("nats")
				if err := anyio.Sleep(ctx, 5*time.Second); err != nil { // it is there again
					return err
				}
				return d.Delete(ctx)
			}))
			if err != nil {
				t.Error(err)
			}
		})
	}, anyiotest.Only("sim"))
}

// buried returns the letter of a job that is not there any more.
func buried(ctx context.Context, c *cluster.Conn) (*cluster.DeadLetter, error) {
	job, err := cluster.Submit(ctx, c, effect, 1)
	if err == nil {
		err = cluster.Bury(ctx, c, job.ID(), 1)
	}
	if err == nil {
		err = cluster.TakeAway(ctx, c, job.ID())
	}
	if err != nil {
		return nil, err
	}
	for d, err := range c.DeadLetters(ctx) {
		return d, err
	}
	return nil, errors.New("there is no letter")
}

// Two members resubmit a letter at the same time: both succeed, and it is gone.
func TestDeadLetterThatTwoResubmit(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		withServer(t, ctx, nil, func(ctx context.Context, c *cluster.Conn) error {
			if _, err := buried(ctx, c); err != nil {
				return err
			}
			var ready anyio.Event
			resubmit := func(ctx context.Context, c *cluster.Conn) error {
				for d, err := range c.DeadLetters(ctx) {
					if err == nil {
						err = ready.Wait(ctx)
					}
					if err == nil {
						err = d.Resubmit(ctx)
					}
					return err
				}
				return errors.New("there is no letter")
			}
			err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
				for _, host := range []string{"one", "two"} {
					tg.Go(func(ctx context.Context) error { return sim.RunOnHost(ctx, host, asMember(resubmit)) })
				}
				if err := anyio.Sleep(ctx, time.Second); err != nil {
					return err
				}
				ready.Set()
				return nil
			})
			for d, bad := range c.DeadLetters(ctx) {
				t.Error(d, bad)
			}
			return err
		})
	}, anyiotest.Only("sim"), anyiotest.Seeds(20), stepsTakeTime)
}
