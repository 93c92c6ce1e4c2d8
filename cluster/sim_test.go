package cluster_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/cluster"
	"github.com/anyio-go/anyio/cluster/simnats"
	"github.com/anyio-go/anyio/lowlevel"
	"github.com/anyio-go/anyio/process"
	"github.com/anyio-go/anyio/sim"
	"github.com/anyio-go/anyio/socket"
)

// A ledger is what a simulated run's calls have done.
type ledger struct {
	mu                 sync.Mutex
	told, begun, ended map[int]int // by the number of the call
}

// count adds one to one of the maps.
func (l *ledger) count(in map[int]int, number int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	in[number]++
}

// of returns what is noted of a call.
func (l *ledger) of(number int) (told, begun, ended int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.told[number], l.begun[number], l.ended[number]
}

var ledgers = lowlevel.NewRunVar[*ledger]("ledger")

// book takes a second, and is noted.
var book = process.Register("book", func(ctx context.Context, number int) (int, error) {
	l, err := ledgers.Get(ctx)
	if err != nil {
		return 0, err
	}
	l.count(l.begun, number)
	defer l.count(l.ended, number)
	return number * number, anyio.Sleep(ctx, time.Second)
})

// takes takes so many seconds, and is noted as call 0.
var takes = process.Register("takes", func(ctx context.Context, seconds int) (int, error) {
	l, err := ledgers.Get(ctx)
	if err != nil {
		return 0, err
	}
	l.count(l.begun, 0)
	defer l.count(l.ended, 0)
	return seconds, anyio.Sleep(ctx, time.Duration(seconds)*time.Second)
})

var onNATS = cluster.Config{URL: "nats://nats:4222"}

// onHost runs f on a host as a program that is started again if it is killed.
func onHost(tg *anyio.TaskGroup, host string, f func(ctx context.Context) error) {
	tg.Go(func(ctx context.Context) error {
		for {
			err := sim.RunOnHost(ctx, host, f)
			if anyio.IsCancellation(err) {
				return err
			}
			if err := anyio.Sleep(ctx, time.Second); err != nil {
				return err
			}
		}
	}, anyio.Name(host))
}

func serveNATS(ctx context.Context) error { return serveStore(ctx, nil) }

func serveStore(ctx context.Context, store *simnats.Store) error {
	l, err := socket.ListenTCP(ctx, "", 4222)
	if err != nil {
		return err
	}
	return simnats.Serve(ctx, l, store)
}

// member opens a member, as soon as the server is there.
func member(ctx context.Context) (*cluster.Conn, error) {
	for {
		c, err := cluster.Open(ctx, onNATS)
		if err == nil || anyio.IsCancellation(err) {
			return c, err
		}
		if err := anyio.Sleep(ctx, time.Second); err != nil {
			return nil, err
		}
	}
}

// asMember runs f on a host as a member.
func asMember(f func(ctx context.Context, c *cluster.Conn) error) func(ctx context.Context) error {
	return func(ctx context.Context) error {
		c, err := member(ctx)
		if err != nil {
			return err
		}
		defer c.Close(ctx)
		return f(ctx, c)
	}
}

// onHosts runs body on a host beside a server and two workers on hosts of their own.
func onHosts(t testing.TB, ctx context.Context, body func(ctx context.Context, c *cluster.Conn) error) *ledger {
	work := func(ctx context.Context, c *cluster.Conn) error {
		return cluster.Work(ctx, c, cluster.Worker{Capacity: 2})
	}
	return withServer(t, ctx, map[string]func(ctx context.Context, c *cluster.Conn) error{"one": work, "two": work}, body)
}

// withServer runs body on a host beside a server, whose disk survives it, and members on hosts
// of their own.
func withServer(t testing.TB, ctx context.Context, members map[string]func(ctx context.Context, c *cluster.Conn) error, body func(ctx context.Context, c *cluster.Conn) error) *ledger {
	l := &ledger{told: map[int]int{}, begun: map[int]int{}, ended: map[int]int{}}
	ledgers.Set(ctx, l)
	err := anyio.FailAfter(ctx, time.Hour, func(ctx context.Context) error {
		return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			defer tg.Cancel("the test is over")
			var names []string
			for host := range members {
				names = append(names, host)
			}
			slices.Sort(names)
			store := &simnats.Store{}
			onHost(tg, "nats", func(ctx context.Context) error { return serveStore(ctx, store) })
			for _, host := range names {
				onHost(tg, host, asMember(members[host]))
			}
			return sim.RunOnHost(ctx, "caller", asMember(body))
		})
	})
	if err != nil {
		t.Error(err)
	}
	return l
}

func TestWorkerHostThatIsKilled(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		onHosts(t, ctx, func(ctx context.Context, c *cluster.Conn) error {
			return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
				begun := anyio.Now(ctx)
				tg.Go(func(ctx context.Context) error {
					if err := anyio.Sleep(ctx, 500*time.Millisecond); err != nil {
						return err
					}
					net := sim.NetworkOf(ctx)
					net.Kill("one", "test")
					net.Kill("two", "test")
					net.Restart("one")
					net.Restart("two")
					return nil
				})
				_, err := cluster.Call(ctx, c, book, 1)
				if _, ok := errors.AsType[*process.BrokenWorkerError](err); !ok {
					t.Errorf("%v", err)
				}
				if took := anyio.Now(ctx).Sub(begun); took > 10*time.Second {
					t.Errorf("noticed after %v", took)
				}
				if n, err := cluster.Call(ctx, c, book, 2); n != 4 || err != nil {
					t.Error(n, err)
				}
				return nil
			})
		})
	}, anyiotest.Only("sim"), anyiotest.Seeds(20))
}

// A worker that is there is not lost, however long a call takes.
func TestLongCall(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		onHosts(t, ctx, func(ctx context.Context, c *cluster.Conn) error {
			if n, err := cluster.Call(ctx, c, takes, 60); n != 60 || err != nil {
				t.Error(n, err)
			}
			return nil
		})
	}, anyiotest.Only("sim"))
}

// What a caller has begun, whose host is killed, does not go on.
func TestCallerHostThatIsKilled(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		onHosts(t, ctx, func(ctx context.Context, c *cluster.Conn) error {
			return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
				defer tg.Cancel("the test is over")
				tg.Go(func(ctx context.Context) error {
					_ = sim.RunOnHost(ctx, "another", func(ctx context.Context) error {
						c, err := cluster.Open(ctx, onNATS)
						if err != nil {
							return err
						}
						defer c.Close(ctx)
						_, err = cluster.Call(ctx, c, takes, 3600)
						return err
					})
					return nil
				})
				if err := anyio.Sleep(ctx, 10*time.Second); err != nil {
					return err
				}
				sim.NetworkOf(ctx).Kill("another", "test")
				err := anyio.Sleep(ctx, 10*time.Second)
				l, _ := ledgers.Get(ctx)
				if _, begun, ended := l.of(0); begun != 1 || ended != 1 {
					t.Errorf("begun %d, ended %d", begun, ended)
				}
				return err
			})
		})
	}, anyiotest.Only("sim"))
}

// A server that loses its power says nothing to anybody. Members notice it, and come again.
func TestServerThatLosesItsPower(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		onHosts(t, ctx, func(ctx context.Context, c *cluster.Conn) error {
			if n, err := cluster.Call(ctx, c, book, 3); n != 9 || err != nil {
				t.Error(n, err)
			}
			net := sim.NetworkOf(ctx)
			net.PowerOff("nats", "test")
			net.Restart("nats")
			return anyio.FailAfter(ctx, 2*time.Minute, func(ctx context.Context) error {
				for {
					n, err := cluster.Call(ctx, c, book, 4)
					if anyio.IsCancellation(err) || n == 16 {
						return err
					}
				}
			})
		})
	}, anyiotest.Only("sim"), anyiotest.Seeds(10))
}

// Whatever the network does, each call ends, its effect happens once at most, and the
// result is that of the function.
func TestCallsUnderFaults(t *testing.T) {
	underFaults(t, 200, []string{"nats", "one", "two"}, func(t testing.TB, ctx context.Context) {
		const calls = 4
		l := onHosts(t, ctx, func(ctx context.Context, c *cluster.Conn) error {
			return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
				for i := range calls {
					tg.Go(func(ctx context.Context) error {
						n, err := cluster.Call(ctx, c, book, i)
						if l, err := ledgers.Get(ctx); err == nil {
							l.count(l.told, i)
						}
						_, broken := errors.AsType[*process.BrokenWorkerError](err)
						switch {
						case err == nil && n != i*i:
							t.Errorf("call %d: result %d", i, n)
						case err != nil && !broken && !errors.Is(err, cluster.ErrNoWorker):
							t.Errorf("call %d: %v", i, err)
						}
						return nil
					})
				}
				return nil
			})
		})
		for i := range calls {
			if told, begun, ended := l.of(i); told != 1 || begun > 1 || begun != ended {
				t.Errorf("call %d: told %d times, begun %d, ended %d", i, told, begun, ended)
			}
		}
	})
}
