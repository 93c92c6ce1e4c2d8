package cluster_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/nats-io/nats-server/v2/server"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/cluster"
	"github.com/anyio-go/anyio/process"
)

func wait(t *testing.T, ctx context.Context, e *anyio.Event) {
	t.Helper()
	until(t, ctx, "the event", e.IsSet)
}

// A note is what a function writes down.
type note struct {
	Test string
	N    int
}

var (
	notesMu   sync.Mutex
	noteLists = map[string][]int{}
	notes     = process.Register("notes", func(_ context.Context, n note) (struct{}, error) {
		notesMu.Lock()
		defer notesMu.Unlock()
		noteLists[n.Test] = append(noteLists[n.Test], n.N)
		return struct{}{}, nil
	})
)

// list begins a list of notes, and returns what returns it.
func list(t *testing.T) func() []int {
	notesMu.Lock()
	defer notesMu.Unlock()
	delete(noteLists, t.Name())
	return func() []int {
		notesMu.Lock()
		defer notesMu.Unlock()
		return noteLists[t.Name()]
	}
}

// Many more calls than there is room for come at once, again and again: each of them finds a
// worker, and none is lost where a worker becomes full.
func TestBurstsOnSmallWorkersLoseNothing(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		h := newHub(t, server.Options{})
		a, _ := h.join(t, ctx, cluster.Config{})
		b, _ := h.join(t, ctx, cluster.Config{})
		caller, _ := h.join(t, ctx, cluster.Config{})
		working(t, ctx, a, cluster.Worker{Capacity: 1}, func(ctx context.Context) {
			working(t, ctx, b, cluster.Worker{Capacity: 3}, func(ctx context.Context) {
				items := make([]int, 500)
				for i := range items {
					items[i] = i
				}
				out, err := cluster.Map(ctx, caller, double, items, 40)
				if err != nil || len(out) != len(items) {
					t.Fatal(len(out), err)
				}
				for i, n := range out {
					if n != 2*i {
						t.Errorf("%d: %d", i, n)
					}
				}
			})
		})
		nothingLeft(t, ctx, caller)
	}, onReal)
}

func TestCallsWaitForRoomInOrder(t *testing.T) {
	onEach(t, cluster.Config{}, func(t *testing.T, ctx context.Context, c *cluster.Conn) {
		working(t, ctx, c, cluster.Worker{Capacity: 1}, func(ctx context.Context) {
			made := list(t)
			group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
				name, w := watching(t, "first")
				cluster.Go(tg, c, gives, name)
				wait(t, ctx, &w.begun)
				for i := range 10 {
					cluster.Go(tg, c, notes, note{t.Name(), i})
					until(t, ctx, "it waits", func() bool { return c.Waiting() == i+1 })
				}
				w.goOn.Set()
			})
			if got := made(); len(got) != 10 || !slices.IsSorted(got) {
				t.Error(got)
			}
		})
	})
}

func TestNoWait(t *testing.T) {
	onEach(t, cluster.Config{Name: "w1"}, func(t *testing.T, ctx context.Context, c *cluster.Conn) {
		_, err := cluster.Call(ctx, c, double, 1, cluster.NoWait())
		wantIs(t, err, cluster.ErrNoWorker)
		w := cluster.Worker{Capacity: 1, Functions: []string{"gives", "double"}, Labels: []string{"a", "b"}}
		working(t, ctx, c, w, func(ctx context.Context) {
			group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
				name, w := watching(t, "busy")
				cluster.Go(tg, c, gives, name)
				wait(t, ctx, &w.begun)
				for range 3 {
					_, err := cluster.Call(ctx, c, double, 1, cluster.NoWait())
					wantIs(t, err, cluster.ErrBusy)
					_, err = cluster.Call(ctx, c, double, 1, cluster.NoWait(), cluster.Labels("b"))
					wantIs(t, err, cluster.ErrBusy)
				}
				w.goOn.Set()
			})
			if n, err := cluster.Call(ctx, c, double, 1); n != 2 || err != nil {
				t.Error(n, err)
			}
		})
	})
}

// A call that may not wait is taken as long as one of many workers has room.
func TestNoWaitTriesAllWorkers(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		h := newHub(t, server.Options{})
		c, _ := h.join(t, ctx, cluster.Config{})
		group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
			const workers = 5
			for range workers {
				w, _ := h.join(t, ctx, cluster.Config{})
				if _, err := anyio.Start(ctx, tg, cluster.Worker{Capacity: 1, Labels: []string{"l"}}.Task(w)); err != nil {
					t.Fatal(err)
				}
			}
			for i := range workers {
				var opts []cluster.CallOption
				if i%2 == 0 {
					opts = append(opts, cluster.Labels("l"))
				}
				name, w := watching(t, fmt.Sprint(i))
				cluster.Go(tg, c, hangs, name, append(opts, cluster.NoWait())...)
				wait(t, ctx, &w.begun)
			}
			_, err := cluster.Call(ctx, c, hangs, "no", cluster.NoWait())
			wantIs(t, err, cluster.ErrBusy)
			tg.Cancel("the test is over")
		})
		nothingLeft(t, ctx, c)
	}, onReal)
}

func TestNoWorker(t *testing.T) {
	t.Parallel()
	cfg := soon
	cfg.Name = "w1"
	onEach(t, cfg, func(t *testing.T, ctx context.Context, c *cluster.Conn) {
		_, err := cluster.Call(ctx, c, double, 1)
		if want := `cluster: no worker for "double", func(int) int: there is none at all`; err == nil || err.Error() != want {
			t.Errorf("%v; want %s", err, want)
		}
		working(t, ctx, c, cluster.Worker{Functions: []string{"empty"}, Labels: []string{"x"}}, func(ctx context.Context) {
			_, err := cluster.Call(ctx, c, double, 1)
			if want := `cluster: no worker for "double", func(int) int; w1 does not know it`; err == nil || err.Error() != want {
				t.Errorf("%v; want %s", err, want)
			}
			_, err = cluster.Call(ctx, c, empty, struct{}{}, cluster.Labels("x", "y"))
			if want := `cluster: no worker for "empty", func(struct{}) struct{}, with labels ["x" "y"]; w1 has no label "y"`; err == nil || err.Error() != want {
				t.Errorf("%v; want %s", err, want)
			}
			nw, ok := errors.AsType[*cluster.NoWorkerError](err)
			if !ok || nw.Function != "empty" || len(nw.Labels) != 2 || !errors.Is(err, cluster.ErrNoWorker) {
				t.Errorf("%#v", err)
			}
			if _, err := cluster.Call(ctx, c, empty, struct{}{}, cluster.Labels("x")); err != nil {
				t.Error(err)
			}
		})
	})
}

func TestWorkerThatStartsLater(t *testing.T) {
	onEach(t, cluster.Config{}, func(t *testing.T, ctx context.Context, c *cluster.Conn) {
		group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
			h, labelled := cluster.Go(tg, c, double, 4), cluster.Go(tg, c, double, 5, cluster.Labels("later"))
			until(t, ctx, "they wait", func() bool { return c.Waiting() == 2 })
			working(t, ctx, c, cluster.Worker{Labels: []string{"later"}}, func(ctx context.Context) {
				if n, err := h.Await(ctx); n != 8 || err != nil {
					t.Error(n, err)
				}
				if n, err := labelled.Await(ctx); n != 10 || err != nil {
					t.Error(n, err)
				}
			})
		})
	})
}

// Others have the tokens of the worker's limiter.
func TestSharedLimiter(t *testing.T) {
	onEach(t, cluster.Config{}, func(t *testing.T, ctx context.Context, c *cluster.Conn) {
		limiter := anyio.NewCapacityLimiter(1)
		working(t, ctx, c, cluster.Worker{Limiter: limiter}, func(ctx context.Context) {
			group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
				if err := limiter.AcquireOnBehalfOf(ctx, "another"); err != nil {
					t.Fatal(err)
				}
				h := cluster.Go(tg, c, double, 1)
				until(t, ctx, "it waits", func() bool { return c.Waiting() == 1 })
				limiter.ReleaseOnBehalfOf("another")
				if n, err := h.Await(ctx); n != 2 || err != nil {
					t.Error(n, err)
				}
			})
		})
		if n := limiter.BorrowedTokens(); n != 0 {
			t.Error(n)
		}
	})
}

// A worker never runs more than it has room for, however the calls come.
func TestCapacityHolds(t *testing.T) {
	onEach(t, cluster.Config{}, func(t *testing.T, ctx context.Context, c *cluster.Conn) {
		crowd.most.Store(0)
		working(t, ctx, c, cluster.Worker{Capacity: 3, Labels: []string{"l"}}, func(ctx context.Context) {
			group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
				for i := range 60 {
					var opts []cluster.CallOption
					if i%3 == 0 {
						opts = append(opts, cluster.Labels("l"))
					}
					cluster.Go(tg, c, crowds, i, opts...)
				}
			})
		})
		if most := crowd.most.Load(); most < 1 || most > 3 {
			t.Error(most)
		}
	})
}

var crowd struct{ now, most atomic.Int32 }

var crowds = process.Register("crowds", func(ctx context.Context, n int) (int, error) {
	now := crowd.now.Add(1)
	defer crowd.now.Add(-1)
	for most := crowd.most.Load(); now > most && !crowd.most.CompareAndSwap(most, now); most = crowd.most.Load() {
	}
	return n, anyio.Sleep(ctx, 1)
})

func TestWaitingCallIsCanceled(t *testing.T) {
	onEach(t, cluster.Config{}, func(t *testing.T, ctx context.Context, c *cluster.Conn) {
		working(t, ctx, c, cluster.Worker{Capacity: 1}, func(ctx context.Context) {
			group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
				name, w := watching(t, "busy")
				cluster.Go(tg, c, gives, name)
				wait(t, ctx, &w.begun)
				group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
					for i := range 5 {
						cluster.Go(tg, c, double, i)
					}
					until(t, ctx, "they wait", func() bool { return c.Waiting() == 5 })
					tg.Cancel("")
				})
				until(t, ctx, "nobody waits", func() bool { return c.Waiting() == 0 })
				w.goOn.Set()
			})
		})
	})
}

func TestMap(t *testing.T) {
	onEach(t, soon, func(t *testing.T, ctx context.Context, c *cluster.Conn) {
		if _, err := cluster.Map(ctx, c, double, []int{1}, 0); !errors.Is(err, cluster.ErrNoWorker) {
			t.Error(err)
		}
		working(t, ctx, c, cluster.Worker{Capacity: 2}, func(ctx context.Context) {
			for _, limit := range []int{0, -1, 1, 7} {
				if out, err := cluster.Map(ctx, c, double, []int{1, 2, 3}, limit); err != nil || !slices.Equal(out, []int{2, 4, 6}) {
					t.Error(out, err)
				}
			}
			if out, err := cluster.Map(ctx, c, double, nil, 0); len(out) != 0 || err != nil {
				t.Error(out, err)
			}
			out, err := cluster.Map(ctx, c, fails, []string{"a", "b", "c"}, 1)
			if out != nil || !strings.Contains(fmt.Sprint(err), "a: unexpected EOF") || remoteError(t, err) == nil {
				t.Error(out, err)
			}
		})
	})
}
