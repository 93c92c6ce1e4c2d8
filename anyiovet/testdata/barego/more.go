package barego

import (
	"context"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/socket"
)

// more is what the rule tells from its like.
func more(ctx context.Context, l *socket.TCPListener, handle func(f func())) error {
	return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
		handle(func() { go work(ctx) }) // it may run anywhere
		return l.Serve(ctx, tg, func(ctx context.Context, conn *socket.Stream) error {
			go func() { println(conn) }()
			return nil
		})
	})
}
