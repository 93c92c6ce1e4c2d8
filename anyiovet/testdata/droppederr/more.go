package droppederr

import (
	"context"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/stream"
)

// more is what the rule tells from its like.
func more(ctx context.Context, s stream.ByteStream, recv *stream.MemoryReceiveStream[int]) {
	anyio.FailAfter(ctx, time.Second, func(ctx context.Context) error { // want `droppederr: the error of FailAfter`
		println(s.Send(ctx, nil))
		return nil
	})
	for range recv.All(ctx) {
	}
}
