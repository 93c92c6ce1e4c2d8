package cluster_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/cluster"
	"github.com/anyio-go/anyio/internal/race"
	"github.com/anyio-go/anyio/process"
	"github.com/anyio-go/anyio/sim"
)

// effect takes a second, and has its effect then.
var effect = process.Register("effect", func(ctx context.Context, number int) (int, error) {
	l, err := ledgers.Get(ctx)
	if err != nil {
		return 0, err
	}
	l.count(l.begun, number)
	if err := anyio.Sleep(ctx, time.Second); err != nil {
		return 0, err
	}
	l.count(l.ended, number)
	return number * number, nil
})

func doJobs(ctx context.Context, c *cluster.Conn) error {
	return cluster.Work(ctx, c, cluster.Worker{Capacity: 2, Jobs: true, Functions: []string{"effect", "double"}})
}

var jobHosts = map[string]func(ctx context.Context, c *cluster.Conn) error{"one": doJobs, "two": doJobs}

// insist does something each second, until it succeeds or is canceled.
func insist[T any](ctx context.Context, f func() (T, error)) (T, error) {
	for {
		v, err := f()
		if err == nil || anyio.IsCancellation(err) {
			return v, err
		}
		if err := anyio.Sleep(ctx, time.Second); err != nil {
			return v, err
		}
	}
}

// submitted submits a job until the server says that it has it.
func submitted(ctx context.Context, c *cluster.Conn, number int) (*cluster.Job[int], error) {
	return insist(ctx, func() (*cluster.Job[int], error) {
		return cluster.Submit(ctx, c, effect, number, cluster.Key(fmt.Sprint(number)), cluster.Attempts(1000))
	})
}

// Whatever the network and the hosts do, no job is lost: each has its effect, and whoever
// waits for it gets its result.
func TestJobsUnderFaults(t *testing.T) {
	underFaults(t, 80, []string{"nats", "one", "two"}, func(t testing.TB, ctx context.Context) {
		const jobs = 4
		l := withServer(t, ctx, jobHosts, func(ctx context.Context, c *cluster.Conn) error {
			return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
				for i := range jobs {
					tg.Go(func(ctx context.Context) error {
						job, err := submitted(ctx, c, i)
						if err != nil {
							return err
						}
						if n, err := job.Await(ctx); n != i*i || err != nil {
							t.Errorf("job %d: %d, %v", i, n, err)
						}
						return nil
					})
				}
				return nil
			})
		})
		for i := range jobs {
			if l.ended[i] < 1 || l.begun[i] < l.ended[i] {
				t.Errorf("job %d: begun %d times, ended %d", i, l.begun[i], l.ended[i])
			}
		}
	})
}

// underFaults searches through so many schedules, in each of which hosts and what is between
// them have up to three faults.
func underFaults(t *testing.T, schedules int, hosts []string, f func(t testing.TB, ctx context.Context)) {
	t.Helper()
	if race.Enabled {
		schedules /= 10
	}
	anyiotest.Search(t, f, anyiotest.Schedules(schedules), stepsTakeTime, anyiotest.Faults(sim.Faults{Max: 3, Hosts: hosts, Until: 30 * time.Second}))
}

var stepsTakeTime = anyiotest.SimConfig(func(cfg *sim.Config) { cfg.StepTime = sim.Range{Max: time.Millisecond} })

// The disk of a server keeps jobs while it is not there, and so their results.
func TestJobsOutliveASimulatedServer(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		withServer(t, ctx, nil, func(ctx context.Context, c *cluster.Conn) error {
			job, err := submitted(ctx, c, 3)
			if err != nil {
				return err
			}
			net := sim.NetworkOf(ctx)
			restart := func() {
				net.PowerOff("nats", "test")
				net.Restart("nats")
			}
			restart()
			return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
				defer tg.Cancel("the test is over")
				onHost(tg, "one", asMember(doJobs))
				if n, err := job.Await(ctx); n != 9 || err != nil {
					t.Error(n, err)
				}
				restart()
				if n, err := job.Await(ctx); n != 9 || err != nil {
					t.Error(n, err)
				}
				return nil
			})
		})
	}, anyiotest.Only("sim"), anyiotest.Seeds(10))
}

// A guarded is what a lock guards: it looks at the tokens.
type guarded struct {
	mu     sync.Mutex
	newest uint64
	inside context.Context // of who holds the lock, as far as he knows
}

// Whatever the network and the hosts do, no two hold the lock at the same time, as their
// clocks go at the same speed, and no token comes twice. In the end somebody gets it.
func TestLockUnderFaults(t *testing.T) {
	underFaults(t, 80, []string{"nats", "one", "two"}, func(t testing.TB, ctx context.Context) {
		g := &guarded{}
		compete := func(ctx context.Context, c *cluster.Conn) error {
			for {
				err := holdLock(t, ctx, c, g)
				if anyio.IsCancellation(err) && ctx.Err() != nil {
					return err
				}
				if err := anyio.Sleep(ctx, 300*time.Millisecond); err != nil {
					return err
				}
			}
		}
		hosts := map[string]func(ctx context.Context, c *cluster.Conn) error{"one": compete, "two": compete}
		withServer(t, ctx, hosts, func(ctx context.Context, c *cluster.Conn) error {
			if err := anyio.Sleep(ctx, 40*time.Second); err != nil { // there are no more faults
				return err
			}
			for range 5 {
				err := holdLock(t, ctx, c, g)
				if err != nil { // the server is there, and members renew their leases
					t.Error(err)
					return err
				}
			}
			return nil
		})
	})
}

// holdLock holds the lock for a moment, and looks whether it is alone.
func holdLock(t testing.TB, ctx context.Context, c *cluster.Conn, g *guarded) error {
	l, err := cluster.NewLock(c, "guard", cluster.LockOptions{Lease: 2 * time.Second})
	if err != nil {
		return err
	}
	return l.Do(ctx, func(ctx context.Context, token uint64) error {
		g.mu.Lock()
		if token <= g.newest {
			t.Errorf("token %d after %d", token, g.newest)
		}
		if g.inside != nil && g.inside.Err() == nil {
			t.Errorf("with token %d: the holder of %d does not know that it has lost the lock", token, g.newest)
		}
		g.newest, g.inside = token, ctx
		g.mu.Unlock()
		err := anyio.Sleep(ctx, 700*time.Millisecond)
		g.mu.Lock()
		if g.newest == token {
			g.inside = nil
		}
		g.mu.Unlock()
		return err
	})
}

// Members of which one sets an event, and others wait, while the server is started again.
func TestEventOutlivesASimulatedServer(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		var woken anyio.Semaphore
		waits := func(ctx context.Context, c *cluster.Conn) error {
			e, err := cluster.NewEvent(c, "it is done")
			for err == nil {
				if err = e.Wait(ctx); err == nil {
					woken.Release()
					return anyio.SleepForever(ctx)
				}
				if !anyio.IsCancellation(err) { // the server is away
					err = anyio.Sleep(ctx, time.Second)
				}
			}
			return err
		}
		hosts := map[string]func(ctx context.Context, c *cluster.Conn) error{"one": waits, "two": waits}
		withServer(t, ctx, hosts, func(ctx context.Context, c *cluster.Conn) error {
			e, err := cluster.NewEvent(c, "it is done")
			if err != nil {
				return err
			}
			if err := anyio.Sleep(ctx, 3*time.Second); err != nil {
				return err
			}
			net := sim.NetworkOf(ctx)
			net.Kill("nats", "test")
			net.Restart("nats")
			for err = errors.New("not yet"); err != nil; {
				if err = e.Set(ctx); anyio.IsCancellation(err) {
					return err
				}
			}
			return anyio.FailAfter(ctx, time.Minute, func(ctx context.Context) error {
				for range hosts {
					if err := woken.Acquire(ctx); err != nil {
						return err
					}
				}
				return nil
			})
		})
	}, anyiotest.Only("sim"), anyiotest.Seeds(10))
}
