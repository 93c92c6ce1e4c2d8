package cluster_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/cluster"
	"github.com/anyio-go/anyio/inspect"
	"github.com/anyio-go/anyio/internal/testkit"
	"github.com/anyio-go/anyio/sim"
)

// answerTime is how long members have to answer, at first.
const answerTime = 300 * time.Millisecond

// members asks for members until so many have answered, with more time each time.
func members(t *testing.T, ctx context.Context, c *cluster.Conn, n int) []cluster.Member {
	t.Helper()
	for wait := answerTime; ; wait *= 2 {
		list, err := c.Members(ctx, wait)
		silent := 0
		for _, m := range list {
			if m.Silent {
				silent++
			}
		}
		switch {
		case err == nil && len(list)-silent >= n:
			return list
		case wait > patience:
			t.Fatalf("%+v, %v; want %d that answer", list, err, n)
		}
	}
}

// memberOf is the member of a name, which must be there.
func memberOf(t *testing.T, list []cluster.Member, name string) cluster.Member {
	t.Helper()
	i := slices.IndexFunc(list, func(m cluster.Member) bool { return m.Name == name })
	if i < 0 {
		t.Fatalf("no member %q in %+v", name, list)
	}
	return list[i]
}

func TestMembersTellWhatTheyDo(t *testing.T) {
	onEach(t, cluster.Config{Name: "me"}, func(t *testing.T, ctx context.Context, c *cluster.Conn) {
		working(t, ctx, c, cluster.Worker{Capacity: 1, Labels: []string{"gpu"}}, func(ctx context.Context) {
			name, w := watching(t, "secret")
			group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
				var caller inspect.Ref
				tg.Go(func(ctx context.Context) error {
					caller, _ = inspect.Of(ctx)
					return anyio.FailAfter(ctx, time.Hour, func(ctx context.Context) error {
						_, err := cluster.Call(ctx, c, hangs, name)
						return err
					})
				})
				wait(t, ctx, &w.begun)
				cluster.Go(tg, c, double, 1)
				until(t, ctx, "it waits", func() bool { return c.Waiting() == 1 })
				var me cluster.Member
				until(t, ctx, "the worker is known", func() bool {
					list := members(t, ctx, c, 1)
					if len(list) != 1 {
						t.Errorf("got %+v", list)
					}
					me = memberOf(t, list, "me")
					return len(me.Calls) == 2 && me.Calls[0].Worker != ""
				})
				if me.ID != c.ID() || me.Silent || len(me.Workers) != 1 || me.Workers[0].Running != 1 || me.Workers[0].Labels[0] != "gpu" {
					t.Fatalf("got %+v", me)
				}
				sent, waits := me.Calls[0], me.Calls[1]
				if sent.Function != "hangs" || sent.Number == 0 || sent.Worker != c.ID() || sent.WorkerName != "me" || inspect.Ref(sent.Task) != caller ||
					sent.For <= 0 || sent.Deadline == nil || *sent.Deadline > time.Hour || *sent.Deadline < 59*time.Minute || sent.Ending != "" || sent.Waits {
					t.Errorf("got %+v", sent)
				}
				if waits.Function != "double" || !waits.Waits || waits.Number != 0 || waits.Deadline != nil {
					t.Errorf("got %+v", waits)
				}
				if len(me.Running) != 1 {
					t.Fatalf("got %+v", me)
				}
				runs := me.Running[0]
				if runs.Function != "hangs" || runs.Caller != c.ID() || runs.Number != sent.Number || runs.Task.Task == 0 || runs.Task == sent.Task ||
					runs.Deadline == nil || *runs.Deadline > time.Hour || *runs.Deadline < 59*time.Minute {
					t.Errorf("got %+v", runs)
				}
				if s := me.Statistics; s.Begun != 2 || s.Running != 1 {
					t.Errorf("got %+v", s)
				}
				tg.Cancel("")
			})
		})
	})
}

// A wait for a job is told, with the worker when there is one, and once for each task.
func TestMembersTellOfWaitsForJobs(t *testing.T) {
	onEach(t, cluster.Config{Name: "me"}, func(t *testing.T, ctx context.Context, c *cluster.Conn) {
		name, w := watching(t, "secret")
		job := submit(t, ctx, c, hangs, name)
		group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
			var waiter inspect.Ref
			for i := range 2 {
				tg.Go(func(ctx context.Context) error {
					if i == 0 {
						waiter, _ = inspect.Of(ctx)
					}
					_, err := job.Await(ctx)
					if !errors.Is(err, cluster.ErrJobCanceled) {
						t.Error(err)
					}
					return nil
				})
				until(t, ctx, "it waits", func() bool { return cluster.JobWaits(c) == i+1 })
			}
			want := cluster.CallInfo{Function: "hangs", Caller: c.ID(), Job: job.ID()}
			told := func() {
				t.Helper()
				me := memberOf(t, members(t, ctx, c, 1), "me")
				if len(me.Calls) != 2 || inspect.Ref(me.Calls[0].Task) != waiter || me.Calls[0].For <= 0 || me.Calls[0].Task == me.Calls[1].Task {
					t.Fatalf("got %+v", me)
				}
				for _, got := range me.Calls {
					if got.Task, got.For = want.Task, 0; got != want {
						t.Errorf("got %+v, want %+v", got, want)
					}
				}
			}
			told()
			working(t, ctx, c, takesJobs, func(ctx context.Context) {
				wait(t, ctx, &w.begun)
				want.Worker, want.WorkerName, want.Attempt = c.ID(), "me", 1
				told()
				if err := job.Cancel(ctx); err != nil {
					t.Error(err)
				}
				wait(t, ctx, &w.ended)
			})
		})
	})
}

// That a call is to end is told by both sides, while the function goes on.
func TestMembersTellOfCallsThatAreToEnd(t *testing.T) {
	for ending, end := range map[string]func(s *anyio.CancelScope){
		"canceled":     func(s *anyio.CancelScope) { s.Cancel("enough") },
		"asked to end": func(s *anyio.CancelScope) { s.Stop("enough", anyio.Forever) },
	} {
		t.Run(ending, func(t *testing.T) {
			onEach(t, cluster.Config{}, func(t *testing.T, ctx context.Context, c *cluster.Conn) {
				working(t, ctx, c, cluster.Worker{}, func(ctx context.Context) { endIsTold(t, ctx, c, ending, end) })
			})
		})
	}
}

func endIsTold(t *testing.T, ctx context.Context, c *cluster.Conn, ending string, end func(s *anyio.CancelScope)) {
	name, w := watching(t, "")
	group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
		scopes := anyio.NewFuture[*anyio.CancelScope]("scope")
		tg.Go(func(ctx context.Context) error {
			return anyio.WithCancelScope(ctx, func(ctx context.Context, s *anyio.CancelScope) error {
				_ = scopes.Set(s)
				_, err := cluster.Call(ctx, c, stubborn, name)
				return err
			})
		})
		wait(t, ctx, &w.begun)
		s, err := scopes.Await(ctx)
		if err != nil {
			t.Fatal(err)
		}
		end(s)
		until(t, ctx, "both tell it", func() bool {
			m := members(t, ctx, c, 1)[0]
			return len(m.Calls) == 1 && m.Calls[0].Ending == ending &&
				len(m.Running) == 1 && m.Running[0].Ending == ending+": the caller has asked for it"
		})
		w.goOn.Set()
	})
}

func TestMembersOfOneServer(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		h := newHub(t, server.Options{})
		asker, _ := h.join(t, ctx, cluster.Config{Name: "asker"})
		idle, nc := h.join(t, ctx, cluster.Config{Name: "idle"})
		other, _ := h.join(t, ctx, cluster.Config{Name: "other", Prefix: "another"})
		list := members(t, ctx, asker, 2)
		if len(list) != 2 || list[0].Name != "asker" || list[1].Name != "idle" || list[1].ID != idle.ID() {
			t.Errorf("got %+v", list)
		}
		host, _ := os.Hostname()
		if m := list[1]; m.PID != os.Getpid() || m.Host != host || m.Process == "" || m.Process != list[0].Process || m.Program != filepath.Base(os.Args[0]) {
			t.Errorf("got %+v", m)
		}
		if list := members(t, ctx, other, 1); len(list) != 1 {
			t.Errorf("got %+v", list)
		}
		if err := idle.Close(ctx); err != nil {
			t.Error(err)
		}
		nc.Close()
		if list := members(t, ctx, asker, 1); len(list) != 1 { // it has left, and is not silent
			t.Errorf("got %+v", list)
		}
		for _, c := range []*cluster.Conn{asker, other} {
			nothingLeft(t, ctx, c)
			if err := c.Close(ctx); err != nil {
				t.Error(err)
			}
		}
	}, onReal)
}

func TestMembersTellOfJobsStreamsAndLocks(t *testing.T) {
	eachReal(t, cluster.Config{}, func(t *testing.T, ctx context.Context, c *cluster.Conn) {
		working(t, ctx, c, takesJobs, func(ctx context.Context) {
			name, w := watching(t, "")
			job := submit(t, ctx, c, gives, name)
			wait(t, ctx, &w.begun)
			lock, err := cluster.NewLock(c, "report", cluster.LockOptions{})
			if err != nil {
				t.Fatal(err)
			}
			in, addr, err := cluster.NewReceiver[int](c, 1)
			if err != nil {
				t.Fatal(err)
			}
			out, err := cluster.OpenSender(ctx, c, addr)
			if err != nil {
				t.Fatal(err)
			}
			err = lock.Do(ctx, func(ctx context.Context, token uint64) error {
				m := members(t, ctx, c, 1)[0]
				if len(m.Running) != 1 || m.Running[0].Job != job.ID() || m.Running[0].Attempt != 1 || m.Running[0].Function != "gives" || m.Running[0].Caller != "" {
					t.Errorf("got %+v", m.Running)
				}
				if m.Streams != 2 || len(m.Held) != 1 || m.Held[0].Name != "report" || m.Held[0].Slots != 1 || m.Held[0].Token != token || m.Held[0].Left <= 0 {
					t.Errorf("got %+v", m)
				}
				return nil
			})
			if err != nil {
				t.Error(err)
			}
			_ = out.Close(ctx)
			_ = in.Close(ctx)
			w.goOn.Set()
			if got, err := job.Await(ctx); got != name || err != nil {
				t.Error(got, err)
			}
		})
	})
}

func TestMembersNeedTimeAndAServer(t *testing.T) {
	onEach(t, cluster.Config{}, func(t *testing.T, ctx context.Context, c *cluster.Conn) {
		_, err := c.Members(ctx, 0)
		testkit.WantMisuse(t, "Members", err)
		_, err = anyio.MoveOnAfter(ctx, time.Millisecond, func(ctx context.Context) error {
			_, err := c.Members(ctx, time.Hour)
			return err
		})
		if err != nil {
			t.Error(err)
		}
		if err := c.Close(ctx); err != nil {
			t.Error(err)
		}
		if list, err := c.Members(ctx, answerTime); err == nil {
			t.Errorf("after Close there are %+v", list)
		}
	})
}

// What differs from process to process is not in a simulation, which is repeated in others.
func TestNameInASimulation(t *testing.T) {
	onEach(t, cluster.Config{}, func(t *testing.T, ctx context.Context, c *cluster.Conn) {
		list := members(t, ctx, c, 1)
		if len(list) != 1 || list[0].Name != c.ID() {
			t.Errorf("got %+v", list)
		}
	}, anyiotest.Only("sim"))
}

// A host without power says nothing any more; one that is cut off is not there for the
// server after a time.
func TestMembersOfSimulatedHosts(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		onHosts(t, ctx, func(ctx context.Context, c *cluster.Conn) error {
			return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
				tg.Go(func(ctx context.Context) error {
					_, _ = cluster.Call(ctx, c, takes, 3600) // its worker is lost
					return nil
				})
				if err := anyio.Sleep(ctx, time.Second); err != nil {
					return err
				}
				list := members(t, ctx, c, 3)
				i := slices.IndexFunc(list, func(m cluster.Member) bool { return len(m.Running) == 1 })
				if len(list) != 3 || i < 0 || list[i].Running[0].Caller != c.ID() {
					t.Errorf("got %+v", list)
					return nil
				}
				busy := list[i].ID
				for _, host := range []string{"one", "two"} {
					sim.NetworkOf(ctx).PowerOff(host, "test")
				}
				list = members(t, ctx, c, 1)
				if len(list) != 3 || !list[slices.IndexFunc(list, func(m cluster.Member) bool { return m.ID == busy })].Silent {
					t.Errorf("got %+v", list)
				}
				return nil
			})
		})
	}, anyiotest.Only("sim"), anyiotest.Seeds(10))
}
