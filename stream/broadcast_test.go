package stream_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/internal/testkit"
	"github.com/anyio-go/anyio/stream"
)

var (
	_ stream.ObjectSendStream[int]    = (*stream.BroadcastSendStream[int])(nil)
	_ stream.ObjectReceiveStream[int] = (*stream.BroadcastReceiveStream[int])(nil)
)

func TestBroadcastRefusesWhatCannotBe(t *testing.T) {
	for _, cfg := range []stream.BroadcastConfig{{Buffer: -1}, {Slow: stream.FailSlow + 1}} {
		func() {
			defer func() {
				if _, ok := recover().(*anyio.MisuseError); !ok {
					t.Errorf("%+v is accepted", cfg)
				}
			}()
			stream.Broadcast[int](cfg)
		}()
	}
}

func TestBroadcastGivesEveryReceiverEveryItemInOneOrder(t *testing.T) {
	const senders, receivers, items = 3, 4, 50
	for _, buffer := range []int{0, 1, 7} {
		anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
			send := stream.Broadcast[int](stream.BroadcastConfig{Buffer: buffer})
			var got [receivers][]int
			group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
				for i := range receivers {
					r := send.Subscribe()
					tg.Go(func(ctx context.Context) error {
						defer r.Close(ctx)
						for item, err := range r.All(ctx) {
							if err != nil {
								return err
							}
							got[i] = append(got[i], item)
						}
						return nil
					})
				}
				err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
					for s := range senders {
						tg.Go(func(ctx context.Context) error {
							for i := range items {
								if err := send.Send(ctx, s*items+i); err != nil {
									return err
								}
							}
							return nil
						})
					}
					return nil
				})
				testkit.WantErr(t, err, nil)
				testkit.WantErr(t, send.Close(ctx), nil)
			})
			for i := range receivers {
				if !slices.Equal(got[i], got[0]) {
					t.Errorf("receivers 0 and %d: %v and %v", i, got[0], got[i])
				}
			}
			sorted := slices.Sorted(slices.Values(got[0]))
			if len(sorted) != senders*items || sorted[0] != 0 || len(slices.Compact(sorted)) != senders*items {
				t.Errorf("got %d items of %d: %v", len(sorted), senders*items, sorted)
			}
		})
	}
}

func TestBroadcastWaitsForTheSlowest(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		send := stream.Broadcast[int](stream.BroadcastConfig{Buffer: 2})
		fast, slow := send.Subscribe(), send.Subscribe()
		group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
			for i := range 2 {
				testkit.WantErr(t, send.Send(ctx, i), nil)
				if v, err := fast.Receive(ctx); v != i || err != nil {
					t.Errorf("fast: %d, %v", v, err)
				}
			}
			testkit.WantErr(t, send.TrySend(2), anyio.ErrWouldBlock)
			var mu sync.Mutex
			var order []int
			wentOn := func(want ...int) {
				t.Helper()
				idle(t, ctx)
				mu.Lock()
				defer mu.Unlock()
				if !slices.Equal(order, want) {
					t.Errorf("senders that went on: %v, want %v", order, want)
				}
			}
			for i := 2; i < 4; i++ {
				tg.Go(func(ctx context.Context) error {
					err := send.Send(ctx, i)
					mu.Lock()
					defer mu.Unlock()
					order = append(order, i)
					return err
				})
				wentOn()
			}
			if st := send.Statistics(); st != (stream.BroadcastStatistics{Receivers: 2, MaxBufferUsed: 2, TasksWaitingSend: 2}) {
				t.Errorf("statistics: %+v", st)
			}
			// All or nothing: the fast one does not get what the slow one has no room for.
			_, err := fast.TryReceive()
			testkit.WantErr(t, err, anyio.ErrWouldBlock)
			if v, err := slow.TryReceive(); v != 0 || err != nil {
				t.Errorf("slow: %d, %v", v, err)
			}
			wentOn(2)
			testkit.WantErr(t, slow.Close(ctx), nil) // nobody waits for it any more
			wentOn(2, 3)
			for want := 2; want < 4; want++ {
				if v, err := fast.Receive(ctx); v != want || err != nil {
					t.Errorf("fast: %d, %v, want %d", v, err, want)
				}
			}
		})
		_, _ = send.Close(ctx), fast.Close(ctx)
	})
}

func TestBroadcastDropsTheOldestForTheSlow(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		send := stream.Broadcast[int](stream.BroadcastConfig{Buffer: 2, Slow: stream.DropOldest})
		fast, slow := send.Subscribe(), send.Subscribe()
		for i := range 5 {
			testkit.WantErr(t, send.Send(ctx, i), nil)
			if v, err := fast.Receive(ctx); v != i || err != nil {
				t.Errorf("fast: %d, %v", v, err)
			}
		}
		testkit.WantErr(t, send.Close(ctx), nil)
		var got []int
		for v, err := range slow.All(ctx) {
			testkit.WantErr(t, err, nil)
			got = append(got, v)
		}
		if !slices.Equal(got, []int{3, 4}) || slow.Dropped() != 3 || fast.Dropped() != 0 {
			t.Errorf("slow: %v, dropped %d; fast dropped %d", got, slow.Dropped(), fast.Dropped())
		}
		_, _ = fast.Close(ctx), slow.Close(ctx)
	})
}

func TestBroadcastFailsTheSlow(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		send := stream.Broadcast[int](stream.BroadcastConfig{Buffer: 1, Slow: stream.FailSlow})
		slow, other := send.Subscribe(), send.Subscribe()
		for i := range 3 {
			testkit.WantErr(t, send.Send(ctx, i), nil)
			if v, err := other.Receive(ctx); v != i || err != nil {
				t.Errorf("other: %d, %v", v, err)
			}
		}
		if v, err := slow.Receive(ctx); v != 0 || err != nil {
			t.Errorf("slow: %d, %v, want what it had", v, err)
		}
		for range 2 {
			_, err := slow.Receive(ctx)
			testkit.WantErr(t, err, stream.ErrLagged)
			testkit.WantErr(t, err, anyio.ErrBroken)
		}
		if n := send.Statistics().Receivers; n != 1 {
			t.Errorf("%d receivers", n)
		}
		_, _, _ = send.Close(ctx), slow.Close(ctx), other.Close(ctx)
	})
}

func TestBroadcastEnds(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		send := stream.Broadcast[int](stream.BroadcastConfig{})
		testkit.WantErr(t, send.Send(ctx, 0), nil) // to nobody
		r, gone := send.Subscribe(), send.Subscribe()
		waiting := func(ctx context.Context, r *stream.BroadcastReceiveStream[int], want error) func(context.Context) error {
			return func(ctx context.Context) error {
				_, err := r.Receive(ctx)
				testkit.WantErr(t, err, want)
				return nil
			}
		}
		group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
			tg.Go(waiting(ctx, r, anyio.ErrEndOfStream))
			tg.Go(waiting(ctx, gone, anyio.ErrClosed))
			idle(t, ctx)
			testkit.WantErr(t, gone.Close(ctx), nil)
			testkit.WantErr(t, gone.Close(ctx), nil)
			testkit.WantErr(t, send.Close(ctx), nil)
			testkit.WantErr(t, send.Close(ctx), nil)
		})
		testkit.WantErr(t, send.Send(ctx, 1), anyio.ErrClosed)
		testkit.WantErr(t, send.TrySend(1), anyio.ErrClosed)
		_, err := gone.TryReceive()
		testkit.WantErr(t, err, anyio.ErrClosed)
		late := send.Subscribe()
		_, err = late.TryReceive()
		testkit.WantErr(t, err, anyio.ErrEndOfStream)
		_, _ = r.Close(ctx), late.Close(ctx)

		// A sender that waits learns of the end; its item was not sent.
		send = stream.Broadcast[int](stream.BroadcastConfig{})
		r = send.Subscribe()
		group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
			testkit.WantErr(t, send.Send(ctx, 1), nil)
			tg.Go(func(ctx context.Context) error {
				testkit.WantErr(t, send.Send(ctx, 2), anyio.ErrClosed)
				return nil
			})
			idle(t, ctx)
			testkit.WantErr(t, send.Close(ctx), nil)
		})
		if v, err := r.Receive(ctx); v != 1 || err != nil {
			t.Error(v, err)
		}
		_, err = r.Receive(ctx)
		testkit.WantErr(t, err, anyio.ErrEndOfStream)
		testkit.WantErr(t, r.Close(ctx), nil)
	})
}

func TestBroadcastCanceledCallsHaveNoEffect(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		send := stream.Broadcast[int](stream.BroadcastConfig{})
		r := send.Subscribe()
		canceled(t, ctx, func(ctx context.Context) error { return send.Send(ctx, 1) })
		canceled(t, ctx, func(ctx context.Context) error { _, err := r.Receive(ctx); return err })
		group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
			h := tg.Go(func(ctx context.Context) error { _, err := r.Receive(ctx); return err })
			idle(t, ctx)
			h.Cancel("not you")
			idle(t, ctx)
			testkit.WantErr(t, send.Send(ctx, 2), nil)
			h = tg.Go(func(ctx context.Context) error { return send.Send(ctx, 3) })
			idle(t, ctx)
			h.Cancel("nor you")
			idle(t, ctx)
		})
		if v, err := r.Receive(ctx); v != 2 || err != nil {
			t.Errorf("%d, %v, want 2", v, err)
		}
		_, err := r.TryReceive()
		testkit.WantErr(t, err, anyio.ErrWouldBlock)
		_, _ = send.Close(ctx), r.Close(ctx)
	})
}

// TestBroadcastUnderFire lets tasks send, receive by turns and by Select, subscribe,
// leave and be canceled at once; those who stay get all items, and nothing hangs.
func TestBroadcastUnderFire(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		const items = 200
		send := stream.Broadcast[int](stream.BroadcastConfig{Buffer: 3})
		var stayed [2][]int
		group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
			for i := range stayed {
				r := send.Subscribe()
				tg.Go(func(ctx context.Context) error {
					defer r.Close(ctx)
					for {
						var v int
						var err error
						if i == 0 {
							v, err = r.Receive(ctx)
						} else {
							_, err = anyio.Select(ctx, anyio.OnReceive(r, &v))
						}
						if errors.Is(err, anyio.ErrEndOfStream) {
							return nil
						} else if err != nil {
							return err
						}
						stayed[i] = append(stayed[i], v)
					}
				})
			}
			visits := func(ctx context.Context) error {
				for n := range 30 {
					r := send.Subscribe()
					for range n % 4 {
						if _, err := r.Receive(ctx); errors.Is(err, anyio.ErrEndOfStream) {
							break
						} else if err != nil {
							return err
						}
					}
					_ = r.Close(ctx)
				}
				return nil
			}
			tg.Go(visits)
			tg.Go(visits)
			for i := 0; i < items; {
				sent := false
				_ = anyio.WithCancelScope(ctx, func(ctx context.Context, s *anyio.CancelScope) error {
					tg.Go(func(context.Context) error { s.Cancel("a race"); return nil })
					err := send.Send(ctx, i)
					sent = err == nil
					return err
				})
				if sent {
					i++
				}
			}
			testkit.WantErr(t, send.Close(ctx), nil)
		})
		for _, got := range stayed {
			for i, v := range got {
				if v != i {
					t.Fatalf("item %d is %d", i, v)
				}
			}
			if len(got) != items {
				t.Errorf("got %d of %d items", len(got), items)
			}
		}
	})
}
