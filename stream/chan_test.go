package stream_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/sim"
	"github.com/anyio-go/anyio/stream"
)

// onRealBackends is anyiotest.Run where channels can be waited for.
func onRealBackends(t *testing.T, f func(t *testing.T, ctx context.Context)) {
	anyiotest.Run(t, f, anyiotest.Skip("sim", "nothing outside a simulation decides when its tasks go on"))
}

func wants(t *testing.T, what string, err, want error) {
	t.Helper()
	if !errors.Is(err, want) || want == nil && err != nil {
		t.Errorf("%s: %v, want %v", what, err, want)
	}
}

func TestFromChanReceivesUntilTheChannelIsClosed(t *testing.T) {
	onRealBackends(t, func(t *testing.T, ctx context.Context) {
		ch := make(chan int)
		s := stream.FromChan(ch)
		go func() {
			for i := range 5 {
				ch <- i
			}
			close(ch)
		}()
		var got []int
		for n, err := range s.All(ctx) {
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, n)
		}
		if !slices.Equal(got, []int{0, 1, 2, 3, 4}) {
			t.Errorf("%v", got)
		}
		_, err := s.Receive(ctx)
		wants(t, "Receive", err, anyio.ErrEndOfStream)
		_, err = s.TryReceive()
		wants(t, "TryReceive", err, anyio.ErrEndOfStream)
		i, err := anyio.Select(ctx, anyio.OnReceive(s, nil), anyio.OnTimer(time.Hour))
		if i != 0 {
			t.Errorf("case %d", i)
		}
		wants(t, "Select", err, anyio.ErrEndOfStream)
	})
}

func TestFromChanClosed(t *testing.T) {
	onRealBackends(t, func(t *testing.T, ctx context.Context) {
		ch := make(chan int, 1)
		s := stream.FromChan(ch)
		err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			tg.Go(func(ctx context.Context) error {
				_, err := s.Receive(ctx)
				wants(t, "Receive that waits", err, anyio.ErrClosed)
				return nil
			})
			tg.Go(func(ctx context.Context) error {
				_, err := anyio.Select(ctx, anyio.OnReceive(s, nil), anyio.OnTimer(time.Hour))
				wants(t, "Select that waits", err, anyio.ErrClosed)
				return nil
			})
			err := anyio.WaitAllTasksBlocked(ctx)
			return errors.Join(err, s.Close(ctx), s.Close(ctx))
		})
		wants(t, "group", err, nil)
		ch <- 1 // is the caller's still
		_, err = s.Receive(ctx)
		wants(t, "Receive", err, anyio.ErrClosed)
		_, err = s.TryReceive()
		wants(t, "TryReceive", err, anyio.ErrClosed)
		if n := <-ch; n != 1 {
			t.Error(n)
		}
	})
}

func TestFromChanTryReceive(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		ch := make(chan int, 2)
		s := stream.FromChan(ch)
		_, err := s.TryReceive()
		wants(t, "of nothing", err, anyio.ErrWouldBlock)
		ch <- 1
		ch <- 2
		n, err := s.TryReceive()
		if n != 1 || err != nil {
			t.Error(n, err)
		}
		var v int
		if i, ok, err := anyio.TrySelect(anyio.OnReceive(s, &v)); i != 0 || !ok || err != nil || v != 2 {
			t.Error(i, ok, err, v)
		}
		if _, ok, err := anyio.TrySelect(anyio.OnReceive(s, &v)); ok || err != nil {
			t.Error(ok, err)
		}
	})
}

// Whatever is canceled, and whatever else a Select chooses, each item is received once,
// and by one receiver in order.
func TestFromChanLosesNothing(t *testing.T) {
	const items = 2000
	for _, receivers := range []int{1, 4} {
		onRealBackends(t, func(t *testing.T, ctx context.Context) {
			ch := make(chan int)
			s := stream.FromChan(ch)
			var mu sync.Mutex
			var got []int
			err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
				go func() {
					for i := range items {
						ch <- i
					}
					close(ch)
				}()
				for r := range receivers {
					tg.Go(func(ctx context.Context) error {
						rng := rand.New(rand.NewPCG(1, uint64(r)))
						for {
							n, received, err := receiveOrNot(ctx, s, rng)
							switch {
							case errors.Is(err, anyio.ErrEndOfStream):
								return nil
							case err != nil:
								return err
							case received:
								mu.Lock()
								got = append(got, n)
								mu.Unlock()
							}
						}
					})
				}
				return nil
			})
			wants(t, "group", err, nil)
			if receivers > 1 {
				slices.Sort(got)
			}
			for i := range items {
				if i >= len(got) || got[i] != i {
					t.Fatalf("%d receivers: %d items, wrong from %d", receivers, len(got), i)
				}
			}
		})
	}
}

// receiveOrNot receives in a way that something may interrupt.
func receiveOrNot(ctx context.Context, s *stream.ChanReceiveStream[int], rng *rand.Rand) (n int, received bool, err error) {
	d := time.Duration(rng.IntN(20)) * time.Microsecond
	switch rng.IntN(3) {
	case 0:
		n, err = s.TryReceive()
		if errors.Is(err, anyio.ErrWouldBlock) {
			return 0, false, anyio.Sleep(ctx, 0)
		}
		return n, err == nil, err
	case 1:
		i, err := anyio.Select(ctx, anyio.OnReceive(s, &n), anyio.OnTimer(d))
		return n, i == 0, err
	}
	_, err = anyio.MoveOnAfter(ctx, d, func(ctx context.Context) error {
		n, err = s.Receive(ctx)
		received = err == nil
		return err
	})
	return n, received, err
}

func TestToChanSends(t *testing.T) {
	onRealBackends(t, func(t *testing.T, ctx context.Context) {
		ch := make(chan int)
		s := stream.ToChan(ch)
		wants(t, "TrySend", s.TrySend(1), anyio.ErrWouldBlock)
		got := make(chan []int)
		go func() {
			var all []int
			for n := range ch {
				all = append(all, n)
			}
			got <- all
		}()
		for i := range 5 {
			wants(t, "Send", s.Send(ctx, i), nil)
		}
		close(ch)
		if all, err := stream.FromChan(got).Receive(ctx); !slices.Equal(all, []int{0, 1, 2, 3, 4}) || err != nil {
			t.Error(all, err)
		}
		wants(t, "Send to what is closed", s.Send(ctx, 5), anyio.ErrClosed)
		wants(t, "TrySend to what is closed", s.TrySend(5), anyio.ErrClosed)
	})
}

// A Send that was canceled or closed has sent nothing, and one that has sent says so.
func TestToChanSendsOnceOrNotAtAll(t *testing.T) {
	const items = 2000
	onRealBackends(t, func(t *testing.T, ctx context.Context) {
		ch := make(chan int)
		received := make(chan []int)
		go func() {
			var all []int
			for n := range ch {
				all = append(all, n)
			}
			received <- all
		}()
		var sent []int
		s := stream.ToChan(ch)
		rng := rand.New(rand.NewPCG(1, 2))
		for i := range items {
			done := false
			_, err := anyio.MoveOnAfter(ctx, time.Duration(rng.IntN(20))*time.Microsecond, func(ctx context.Context) error {
				err := s.Send(ctx, i)
				done = err == nil
				return err
			})
			wants(t, "Send", err, nil)
			if done {
				sent = append(sent, i)
			}
		}
		close(ch)
		if all := <-received; !slices.Equal(all, sent) {
			t.Errorf("%d sent, %d received", len(sent), len(all))
		}
	})
}

func TestToChanClosedWhileItWaits(t *testing.T) {
	onRealBackends(t, func(t *testing.T, ctx context.Context) {
		s := stream.ToChan(make(chan int))
		err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			tg.Go(func(ctx context.Context) error {
				wants(t, "Send", s.Send(ctx, 1), anyio.ErrClosed)
				return nil
			})
			return errors.Join(anyio.WaitAllTasksBlocked(ctx), s.Close(ctx), s.Close(ctx))
		})
		wants(t, "group", err, nil)
		wants(t, "Send afterwards", s.Send(ctx, 1), anyio.ErrClosed)
		wants(t, "TrySend afterwards", s.TrySend(1), anyio.ErrClosed)
	})
}

func TestChannelsCannotBeWaitedForInASimulation(t *testing.T) {
	err := anyio.Run(context.Background(), func(ctx context.Context) error {
		ch := make(chan int)
		from, to := stream.FromChan(ch), stream.ToChan(ch)
		_, receive := from.Receive(ctx)
		_, sel := anyio.Select(ctx, anyio.OnReceive(from, nil), anyio.OnTimer(time.Hour))
		for what, err := range map[string]error{"Receive": receive, "Send": to.Send(ctx, 1), "Select": sel} {
			if _, ok := errors.AsType[*anyio.MisuseError](err); !ok {
				t.Errorf("%s: %v", what, err)
			}
		}
		return nil
	}, anyio.On(sim.New(sim.Config{})))
	wants(t, "run", err, nil)
}

func ExampleFromChan() {
	ctx := context.Background()
	ticks := make(chan string, 1) // of a library that knows channels only
	ticks <- "tick"
	s := stream.FromChan(ticks)
	defer s.Close(ctx)
	var quit anyio.Event
	var tick string
	i, err := anyio.Select(ctx, anyio.OnReceive(s, &tick), anyio.OnEvent(&quit))
	fmt.Println(i, tick, err)
	// Output: 0 tick <nil>
}
