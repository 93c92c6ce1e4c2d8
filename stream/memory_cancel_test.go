package stream_test

import (
	"context"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/internal/testkit"
	"github.com/anyio-go/anyio/stream"
)

func TestMemoryCanceledReceiveLeavesQueue(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		send, recv := stream.Memory[string](0)
		group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
			h := tg.Go(func(ctx context.Context) error { _, err := recv.Receive(ctx); return err })
			idle(t, ctx)
			h.Cancel("")
			testkit.WantErr(t, send.TrySend("hello"), anyio.ErrWouldBlock) // at once, before the task runs
			idle(t, ctx)
			testkit.WantErr(t, send.TrySend("hello"), anyio.ErrWouldBlock)
		})
		send.Close(ctx)
		recv.Close(ctx)
	})
}

func TestMemoryCanceledSendWithdrawsItem(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		for _, buffer := range []int{0, 1} {
			send, recv := stream.Memory[string](buffer)
			group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
				for send.TrySend("first") == nil {
				}
				h := tg.Go(func(ctx context.Context) error { return send.Send(ctx, "hello") })
				idle(t, ctx)
				h.Cancel("")
				for range buffer {
					next(t, ctx, recv, "first")
				}
				_, err := recv.TryReceive()
				testkit.WantErr(t, err, anyio.ErrWouldBlock)
			})
			send.Close(ctx)
			recv.Close(ctx)
		}
	})
}

func TestMemoryDoesNothingInCanceledScope(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		send, recv := stream.Memory[string](2)
		testkit.WantErr(t, send.TrySend("kept"), nil)
		canceled(t, ctx, func(ctx context.Context) error { return send.Send(ctx, "x") })
		canceled(t, ctx, func(ctx context.Context) error { _, err := recv.Receive(ctx); return err })
		canceled(t, ctx, func(ctx context.Context) error {
			for _, err := range recv.All(ctx) {
				return err
			}
			return nil
		})
		if s := send.Statistics(); s.CurrentBufferUsed != 1 {
			t.Errorf("%+v", s)
		}
		canceled(t, ctx, func(ctx context.Context) error { // closing works there
			send.Close(ctx)
			return send.Send(ctx, "x")
		})
		next(t, ctx, recv, "kept")
		_, err := recv.Receive(ctx)
		testkit.WantErr(t, err, anyio.ErrEndOfStream)
		recv.Close(ctx)
	})
}

func TestMemoryItemHandedOverSurvivesCancel(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		send, recv := stream.Memory[string](0)
		group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
			h := anyio.GoValue(tg, func(ctx context.Context) (string, error) { return recv.Receive(ctx) })
			idle(t, ctx)
			testkit.WantErr(t, send.TrySend("hello"), nil)
			h.Cancel("too late")
			if v, err := h.Await(ctx); v != "hello" || err != nil {
				t.Errorf("receiver got %q, %v", v, err)
			}
			s := tg.Go(func(ctx context.Context) error { return send.Send(ctx, "again") })
			idle(t, ctx)
			if v, err := recv.TryReceive(); v != "again" || err != nil {
				t.Error(v, err)
			}
			s.Cancel("too late")
			testkit.WantErr(t, s.Await(ctx), nil)
		})
		send.Close(ctx)
		recv.Close(ctx)
	})
}

func TestMemoryItemPassesCanceledReceiver(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		send, recv := stream.Memory[string](1)
		group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
			first := tg.Go(func(ctx context.Context) error { _, err := recv.Receive(ctx); return err })
			idle(t, ctx)
			second := anyio.GoValue(tg, func(ctx context.Context) (string, error) { return recv.Receive(ctx) })
			idle(t, ctx)
			first.Cancel("")
			testkit.WantErr(t, send.TrySend("to the next"), nil)
			testkit.WantErr(t, send.TrySend("to the buffer"), nil)
			if v, err := second.Await(ctx); v != "to the next" || err != nil {
				t.Error(v, err)
			}
			next(t, ctx, recv, "to the buffer")
			testkit.WantErr(t, first.Await(ctx), anyio.ErrTaskCanceled)
		})
		send.Close(ctx)
		recv.Close(ctx)
	})
}

func TestMemoryObeysDerivedContext(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		send, recv := stream.Memory[int](0)
		group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
			ctx, cancel := context.WithCancel(ctx)
			tg.Go(func(ctx context.Context) error {
				testkit.WantErr(t, send.Send(ctx, 1), nil)
				idle(t, ctx)
				cancel()
				return nil
			})
			next(t, ctx, recv, 1)
			_, err := recv.Receive(ctx)
			testkit.WantErr(t, err, context.Canceled)
		})
		testkit.WantErr(t, send.TrySend(2), anyio.ErrWouldBlock)
		send.Close(ctx)
		recv.Close(ctx)
	})
}
