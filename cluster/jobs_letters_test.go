package cluster_test

import (
	"context"

	"github.com/nats-io/nats.go"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/cluster"
)

// heard subscribes to a subject by a connection of its own, and returns what waits for the
// next message there.
func heard(c *cluster.Conn, subject string) (next func(ctx context.Context) (*nats.Msg, error), err error) {
	sub, err := cluster.NATS(c).SubscribeSync(subject)
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context) (*nats.Msg, error) {
		return anyio.RunBlockingValue(ctx, func() (*nats.Msg, error) { return sub.NextMsg(anyio.Forever) })
	}, nil
}
