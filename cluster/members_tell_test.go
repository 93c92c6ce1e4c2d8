package cluster_test

import (
	"context"
	"testing"

	"github.com/nats-io/nats-server/v2/server"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/cluster"
)

// There are more calls than are told.
func TestMembersTellOfSoManyCalls(t *testing.T) {
	eachReal(t, cluster.Config{}, func(t *testing.T, ctx context.Context, c *cluster.Conn) {
		working(t, ctx, c, cluster.Worker{Capacity: 1}, func(ctx context.Context) {
			name, w := watching(t, "")
			group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
				cluster.Go(tg, c, hangs, name)
				wait(t, ctx, &w.begun)
				for range 1100 {
					cluster.Go(tg, c, double, 1)
				}
				until(t, ctx, "they wait", func() bool { return c.Waiting() == 1100 })
				if m := members(t, ctx, c, 1)[0]; len(m.Calls) != 1000 || m.More != 101 || m.Calls[0].Function != "hangs" {
					t.Errorf("%d calls, %d more", len(m.Calls), m.More)
				}
				tg.Cancel("")
			})
		})
	})
}

// The oldest of the calls that were sent are told, by both sides.
func TestMembersTellOfTheOldestCalls(t *testing.T) {
	eachReal(t, cluster.Config{}, func(t *testing.T, ctx context.Context, c *cluster.Conn) {
		manyHang(t, ctx, c, 1100, func(ctx context.Context) {
			m := members(t, ctx, c, 1)[0]
			if len(m.Calls) != 1000 || len(m.Running) != 1000 || m.More != 200 {
				t.Fatalf("%d calls, %d that run, %d more", len(m.Calls), len(m.Running), m.More)
			}
			first := m.Calls[0].Number
			if m.Calls[999].Number != first+999 || m.Running[0].Number != first || m.Running[999].Number != first+999 {
				t.Errorf("from %d to %d, and from %d to %d", first, m.Calls[999].Number, m.Running[0].Number, m.Running[999].Number)
			}
		})
	})
}

// A server that takes but short messages is told of fewer calls.
func TestMembersTellWhatAMessageHolds(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		c, _ := newHub(t, server.Options{MaxPayload: 32 << 10}).join(t, ctx, cluster.Config{})
		manyHang(t, ctx, c, 300, func(ctx context.Context) {
			if m := members(t, ctx, c, 1)[0]; len(m.Calls) == 0 || len(m.Running) == 0 || len(m.Calls)+len(m.Running)+m.More != 600 {
				t.Errorf("%d calls, %d that run, %d more", len(m.Calls), len(m.Running), m.More)
			}
		})
		if err := c.Close(ctx); err != nil {
			t.Error(err)
		}
	}, onReal)
}

// manyHang makes so many calls that run while body does.
func manyHang(t *testing.T, ctx context.Context, c *cluster.Conn, n int, body func(ctx context.Context)) {
	working(t, ctx, c, cluster.Worker{Capacity: n}, func(ctx context.Context) {
		name, w := watching(t, "")
		group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
			for range n {
				cluster.Go(tg, c, hangs, name)
			}
			until(t, ctx, "they run", func() bool { return int(w.count.Load()) == n })
			body(ctx)
			tg.Cancel("")
		})
	})
}
