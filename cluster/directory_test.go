package cluster_test

import (
	"context"
	"testing"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/cluster"
)

// Only the first call with labels waits until workers have answered; those that follow
// within two seconds of the last one have a list, and it is renewed while they run.
func TestCallsWithLabelsWaitForTheFirstListOnly(t *testing.T) {
	onEach(t, cluster.Config{}, func(t *testing.T, ctx context.Context, c *cluster.Conn) {
		working(t, ctx, c, cluster.Worker{Functions: []string{"double"}, Labels: []string{"l"}}, func(ctx context.Context) {
			for i, pause := range []time.Duration{0, 1500 * time.Millisecond, time.Second, 3 * time.Second} {
				if err := anyio.Sleep(ctx, pause); err != nil {
					t.Fatal(err)
				}
				began := anyio.Now(ctx)
				if n, err := cluster.Call(ctx, c, double, i, cluster.Labels("l")); n != 2*i || err != nil {
					t.Error(n, err)
				}
				took := anyio.Now(ctx).Sub(began)
				if first := i == 0 || pause > 2*time.Second; first != (took >= 100*time.Millisecond) {
					t.Errorf("call %d took %v", i, took)
				}
			}
		})
	}, anyiotest.Only("sim"))
}

// Workers that come later are found by calls that have found nobody, and by those that
// follow a call which had a list.
func TestListsAreRenewed(t *testing.T) {
	onEach(t, cluster.Config{}, func(t *testing.T, ctx context.Context, c *cluster.Conn) {
		working(t, ctx, c, cluster.Worker{Functions: []string{"empty"}, Labels: []string{"l", "old"}}, func(ctx context.Context) {
			call := func() {
				if _, err := cluster.Call(ctx, c, double, 1, cluster.Labels("l"), cluster.NoWait()); err == nil {
					t.Error("there is no worker for it yet")
				}
			}
			call()
			working(t, ctx, c, cluster.Worker{Functions: []string{"double"}, Labels: []string{"l"}}, func(ctx context.Context) {
				if _, err := cluster.Call(ctx, c, double, 1, cluster.Labels("l"), cluster.NoWait()); err != nil {
					t.Error(err)
				}
			})
			call()
		})
	})
}

func TestWorkersOfAClosedConnection(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		c, err := cluster.Open(ctx, cluster.Config{})
		if err != nil {
			t.Fatal(err)
		}
		err = anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			_, err := anyio.Start(ctx, tg, func(ctx context.Context, started func(cluster.WorkerInfo)) error {
				wantIs(t, cluster.Worker{}.Task(c)(ctx, started), anyio.ErrClosed)
				return nil
			})
			if err != nil {
				return err
			}
			tg.Go(func(ctx context.Context) error {
				_, err := c.Workers(ctx)
				wantIs(t, err, anyio.ErrClosed)
				return nil
			})
			if err := anyio.WaitAllTasksBlocked(ctx); err != nil {
				return err
			}
			return c.Close(ctx)
		})
		if err != nil {
			t.Error(err)
		}
		_, err = c.Workers(ctx)
		wantIs(t, err, anyio.ErrClosed)
	}, anyiotest.Only("sim"))
}
