package cluster_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/cluster"
	"github.com/anyio-go/anyio/inspect"
)

// wantStatistics waits until a member has these numbers.
func wantStatistics(t *testing.T, ctx context.Context, c *cluster.Conn, want cluster.Statistics) {
	t.Helper()
	until(t, ctx, "the numbers", func() bool { return c.Statistics() == want })
	if got := c.Statistics(); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestStatisticsOfCalls(t *testing.T) {
	onEach(t, cluster.Config{Lost: 2 * time.Second}, func(t *testing.T, ctx context.Context, c *cluster.Conn) {
		wantStatistics(t, ctx, c, cluster.Statistics{})
		working(t, ctx, c, cluster.Worker{Capacity: 1, Functions: []string{"double", "fails", "hangs"}}, func(ctx context.Context) {
			_, err := cluster.Call(ctx, c, double, 1)
			_, failed := cluster.Call(ctx, c, fails, "as it must")
			_, refused := cluster.Call(ctx, c, empty, struct{}{}, cluster.NoWait())
			if err != nil || failed == nil || refused == nil {
				t.Error(err, failed, refused)
			}
			name, w := watching(t, "")
			group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
				cluster.Go(tg, c, hangs, name)
				wait(t, ctx, &w.begun)
				if _, err := cluster.Call(ctx, c, double, 2, cluster.NoWait()); !errors.Is(err, cluster.ErrBusy) {
					t.Error(err)
				}
				waits := cluster.Go(tg, c, double, 3)
				until(t, ctx, "it waits", func() bool { return c.Waiting() == 1 })
				s := c.Statistics()
				if s.Begun != 6 || s.Refused != 2 || s.Waited != 1 || s.Running != 1 || s.Capacity != 1 || s.Served != 3 || s.Busy < 1 {
					t.Errorf("got %+v", s)
				}
				waits.Cancel("")
				tg.Cancel("")
			})
			busy := c.Statistics().Busy
			wantStatistics(t, ctx, c, cluster.Statistics{
				Begun: 6, Done: 1, Failed: 1, Refused: 2, Canceled: 2, Waited: 1, Served: 3, Busy: busy, Capacity: 1,
			})
		})
		if s := c.Statistics(); s.Capacity != 0 || s.Running != 0 {
			t.Errorf("got %+v", s)
		}
	})
}

// Workers that share a limiter have its room together.
func TestCapacityOfWorkersThatShareALimiter(t *testing.T) {
	onEach(t, cluster.Config{}, func(t *testing.T, ctx context.Context, c *cluster.Conn) {
		shared := cluster.Worker{Limiter: anyio.NewCapacityLimiter(3)}
		working(t, ctx, c, shared, func(ctx context.Context) {
			working(t, ctx, c, shared, func(ctx context.Context) {
				working(t, ctx, c, cluster.Worker{Capacity: 2}, func(ctx context.Context) {
					if n := c.Statistics().Capacity; n != 5 {
						t.Errorf("room for %d, want 5", n)
					}
				})
			})
		})
	})
}

// What is told of a process is of all its members, also of those that have left.
func TestNumbersOfTheProcess(t *testing.T) {
	onEach(t, cluster.Config{}, func(t *testing.T, ctx context.Context, c *cluster.Conn) {
		before := inspect.ClusterNumbers()
		working(t, ctx, c, cluster.Worker{Capacity: 3}, func(ctx context.Context) {
			if _, err := cluster.Map(ctx, c, double, make([]int, 10), 2); err != nil {
				t.Error(err)
			}
			until(t, ctx, "nothing runs", func() bool { return c.Statistics().Running == 0 })
			now := inspect.ClusterNumbers()
			if now["calls"]["done"]-before["calls"]["done"] < 10 || now["workers"]["served"]-before["workers"]["served"] < 10 || now["workers"]["capacity"] < 3 {
				t.Errorf("%v, and before %v", now, before)
			}
		})
		if err := c.Close(ctx); err != nil {
			t.Error(err)
		}
		if now := inspect.ClusterNumbers(); now["calls"]["done"]-before["calls"]["done"] < 10 {
			t.Errorf("%v, and before %v", now, before)
		}
	})
}

func TestStatisticsOfJobs(t *testing.T) {
	eachReal(t, cluster.Config{}, func(t *testing.T, ctx context.Context, c *cluster.Conn) {
		working(t, ctx, c, takesJobs, func(ctx context.Context) {
			if n, err := submit(t, ctx, c, tries, 2, cluster.Key("one")).Await(ctx); n != 2 || err != nil {
				t.Error(n, err)
			}
			submit(t, ctx, c, tries, 2, cluster.Key("one")) // the same
			if _, err := submit(t, ctx, c, tries, 9, cluster.Attempts(2)).Await(ctx); err == nil {
				t.Error("it has succeeded")
			}
			capacity := c.Statistics().Capacity
			wantStatistics(t, ctx, c, cluster.Statistics{
				Submitted: 2, JobsTaken: 4, JobsDone: 1, JobsRetried: 2, JobsDead: 1, Capacity: capacity,
			})
		})
	})
}

// A lost worker leaves a broken call.
func TestStatisticsOfBrokenCalls(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		h := newHub(t, server.Options{})
		c, _ := h.join(t, ctx, soon)
		member, nc := h.join(t, ctx, soon)
		err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			tg.Go(func(ctx context.Context) error {
				_ = cluster.Work(ctx, member, cluster.Worker{}) // its connection is closed
				return nil
			})
			until(t, ctx, "it works", answers(ctx, c))
			name, w := watching(t, "")
			cluster.Go(tg, c, hangs, name)
			wait(t, ctx, &w.begun)
			nc.Close()
			return nil
		})
		if s := c.Statistics(); err == nil || s.Broken < 1 {
			t.Errorf("%v, %+v", err, s)
		}
		if err := c.Close(ctx); err != nil {
			t.Error(err)
		}
	}, onReal)
}
