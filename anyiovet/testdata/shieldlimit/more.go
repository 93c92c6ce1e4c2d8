package shieldlimit

import (
	"context"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/socket"
)

// more is what the rule tells from its like.
func more(ctx context.Context, conn *socket.Stream) {
	_ = anyio.Shielded(ctx, anyio.Forever, func(ctx context.Context) error { // want `shieldlimit: while Sleep waits`
		return anyio.Sleep(ctx, time.Second)
	})
	_ = anyio.Shielded(ctx, anyio.Forever, conn.Close)
	_ = anyio.Shielded(ctx, anyio.Forever, func(ctx context.Context) error {
		return anyio.FailAfter(ctx, time.Second, func(ctx context.Context) error { return conn.SendEOF(ctx) })
	})
}
