package cluster_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/cluster"
	"github.com/anyio-go/anyio/internal/testkit"
)

func TestCloseEndsCallsAndWorkers(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		h := newHub(t, server.Options{})
		c, nc := h.join(t, ctx, soon)
		member, theirs := h.join(t, ctx, soon)
		running, w := watching(t, "running")
		group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
			tg.Go(func(ctx context.Context) error {
				wantIs(t, cluster.Work(ctx, member, cluster.Worker{Functions: []string{"hangs", "gives"}}), anyio.ErrClosed)
				return nil
			})
			for _, call := range []func(ctx context.Context) error{
				func(ctx context.Context) error { _, err := cluster.Call(ctx, c, hangs, running); return err },
				func(ctx context.Context) error { _, err := cluster.Call(ctx, c, double, 1); return err }, // waits
			} {
				tg.Go(func(ctx context.Context) error {
					wantIs(t, call(ctx), anyio.ErrClosed)
					return nil
				})
			}
			wait(t, ctx, &w.begun)
			for range 3 {
				if err := c.Close(ctx); err != nil {
					t.Error(err)
				}
			}
			wait(t, ctx, &w.ended)
			_, err := cluster.Call(ctx, c, double, 1)
			wantIs(t, err, anyio.ErrClosed)
			wantIs(t, cluster.Work(ctx, c, cluster.Worker{}), anyio.ErrClosed)
			if err := member.Close(ctx); err != nil {
				t.Error(err)
			}
		})
		for _, nc := range []*nats.Conn{nc, theirs} {
			until(t, ctx, "no subscriptions are left", func() bool { return nc.NumSubscriptions() == 0 })
			if nc.IsClosed() {
				t.Error("the connection of the user is closed")
			}
		}
		nothingLeft(t, ctx, c)
		nothingLeft(t, ctx, member)
	}, onReal)
}

// The user closes the connection under the members.
func TestConnectionThatIsClosed(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		h := newHub(t, server.Options{})
		c, nc := h.join(t, ctx, soon)
		member, theirs := h.join(t, ctx, soon)
		name, w := watching(t, "")
		group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
			tg.Go(func(ctx context.Context) error {
				wantIs(t, cluster.Work(ctx, member, cluster.Worker{}), anyio.ErrClosed)
				return nil
			})
			tg.Go(func(ctx context.Context) error {
				_, err := cluster.Call(ctx, c, hangs, name)
				wantIs(t, err, anyio.ErrClosed)
				return nil
			})
			wait(t, ctx, &w.begun)
			nc.Close()
			wait(t, ctx, &w.ended) // as the caller is lost
			theirs.Close()
		})
		if err := errors.Join(c.Close(ctx), member.Close(ctx)); err != nil {
			t.Error(err)
		}
	}, onReal)
}

// Several workers with one Conn, which is used from runs of both backends.
func TestOneConnForAll(t *testing.T) {
	onEach(t, cluster.Config{}, func(t *testing.T, ctx context.Context, c *cluster.Conn) {
		working(t, ctx, c, cluster.Worker{Capacity: 1}, func(ctx context.Context) {
			working(t, ctx, c, cluster.Worker{Capacity: 2, Labels: []string{"l"}}, func(ctx context.Context) {
				for _, on := range []anyio.Backend{anyio.Parallel(), anyio.EventLoop()} {
					testkit.InGoroutine(t, ctx, func() {
						err := anyio.Run(context.Background(), func(ctx context.Context) error {
							working(t, ctx, c, cluster.Worker{Labels: []string{on.Name()}}, func(ctx context.Context) {
								for _, opts := range [][]cluster.CallOption{nil, {cluster.Labels("l")}, {cluster.Labels(on.Name())}} {
									if out, err := cluster.Map(ctx, c, double, make([]int, 30), 5, opts...); len(out) != 30 || err != nil {
										t.Error(out, err)
									}
								}
								all, err := c.Workers(ctx)
								if len(all) != 3 || err != nil {
									t.Error(all, err)
								}
							})
							return nil
						}, anyio.On(on))
						if err != nil {
							t.Error(err)
						}
						// Without a run.
						if n, err := cluster.Call(context.Background(), c, double, 2); n != 4 || err != nil {
							t.Error(n, err)
						}
					})
				}
			})
		})
	}, onReal)
}

func TestConfigsThatMakeNoSense(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		for _, cfg := range []cluster.Config{
			{Prefix: "a b"}, {Prefix: "a.*"}, {Prefix: "."}, {Prefix: "ä"}, {Prefix: strings.Repeat("p", 101)}, {Name: strings.Repeat("n", 256)},
			{Heartbeat: -1}, {Lost: -1}, {Heartbeat: time.Second, Lost: time.Second},
			{Conn: &nats.Conn{}, URL: "nats://127.0.0.1:1"}, {Conn: &nats.Conn{}, Listen: "127.0.0.1:0"},
			{URL: "nats://127.0.0.1:1", Listen: "127.0.0.1:0"},
			{Listen: "4222"}, {Listen: ":4222"}, {Listen: "127.0.0.1:x"}, {Listen: "127.0.0.1:-1"}, {Listen: "127.0.0.1:70000"},
		} {
			_, err := cluster.Open(ctx, cfg)
			testkit.WantMisuse(t, fmt.Sprintf("%+v", cfg), err)
		}
		if _, err := cluster.Open(ctx, cluster.Config{URL: "nats://127.0.0.1:1"}); !errors.Is(err, nats.ErrNoServers) {
			t.Error(err)
		}
		c, err := cluster.Open(ctx, cluster.Config{})
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close(ctx)
		for _, w := range []cluster.Worker{{Capacity: -1}, {Capacity: 1, Limiter: anyio.NewCapacityLimiter(1)}, {Functions: []string{"no such"}}} {
			testkit.WantMisuse(t, fmt.Sprintf("%+v", w), cluster.Work(ctx, c, w))
		}
		testkit.WantMisuse(t, "codec", testkit.Recovered(func() { cluster.RegisterCodec(cluster.JSON) }))
	}, onReal)
}

// Whatever comes on the subjects of a cluster, its members go on.
func TestGarbageOnAllSubjects(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		h := newHub(t, server.Options{})
		c, nc := h.join(t, ctx, soon)
		r := rand.New(rand.NewPCG(1, 2))
		working(t, ctx, c, cluster.Worker{Capacity: 2}, func(ctx context.Context) {
			all, err := c.Workers(ctx)
			if err != nil || len(all) != 1 {
				t.Fatal(all, err)
			}
			subjects := append(c.Subjects(all[0].ID), cluster.SubjectOf[int, int](c, "double"))
			for range 3000 {
				data := make([]byte, r.IntN(30))
				for i := range data {
					data[i] = byte(r.Uint32())
				}
				if len(data) > 2 && r.IntN(3) > 0 { // so that more of it is read
					data[0], data[1] = 1, "qavfrbcslpxdi"[r.IntN(13)]
				}
				reply := ""
				if r.IntN(2) == 0 {
					reply = subjects[r.IntN(len(subjects))]
				}
				m := &nats.Msg{Subject: subjects[r.IntN(len(subjects))], Reply: reply, Data: data}
				if err := nc.PublishMsg(m); err != nil {
					t.Fatal(err)
				}
			}
			for i := range 20 {
				// One of them may have been answered with garbage.
				if n, err := cluster.Call(ctx, c, double, i); err == nil && n != 2*i {
					t.Error(n)
				}
			}
			until(t, ctx, "a call is answered", func() bool {
				n, err := cluster.Call(ctx, c, double, 4)
				return n == 8 && err == nil
			})
		})
		nothingLeft(t, ctx, c)
		until(t, ctx, "no ends of calls that never came are left", func() bool { return c.Early() == 0 })
		if err := c.Close(ctx); err != nil {
			t.Error(err)
		}
		until(t, ctx, "no subscriptions are left", func() bool { return nc.NumSubscriptions() == 0 })
	}, onReal)
}

func TestServerOptionsStayTheUsers(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		o := &server.Options{Host: "127.0.0.1", Port: server.RANDOM_PORT, NoLog: true}
		c, err := cluster.Open(ctx, cluster.Config{Server: o})
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close(ctx)
		if o.NoSigs {
			t.Error("they were changed")
		}
		other, err := cluster.Open(ctx, cluster.Config{URL: c.URL()})
		if err != nil {
			t.Fatal(err)
		}
		defer other.Close(ctx)
		working(t, ctx, other, cluster.Worker{}, func(ctx context.Context) {
			if n, err := cluster.Call(ctx, c, double, 4); n != 8 || err != nil {
				t.Error(n, err)
			}
			host, _ := os.Hostname()
			if all, err := c.Workers(ctx); err != nil || len(all) != 1 || all[0].Name != fmt.Sprintf("%s:%d", host, os.Getpid()) {
				t.Error(all, err)
			}
		})
	}, onReal)
}
