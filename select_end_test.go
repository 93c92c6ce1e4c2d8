package anyio_test

import (
	"context"
	"testing"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/stream"
)

func TestSelectReportsClosedStreams(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		for what, want := range []error{anyio.ErrEndOfStream, anyio.ErrClosed, anyio.ErrBroken, anyio.ErrClosed} {
			for _, before := range []bool{true, false} {
				sendA, recvA := stream.Memory[int](0)
				sendB, recvB := stream.Memory[int](0)
				ends := []anyio.Resource{sendA, recvA, recvB, sendB}
				err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
					if before {
						ends[what].Close(ctx)
					} else {
						tg.Go(func(ctx context.Context) error {
							err := anyio.WaitAllTasksBlocked(ctx)
							ends[what].Close(ctx)
							return err
						})
					}
					i, err := anyio.Select(ctx, anyio.OnReceive(recvA, nil), anyio.OnSend(sendB, 1))
					selects(t, i, err, what/2, want)
					return nil
				})
				if err != nil {
					t.Error(err)
				}
				for _, e := range ends {
					e.Close(ctx)
				}
			}
		}
	})
}

func TestSelectCanceledHasNoEffect(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		full, out := stream.Memory[int](1)
		empty, in := stream.Memory[int](1)
		if err := full.Send(ctx, 1); err != nil {
			t.Error(err)
		}
		err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			waits := tg.Go(func(ctx context.Context) error {
				i, err := anyio.Select(ctx, anyio.OnSend(full, 2), anyio.OnReceive(in, nil), anyio.OnTimer(time.Hour))
				selects(t, i, err, -1, anyio.ErrCanceled)
				return err
			})
			forever := tg.Go(func(ctx context.Context) error {
				i, err := anyio.Select(ctx)
				selects(t, i, err, -1, anyio.ErrCanceled)
				return err
			})
			if err := anyio.WaitAllTasksBlocked(ctx); err != nil {
				return err
			}
			if s := full.Statistics(); s.TasksWaitingSend != 1 {
				t.Errorf("%+v", s)
			}
			waits.Cancel("")
			forever.Cancel("")
			_, err := anyio.MoveOnAfter(ctx, 0, func(ctx context.Context) error { // in a canceled scope
				i, err := anyio.Select(ctx, anyio.OnReceive(out, nil), anyio.OnSend(empty, 3))
				selects(t, i, err, -1, anyio.ErrCanceled)
				return err
			})
			return err
		})
		if err != nil {
			t.Error(err)
		}
		s, e := full.Statistics(), empty.Statistics()
		if s.CurrentBufferUsed != 1 || s.TasksWaitingSend != 0 || e.CurrentBufferUsed != 0 || e.TasksWaitingReceive != 0 {
			t.Errorf("%+v, %+v", s, e)
		}
		if v, err := out.Receive(ctx); v != 1 || err != nil {
			t.Error(v, err)
		}
		for _, c := range []anyio.Resource{full, out, empty, in} {
			c.Close(ctx)
		}
	})
}
