package cluster_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/cluster"
	"github.com/anyio-go/anyio/sim"
)

// A worker has asked for a job, and loses its power before there is one: what the server
// delivers goes nowhere, and is no attempt.
func TestDeliveryToAHostWithoutPower(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		l := withServer(t, ctx, map[string]func(ctx context.Context, c *cluster.Conn) error{"one": doJobs}, func(ctx context.Context, c *cluster.Conn) error {
			if err := anyio.Sleep(ctx, 2*time.Second); err != nil {
				return err
			}
			sim.NetworkOf(ctx).PowerOff("one", "test")
			job, err := cluster.Submit(ctx, c, effect, 3, cluster.Attempts(1))
			if err != nil {
				return err
			}
			if err := anyio.Sleep(ctx, 5*time.Second); err != nil {
				return err
			}
			return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
				defer tg.Cancel("the test is over")
				onHost(tg, "two", asMember(doJobs))
				if n, err := job.Await(ctx); n != 9 || err != nil {
					t.Error(n, err)
				}
				return nil
			})
		})
		if _, begun, ended := l.of(3); begun != 1 || ended != 1 {
			t.Errorf("begun %d times, ended %d", begun, ended)
		}
	}, anyiotest.Only("sim"), anyiotest.Seeds(10))
}

// Whatever the network and the hosts do, no job with one attempt is begun twice, also if the
// server has forgotten that it was delivered.
func TestOneAttemptUnderFaults(t *testing.T) {
	underFaults(t, 80, []string{"nats", "one", "two"}, func(t testing.TB, ctx context.Context) {
		const jobs = 6
		l := withServer(t, ctx, jobHosts, func(ctx context.Context, c *cluster.Conn) error {
			return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
				for i := range jobs {
					tg.Go(func(ctx context.Context) error {
						_, err := insist(ctx, func() (int, error) {
							job, err := cluster.Submit(ctx, c, effect, i, cluster.Key(fmt.Sprint(i)), cluster.Attempts(1))
							if err != nil {
								return 0, err
							}
							n, err := job.Await(ctx)
							if _, dead := errors.AsType[*cluster.DeadJobError](err); dead {
								return 0, nil
							}
							return n, err
						})
						return err
					})
				}
				return nil
			})
		})
		for i := range jobs {
			if l.begun[i] > 1 {
				t.Errorf("job %d: begun %d times", i, l.begun[i])
			}
		}
	})
}

// A worker that is canceled uses up no attempt, whenever that is.
func TestOneAttemptOfCanceledWorkers(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		const jobs = 4
		withServer(t, ctx, nil, func(ctx context.Context, c *cluster.Conn) error {
			var all [jobs]*cluster.Job[int]
			for i := range all {
				all[i] = submit(t, ctx, c, effect, i, cluster.Attempts(1))
			}
			for range 30 {
				most := time.Duration(anyio.Rand(ctx).IntN(200)) * time.Millisecond
				if _, err := anyio.MoveOnAfter(ctx, most, func(ctx context.Context) error { return doJobs(ctx, c) }); err != nil {
					return err
				}
				if err := anyio.Sleep(ctx, 200*time.Millisecond); err != nil { // they may be handed out again
					return err
				}
			}
			return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
				defer tg.Cancel("the test is over")
				tg.Go(func(ctx context.Context) error { return doJobs(ctx, c) })
				for i, job := range all {
					if n, err := job.Await(ctx); n != i*i || err != nil {
						t.Error(n, err)
					}
				}
				return nil
			})
		})
	}, anyiotest.Only("sim"), anyiotest.Seeds(20), stepsTakeTime)
}
