package stream_test

import (
	"context"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/internal/testkit"
	"github.com/anyio-go/anyio/stream"
)

// Of several things that are true of an end, calls tell the first of: it is
// closed; an item or room is there; the other side is gone; it would block.
func TestMemoryErrorsHaveAnOrder(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		send, recv := stream.Memory[int](2)
		send2, recv2 := send.Clone(), recv.Clone()
		testkit.WantErr(t, send.TrySend(1), nil)
		testkit.WantErr(t, send.TrySend(2), nil)

		recv.Close(ctx) // an item is there, and a sender
		_, err := recv.TryReceive()
		testkit.WantErr(t, err, anyio.ErrClosed)
		_, err = recv.Receive(ctx)
		testkit.WantErr(t, err, anyio.ErrClosed)

		send.Close(ctx)
		send2.Close(ctx) // items are there, and no sender
		if v, err := recv2.TryReceive(); v != 1 || err != nil {
			t.Errorf("buffered item: %v, %v", v, err)
		}
		next(t, ctx, recv2, 2)
		_, err = recv2.TryReceive()
		testkit.WantErr(t, err, anyio.ErrEndOfStream)
		recv2.Close(ctx)
		_, err = recv2.TryReceive()
		testkit.WantErr(t, err, anyio.ErrClosed)

		send, recv = stream.Memory[int](2)
		recv.Close(ctx) // the buffer has room, and nobody is there to receive
		testkit.WantErr(t, send.TrySend(1), anyio.ErrBroken)
		send.Close(ctx)
		testkit.WantErr(t, send.TrySend(1), anyio.ErrClosed)
	})
}

// What waiting senders hold is received before the end of the stream, also when
// all others are closed, and in the order of sending.
func TestMemoryEndComesAfterEverythingSent(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		send, recv := stream.Memory[int](1)
		group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
			for i := range 4 {
				s := send.Clone()
				tg.Go(func(ctx context.Context) error {
					defer s.Close(ctx)
					return s.Send(ctx, i)
				})
				idle(t, ctx)
			}
			send.Close(ctx)
			for i := range 4 {
				next(t, ctx, recv, i)
			}
			_, err := recv.Receive(ctx)
			testkit.WantErr(t, err, anyio.ErrEndOfStream)
		})
		recv.Close(ctx)
	})
}
