package outlive

import (
	"context"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/socket"
)

func ownGroups(ctx context.Context, outer *anyio.TaskGroup) (*anyio.TaskHandle, error) {
	conn, err := socket.DialTCP(ctx, "localhost", 80)
	if err != nil {
		return nil, err
	}
	defer conn.Close(ctx)
	_, tg := anyio.OpenTaskGroup(ctx)
	tg.Go(func(ctx context.Context) error { return use(ctx, conn) })
	handle := outer.Go(func(ctx context.Context) error { return use(ctx, conn) })
	return handle, tg.End(nil)
}
