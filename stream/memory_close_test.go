package stream_test

import (
	"context"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/internal/testkit"
	"github.com/anyio-go/anyio/stream"
)

func TestMemoryClosedSender(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		send, recv := stream.Memory[int](1)
		defer recv.Close(ctx)
		send.Close(ctx)
		send.Close(ctx)
		_, err := recv.Receive(ctx)
		testkit.WantErr(t, err, anyio.ErrEndOfStream)
		_, err = recv.TryReceive()
		testkit.WantErr(t, err, anyio.ErrEndOfStream)
		testkit.WantErr(t, send.Send(ctx, 1), anyio.ErrClosed)
		testkit.WantErr(t, send.TrySend(1), anyio.ErrClosed)
		recv.Close(ctx) // closed comes before broken
		testkit.WantErr(t, send.TrySend(1), anyio.ErrClosed)
	})
}

func TestMemoryClosedReceiver(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		send, recv := stream.Memory[int](1)
		defer send.Close(ctx)
		testkit.WantErr(t, send.TrySend(1), nil)
		recv.Close(ctx)
		recv.Close(ctx)
		_, err := recv.Receive(ctx)
		testkit.WantErr(t, err, anyio.ErrClosed)
		_, err = recv.TryReceive()
		testkit.WantErr(t, err, anyio.ErrClosed)
		testkit.WantErr(t, send.Send(ctx, 1), anyio.ErrBroken)
		testkit.WantErr(t, send.TrySend(1), anyio.ErrBroken)
		if s := send.Statistics(); s.CurrentBufferUsed != 0 {
			t.Errorf("items kept after the last receiver was closed: %+v", s)
		}
	})
}

func TestMemoryBufferedItemSurvivesClosedSender(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		send, recv := stream.Memory[int](2)
		defer recv.Close(ctx)
		testkit.WantErr(t, send.Send(ctx, 1), nil)
		testkit.WantErr(t, send.Send(ctx, 2), nil)
		send.Close(ctx)
		next(t, ctx, recv, 1)
		next(t, ctx, recv, 2)
		_, err := recv.Receive(ctx)
		testkit.WantErr(t, err, anyio.ErrEndOfStream)
	})
}

func TestMemoryCloseWakesPeers(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		send, recv := stream.Memory[*int](0)
		group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
			for range 3 {
				tg.Go(func(ctx context.Context) error {
					_, err := recv.Receive(ctx)
					testkit.WantErr(t, err, anyio.ErrEndOfStream)
					return nil
				})
			}
			idle(t, ctx)
			send.Close(ctx)
		})
		recv.Close(ctx)
		send, recv = stream.Memory[*int](0)
		group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
			for range 3 {
				tg.Go(func(ctx context.Context) error {
					testkit.WantErr(t, send.Send(ctx, nil), anyio.ErrBroken)
					return nil
				})
			}
			idle(t, ctx)
			recv.Close(ctx)
		})
		send.Close(ctx)
	})
}

func TestMemoryCloseWakesWaitersOnSameEndOnly(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		send, recv := stream.Memory[int](0)
		send2, recv2 := send.Clone(), recv.Clone()
		group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
			tg.Go(func(ctx context.Context) error {
				testkit.WantErr(t, send.Send(ctx, 1), anyio.ErrClosed)
				return nil
			})
			tg.Go(func(ctx context.Context) error { return send2.Send(ctx, 2) })
			idle(t, ctx)
			send.Close(ctx)
			idle(t, ctx)
			if s := send.Statistics(); s.TasksWaitingSend != 1 || s.OpenSendStreams != 1 {
				t.Errorf("%+v", s)
			}
			next(t, ctx, recv, 2) // the item of the closed end was withdrawn
			tg.Go(func(ctx context.Context) error {
				_, err := recv.Receive(ctx)
				testkit.WantErr(t, err, anyio.ErrClosed)
				return nil
			})
			tg.Go(func(ctx context.Context) error {
				next(t, ctx, recv2, 3)
				return nil
			})
			idle(t, ctx)
			recv.Close(ctx)
			idle(t, ctx)
			testkit.WantErr(t, send2.TrySend(3), nil)
		})
		send2.Close(ctx)
		recv2.Close(ctx)
	})
}

func TestMemoryClones(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		send1, recv1 := stream.Memory[string](1)
		send2, recv2 := send1.Clone(), recv1.Clone()
		send1.Close(ctx)
		recv1.Close(ctx)
		testkit.WantErr(t, send2.TrySend("hello"), nil)
		if v, err := recv2.TryReceive(); v != "hello" || err != nil {
			t.Error(v, err)
		}
		testkit.WantErr(t, send1.Clone().Send(ctx, "x"), anyio.ErrClosed)
		_, err := recv1.Clone().Receive(ctx)
		testkit.WantErr(t, err, anyio.ErrClosed)
		if s := recv1.Statistics(); s.OpenSendStreams != 1 || s.OpenReceiveStreams != 1 {
			t.Errorf("clones of closed ends count: %+v", s)
		}
		send2.Close(ctx)
		_, err = recv2.Receive(ctx)
		testkit.WantErr(t, err, anyio.ErrEndOfStream)
		recv2.Close(ctx)
	})
}

func TestMemoryCloseRightAfterSend(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		send, recv := stream.Memory[string](0)
		defer recv.Close(ctx)
		group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
			tg.Go(func(ctx context.Context) error {
				next(t, ctx, recv, "test")
				return nil
			})
			idle(t, ctx)
			testkit.WantErr(t, send.TrySend("test"), nil)
			send.Close(ctx)
		})
	})
}
