package stream_test

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/internal/testkit"
	"github.com/anyio-go/anyio/stream"
)

var (
	_ stream.ObjectSendStream[int]    = (*stream.MemorySendStream[int])(nil)
	_ stream.ObjectReceiveStream[int] = (*stream.MemoryReceiveStream[int])(nil)
)

// next receives one item that must be there in time.
func next[T comparable](t *testing.T, ctx context.Context, r *stream.MemoryReceiveStream[T], want T) {
	t.Helper()
	if got, err := r.Receive(ctx); err != nil || got != want {
		t.Errorf("Receive: %v, %v, want %v", got, err, want)
	}
}

func TestMemoryRefusesNegativeBuffer(t *testing.T) {
	defer func() {
		var m *anyio.MisuseError
		if err, _ := recover().(error); !errors.As(err, &m) {
			t.Errorf("panic value %v, want a *MisuseError", err)
		}
	}()
	stream.Memory[int](-1)
}

func TestMemoryReceiveThenSend(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		for _, try := range []bool{false, true} {
			send, recv := stream.Memory[string](0)
			group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
				tg.Go(func(ctx context.Context) error {
					next(t, ctx, recv, "hello")
					next(t, ctx, recv, "anyio")
					return nil
				})
				for _, s := range []string{"hello", "anyio"} {
					idle(t, ctx)
					if try {
						testkit.WantErr(t, send.TrySend(s), nil)
					} else {
						testkit.WantErr(t, send.Send(ctx, s), nil)
					}
				}
			})
			send.Close(ctx)
			recv.Close(ctx)
		}
	})
}

func TestMemoryTrySendNeedsReceiverOrBuffer(t *testing.T) {
	send, recv := stream.Memory[int](0)
	testkit.WantErr(t, send.TrySend(1), anyio.ErrWouldBlock)
	_, err := recv.TryReceive()
	testkit.WantErr(t, err, anyio.ErrWouldBlock)

	send, recv = stream.Memory[int](1)
	testkit.WantErr(t, send.TrySend(1), nil)
	testkit.WantErr(t, send.TrySend(2), anyio.ErrWouldBlock)
	if v, err := recv.TryReceive(); v != 1 || err != nil {
		t.Error(v, err)
	}
}

func TestMemoryTryReceiveReleasesBlockedSender(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		for _, buffer := range []int{0, 1, 3} {
			send, recv := stream.Memory[int](buffer)
			group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
				tg.Go(func(ctx context.Context) error {
					for i := range buffer + 1 {
						testkit.WantErr(t, send.Send(ctx, i), nil)
					}
					return nil
				})
				idle(t, ctx)
				testkit.WantErr(t, send.TrySend(99), anyio.ErrWouldBlock)
				for i := range buffer + 1 {
					if v, err := recv.TryReceive(); v != i || err != nil {
						t.Errorf("item %d: %v, %v", i, v, err)
					}
				}
				_, err := recv.TryReceive()
				testkit.WantErr(t, err, anyio.ErrWouldBlock)
			})
			send.Close(ctx)
			recv.Close(ctx)
		}
	})
}

func TestMemoryServesWaitersInOrder(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		send, recv := stream.Memory[int](2)
		defer send.Close(ctx)
		defer recv.Close(ctx)
		var order [4]int
		group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
			for i := range 6 {
				tg.Go(func(ctx context.Context) error { return send.Send(ctx, i) })
				idle(t, ctx)
			}
			for i := range 6 {
				next(t, ctx, recv, i)
			}
			for i := range order {
				tg.Go(func(ctx context.Context) (err error) {
					order[i], err = recv.Receive(ctx)
					return err
				})
				idle(t, ctx)
			}
			for i := range order {
				testkit.WantErr(t, send.Send(ctx, i), nil)
			}
		})
		if order != [4]int{0, 1, 2, 3} {
			t.Errorf("receivers got %v", order)
		}
	})
}

func TestMemoryUnboundedNeverWaits(t *testing.T) {
	send, recv := stream.Memory[int](stream.Unbounded)
	const n = 20_000
	for round := range 3 { // the buffer gives its memory back and grows again
		for i := range n {
			if err := send.TrySend(i + round); err != nil {
				t.Fatal(err)
			}
		}
		for i := range n {
			if v, err := recv.TryReceive(); v != i+round || err != nil {
				t.Fatal(i, v, err)
			}
		}
	}
	if s := send.Statistics(); s.MaxBufferSize != stream.Unbounded || s.CurrentBufferUsed != 0 {
		t.Errorf("%+v", s)
	}
}

func TestMemoryBufferWrapsAndGrowsInOrder(t *testing.T) {
	send, recv := stream.Memory[int](13)
	in, out := 0, 0
	for round := range 50 {
		for range round%13 + 1 {
			if send.TrySend(in) == nil {
				in++
			}
		}
		for range round % 7 {
			v, err := recv.TryReceive()
			if err != nil {
				break
			}
			if v != out {
				t.Fatalf("got %d, want %d", v, out)
			}
			out++
		}
	}
	if s := recv.Statistics(); s.CurrentBufferUsed != in-out || in-out > 13 || out < 50 {
		t.Errorf("%+v, sent %d, received %d", s, in, out)
	}
}

func TestMemoryIterationEndsWhenSendersAreClosed(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		send, recv := stream.Memory[string](0)
		defer recv.Close(ctx)
		var got []string
		group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
			tg.Go(func(ctx context.Context) error {
				for item, err := range recv.All(ctx) {
					testkit.WantErr(t, err, nil)
					got = append(got, item)
				}
				return nil
			})
			testkit.WantErr(t, send.Send(ctx, "hello"), nil)
			testkit.WantErr(t, send.Send(ctx, "anyio"), nil)
			send.Close(ctx)
		})
		if !slices.Equal(got, []string{"hello", "anyio"}) {
			t.Errorf("received %q", got)
		}
	})
}

func TestMemoryIterationYieldsOtherErrorsOnce(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		send, recv := stream.Memory[int](3)
		defer send.Close(ctx)
		for i := range 3 {
			testkit.WantErr(t, send.Send(ctx, i), nil)
		}
		for v, err := range recv.All(ctx) { // leaving the loop closes nothing
			if v != 0 || err != nil {
				t.Error(v, err)
			}
			break
		}
		var errs []error
		for v, err := range recv.All(ctx) {
			if err != nil {
				errs = append(errs, err)
			} else if v == 2 {
				recv.Close(ctx)
			}
		}
		if len(errs) != 1 || !errors.Is(errs[0], anyio.ErrClosed) {
			t.Errorf("errors %v, want ErrClosed once", errs)
		}
	})
}

func TestMemoryStatistics(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		send, recv := stream.Memory[int](1)
		check := func(want stream.MemoryStatistics) {
			t.Helper()
			want.MaxBufferSize = 1
			for _, got := range []stream.MemoryStatistics{send.Statistics(), recv.Statistics()} {
				if got != want {
					t.Errorf("statistics %+v, want %+v", got, want)
				}
			}
		}
		check(stream.MemoryStatistics{OpenSendStreams: 1, OpenReceiveStreams: 1})
		send2, recv2 := send.Clone(), recv.Clone()
		recv3 := recv.Clone()
		check(stream.MemoryStatistics{OpenSendStreams: 2, OpenReceiveStreams: 3})
		recv3.Close(ctx)
		group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
			a := tg.Go(func(ctx context.Context) error { _, err := recv.Receive(ctx); return err })
			idle(t, ctx)
			check(stream.MemoryStatistics{OpenSendStreams: 2, OpenReceiveStreams: 2, TasksWaitingReceive: 1})
			tg.Go(func(ctx context.Context) error { _, err := recv2.Receive(ctx); return err })
			idle(t, ctx)
			check(stream.MemoryStatistics{OpenSendStreams: 2, OpenReceiveStreams: 2, TasksWaitingReceive: 2})
			a.Cancel("")
			idle(t, ctx)
			check(stream.MemoryStatistics{OpenSendStreams: 2, OpenReceiveStreams: 2, TasksWaitingReceive: 1})
			testkit.WantErr(t, send.Send(ctx, 1), nil)
			testkit.WantErr(t, send.Send(ctx, 2), nil)
			check(stream.MemoryStatistics{OpenSendStreams: 2, OpenReceiveStreams: 2, CurrentBufferUsed: 1, PeakBufferUsed: 1})
			for range 2 {
				tg.Go(func(ctx context.Context) error { return send2.Send(ctx, 3) })
			}
			idle(t, ctx)
			check(stream.MemoryStatistics{OpenSendStreams: 2, OpenReceiveStreams: 2, CurrentBufferUsed: 1, PeakBufferUsed: 1, TasksWaitingSend: 2})
			for _, v := range []int{2, 3, 3} {
				next(t, ctx, recv, v)
			}
		})
		send2.Close(ctx)
		recv2.Close(ctx)
		check(stream.MemoryStatistics{OpenSendStreams: 1, OpenReceiveStreams: 1, PeakBufferUsed: 1})
		send.Close(ctx)
		recv.Close(ctx)
		check(stream.MemoryStatistics{PeakBufferUsed: 1})
	})
}

func TestPeakIsTheMostThatWasInTheBuffer(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		send, recv := stream.Memory[int](5)
		defer send.Close(ctx)
		defer recv.Close(ctx)
		for _, step := range []struct{ sent, received, peak int }{{2, 2, 2}, {1, 1, 2}, {4, 1, 4}, {2, 5, 5}} {
			for range step.sent {
				testkit.WantErr(t, send.Send(ctx, 1), nil)
			}
			for range step.received {
				next(t, ctx, recv, 1)
			}
			if got := recv.Statistics().PeakBufferUsed; got != step.peak {
				t.Errorf("after %+v the peak is %d", step, got)
			}
		}
	})
}
