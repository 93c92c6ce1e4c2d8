package cluster_test

import (
	"context"
	"errors"
	"sync"
	"testing"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/cluster"
)

// benchmarked runs a benchmark with two members that work, and one that calls, over one
// server in this process.
func benchmarked(b *testing.B, capacity int, f func(ctx context.Context, c *cluster.Conn, nc *nats.Conn)) {
	s, err := server.NewServer(&server.Options{NoLog: true, NoSigs: true, DontListen: true})
	if err != nil {
		b.Fatal(err)
	}
	s.Start()
	defer s.WaitForShutdown()
	defer s.Shutdown()
	var ncs []*nats.Conn
	for range 3 {
		nc, err := nats.Connect("", nats.InProcessServer(s))
		if err != nil {
			b.Fatal(err)
		}
		defer nc.Close()
		ncs = append(ncs, nc)
	}
	err = anyio.Run(context.Background(), func(ctx context.Context) error {
		return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			defer tg.Cancel("the benchmark is over")
			for _, nc := range ncs[:2] {
				c, err := cluster.Open(ctx, cluster.Config{Conn: nc})
				if err != nil {
					return err
				}
				if _, err := anyio.Start(ctx, tg, cluster.Worker{Capacity: capacity}.Task(c)); err != nil {
					return err
				}
				if _, err := nc.QueueSubscribe("bare", "workers", func(m *nats.Msg) { _ = m.Respond(nil) }); err != nil {
					return err
				}
				if err := nc.Flush(); err != nil {
					return err
				}
			}
			c, err := cluster.Open(ctx, cluster.Config{Conn: ncs[2]})
			if err != nil {
				return err
			}
			f(ctx, c, ncs[2])
			return c.Close(ctx)
		})
	})
	if err != nil && !errors.Is(err, anyio.ErrCanceled) {
		b.Error(err)
	}
}

// One empty call after the other, and the same as requests of NATS.
func BenchmarkCall(b *testing.B) {
	b.Run("anyio", func(b *testing.B) {
		benchmarked(b, 64, func(ctx context.Context, c *cluster.Conn, _ *nats.Conn) {
			for b.Loop() {
				if _, err := cluster.Call(ctx, c, empty, struct{}{}); err != nil {
					b.Fatal(err)
				}
			}
		})
	})
	b.Run("nats", func(b *testing.B) {
		benchmarked(b, 64, func(ctx context.Context, _ *cluster.Conn, nc *nats.Conn) {
			for b.Loop() {
				if _, err := nc.RequestWithContext(context.Background(), "bare", nil); err != nil {
					b.Fatal(err)
				}
			}
		})
	})
}

// Each iteration is an item of a Map, and a request of as many goroutines as Map has tasks.
func BenchmarkMap(b *testing.B) {
	const capacity = 64
	b.Run("anyio", func(b *testing.B) {
		benchmarked(b, capacity, func(ctx context.Context, c *cluster.Conn, _ *nats.Conn) {
			b.ResetTimer()
			if _, err := cluster.Map(ctx, c, empty, make([]struct{}, b.N), 2*capacity); err != nil {
				b.Fatal(err)
			}
		})
	})
	b.Run("nats", func(b *testing.B) {
		benchmarked(b, capacity, func(ctx context.Context, _ *cluster.Conn, nc *nats.Conn) {
			items := make(chan struct{}, b.N)
			for range b.N {
				items <- struct{}{}
			}
			close(items)
			b.ResetTimer()
			var wg sync.WaitGroup
			for range 2 * capacity {
				wg.Go(func() {
					for range items {
						if _, err := nc.RequestWithContext(context.Background(), "bare", nil); err != nil {
							b.Error(err)
						}
					}
				})
			}
			wg.Wait()
		})
	})
}
