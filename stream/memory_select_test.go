package stream_test

import (
	"context"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/internal/testkit"
	"github.com/anyio-go/anyio/stream"
)

// selects calls Select and wants that index and error.
func selects(t *testing.T, ctx context.Context, index int, want error, cases ...anyio.Case) {
	t.Helper()
	i, err := anyio.Select(ctx, cases...)
	if i != index {
		t.Errorf("Select chose case %d, want %d", i, index)
	}
	testkit.WantErr(t, err, want)
}

func TestMemorySelectUsesTheBuffer(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		send, recv := stream.Memory[int](2)
		v := 0
		selects(t, ctx, 0, nil, anyio.OnSend(send, 1))
		selects(t, ctx, 0, nil, anyio.OnSend(send, 2))
		selects(t, ctx, 1, nil, anyio.OnSend(send, 3), anyio.OnReceive(recv, &v))
		if v != 1 {
			t.Errorf("received %d", v)
		}
		send.Close(ctx)
		selects(t, ctx, 0, nil, anyio.OnReceive(recv, nil))
		v = -1
		selects(t, ctx, 0, anyio.ErrEndOfStream, anyio.OnReceive(recv, &v))
		selects(t, ctx, 0, anyio.ErrClosed, anyio.OnSend(send, 3))
		recv.Close(ctx)
		if v != -1 {
			t.Errorf("a failed case changed its variable to %d", v)
		}
	})
}

// Those who wait by Select and those who wait by Send or Receive are served in the
// order in which they came.
func TestMemorySelectStandsInLine(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		send, recv := stream.Memory[int](1)
		var never anyio.Event
		var got [3]int
		group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
			for i := range 4 {
				tg.Go(func(ctx context.Context) (err error) {
					if i%2 == 0 {
						return send.Send(ctx, i)
					}
					selects(t, ctx, 1, nil, anyio.OnEvent(&never), anyio.OnSend(send, i))
					return nil
				})
				idle(t, ctx)
			}
			testkit.WantErr(t, send.TrySend(9), anyio.ErrWouldBlock)
			for i := range 4 {
				next(t, ctx, recv, i)
			}
			for i := range got {
				tg.Go(func(ctx context.Context) (err error) {
					if i%2 == 0 {
						selects(t, ctx, 0, nil, anyio.OnReceive(recv, &got[i]), anyio.OnEvent(&never))
						return nil
					}
					got[i], err = recv.Receive(ctx)
					return err
				})
				idle(t, ctx)
			}
			for i := range got {
				testkit.WantErr(t, send.TrySend(10+i), nil)
			}
		})
		if got != [3]int{10, 11, 12} {
			t.Errorf("received %v", got)
		}
		send.Close(ctx)
		recv.Close(ctx)
	})
}

func TestMemorySelectIsToldOfClosingAndCanceling(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		first, in := stream.Memory[int](0)
		second, recv := stream.Memory[int](0)
		group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
			tg.Go(func(ctx context.Context) error {
				selects(t, ctx, 0, anyio.ErrClosed, anyio.OnReceive(recv, nil), anyio.OnSend(first, 1))
				return nil
			})
			idle(t, ctx)
			recv.Close(ctx)
			idle(t, ctx)
			tg.Go(func(ctx context.Context) error {
				selects(t, ctx, 1, anyio.ErrBroken, anyio.OnReceive(in, nil), anyio.OnSend(second, 1))
				return nil
			})
			h := tg.Go(func(ctx context.Context) error {
				_, err := anyio.Select(ctx, anyio.OnReceive(in, nil))
				return err
			})
			idle(t, ctx)
			h.Cancel("")
			testkit.WantErr(t, h.Await(ctx), anyio.ErrTaskCanceled)
		})
		if s := first.Statistics(); s.TasksWaitingSend != 0 || s.TasksWaitingReceive != 0 {
			t.Errorf("%+v", s)
		}
		for _, c := range []anyio.Resource{first, in, second} {
			c.Close(ctx)
		}
	})
}

// Two tasks of one goroutine never meet while a Select enters its queues; two
// goroutines do, and then it looks again.
func TestMemorySelectsMeetOnTheWayIn(t *testing.T) {
	const rounds = 20_000
	ctx := context.Background()
	sendA, recvA := stream.Memory[int](0)
	sendB, recvB := stream.Memory[int](0)
	var sent, received int
	group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
		tg.Go(func(ctx context.Context) error {
			for i := range rounds {
				if _, err := anyio.Select(ctx, anyio.OnSend(sendA, i), anyio.OnSend(sendB, i)); err != nil {
					return err
				}
				sent += i
			}
			return nil
		})
		tg.Go(func(ctx context.Context) error {
			for range rounds {
				v := 0
				if _, err := anyio.Select(ctx, anyio.OnReceive(recvB, &v), anyio.OnReceive(recvA, &v)); err != nil {
					return err
				}
				received += v
			}
			return nil
		})
	})
	if sent != received {
		t.Errorf("sent a sum of %d, received %d", sent, received)
	}
}
