package cluster_test

import (
	"context"
	"testing"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/cluster"
	"github.com/anyio-go/anyio/process"
	"github.com/anyio-go/anyio/sim"
)

// A call that finds nobody waits for Config.Lost, counted from when the server was there
// again: workers come back, too.
func TestCallsWaitForWorkersAfterTheServer(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		withServer(t, ctx, nil, func(ctx context.Context, c *cluster.Conn) error {
			began := anyio.Now(ctx)
			return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
				tg.Go(func(ctx context.Context) error {
					_, err := cluster.Call(ctx, c, double, 1)
					wantIs(t, err, cluster.ErrNoWorker)
					if took := anyio.Now(ctx).Sub(began); took < 5*time.Second || took > 7*time.Second {
						t.Errorf("it has waited for %v", took)
					}
					return nil
				})
				if err := anyio.Sleep(ctx, 2600*time.Millisecond); err != nil {
					return err
				}
				sim.NetworkOf(ctx).Kill("nats", "test")
				sim.NetworkOf(ctx).Restart("nats")
				return nil
			})
		})
	}, anyiotest.Only("sim"), anyiotest.Seeds(1, 2, 3))
}

// naps takes so long.
var naps = process.Register("naps", func(ctx context.Context, d time.Duration) (struct{}, error) {
	return struct{}{}, anyio.Sleep(ctx, d)
})

// A worker with little room asks for jobs in a moment, not when it has more.
func TestLittleRoomIsUsed(t *testing.T) {
	onEach(t, cluster.Config{}, func(t *testing.T, ctx context.Context, c *cluster.Conn) {
		var long, short []*cluster.Job[struct{}]
		for range 7 {
			long = append(long, submit(t, ctx, c, naps, time.Hour))
		}
		for range 5 {
			short = append(short, submit(t, ctx, c, naps, time.Millisecond))
		}
		working(t, ctx, c, cluster.Worker{Capacity: 8, Functions: []string{"naps"}, Jobs: true}, func(ctx context.Context) {
			err := anyio.FailAfter(ctx, 500*time.Millisecond, func(ctx context.Context) error {
				for _, j := range short {
					if _, err := j.Await(ctx); err != nil {
						return err
					}
				}
				return nil
			})
			if err != nil {
				t.Error(err)
			}
			for _, j := range long {
				if err := j.Cancel(ctx); err != nil {
					t.Error(err)
				}
			}
		})
	}, anyiotest.Only("sim"))
}
