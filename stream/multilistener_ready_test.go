package stream_test

import (
	"context"
	"sync/atomic"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/internal/testkit"
	"github.com/anyio-go/anyio/stream"
)

// A closable is a listener to which nobody connects.
type closable struct {
	stream.Listener[stream.ByteStream]
	closed anyio.Event
}

func (c *closable) Serve(ctx context.Context, _ *anyio.TaskGroup, _ func(ctx context.Context, conn stream.ByteStream) error) error {
	if err := c.closed.Wait(ctx); err != nil {
		return err
	}
	return anyio.ErrClosed
}

func (c *closable) Close(context.Context) error {
	c.closed.Set()
	return nil
}

// What a canceled Accept has left is handled as every other connection: by a task of the
// group that was given, which goes on when Serve returns, else by one that ends with it.
func TestServeHandlesWhatAcceptHasLeft(t *testing.T) {
	for _, given := range []bool{false, true} {
		anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
			m := stream.NewMultiListener[stream.ByteStream](&closable{})
			left, other := stream.Pipe(0)
			defer left.Close(ctx)
			defer other.Close(ctx)
			m.Leave(left)
			err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
				handlers := tg
				if !given {
					handlers = nil
				}
				var handled, end anyio.Event
				var ended atomic.Bool
				server := tg.Go(func(ctx context.Context) error {
					err := m.Serve(ctx, handlers, func(ctx context.Context, conn stream.ByteStream) error {
						if conn != stream.ByteStream(left) {
							t.Errorf("the connection is %v", conn)
						}
						handled.Set()
						defer ended.Store(true)
						return end.Wait(ctx)
					})
					testkit.WantErr(t, err, anyio.ErrClosed)
					return nil
				})
				if err := handled.Wait(ctx); err != nil {
					return err
				}
				testkit.WantNil(t, "Close", m.Close(ctx))
				testkit.WantNil(t, "Wait", server.Wait(ctx))
				if ended.Load() == given {
					t.Errorf("group given: %t; when Serve returned the handler had ended: %t", given, ended.Load())
				}
				end.Set()
				return nil
			})
			testkit.WantNil(t, "group", err)
		})
	}
}
