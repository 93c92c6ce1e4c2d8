package anyio_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/internal/race"
	"github.com/anyio-go/anyio/internal/testkit"
	"github.com/anyio-go/anyio/sim"
	"github.com/anyio-go/anyio/stream"
)

// selects checks the result of a Select.
func selects(t *testing.T, index int, err error, wantIndex int, wantErr error) {
	t.Helper()
	if index != wantIndex || !errors.Is(err, wantErr) {
		t.Errorf("Select: %d, %v, want %d, %v", index, err, wantIndex, wantErr)
	}
}

func TestTrySelectTakesWhatIsReady(t *testing.T) {
	send, recv := stream.Memory[int](1)
	var ev anyio.Event
	var v int
	if i, ok, err := anyio.TrySelect(anyio.OnReceive(recv, &v), anyio.OnEvent(&ev), anyio.OnTimer(time.Hour)); i != -1 || ok || err != nil {
		t.Error(i, ok, err)
	}
	if i, ok, err := anyio.TrySelect(anyio.OnReceive(recv, &v), anyio.OnSend(send, 7)); i != 1 || !ok || err != nil {
		t.Error(i, ok, err)
	}
	if i, ok, err := anyio.TrySelect(anyio.OnReceive(recv, &v), anyio.OnSend(send, 8)); i != 0 || !ok || err != nil || v != 7 {
		t.Error(i, ok, err, v)
	}
	if i, ok, err := anyio.TrySelect(anyio.OnDeadline(time.Time{}), anyio.OnTimer(0)); i != 1 || !ok || err != nil {
		t.Error(i, ok, err)
	}
	if i, ok, err := anyio.TrySelect(); i != -1 || ok || err != nil {
		t.Error(i, ok, err)
	}
	send.Close(context.Background())
	v = 5
	if i, ok, err := anyio.TrySelect(anyio.Case{}, anyio.OnReceive(recv, &v)); i != 1 || !ok || err != anyio.ErrEndOfStream || v != 5 {
		t.Error(i, ok, err, v)
	}
}

func TestSelectIsFairAmongReadyCases(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		send, recv := stream.Memory[int](1)
		defer send.Close(ctx)
		defer recv.Close(ctx)
		if err := send.Send(ctx, 1); err != nil {
			t.Fatal(err)
		}
		open, empty := stream.Memory[int](0)
		defer open.Close(ctx)
		defer empty.Close(ctx)
		var ev anyio.Event
		ev.Set()
		var wins [5]int
		const rounds = 400
		for range rounds {
			i, err := anyio.Select(ctx, anyio.OnEvent(&ev), anyio.OnReceive(empty, nil), anyio.OnTimer(0), anyio.OnReceive(recv, nil), anyio.OnEvent(&ev))
			if err != nil {
				t.Fatal(err)
			}
			if wins[i]++; i == 3 {
				if err := send.Send(ctx, 1); err != nil {
					t.Fatal(err)
				}
			}
		}
		for i, n := range wins {
			if i == 1 && n != 0 || i != 1 && n < rounds/10 {
				t.Errorf("case %d won %d of %d times: %v", i, n, rounds, wins)
			}
		}
	})
}

func TestSelectChoiceFollowsTheSeed(t *testing.T) {
	choices := func(seed uint64) (got [40]int) {
		err := anyio.Run(context.Background(), func(ctx context.Context) (err error) {
			for i := range got {
				if got[i], err = anyio.Select(ctx, anyio.OnTimer(0), anyio.OnTimer(0), anyio.OnTimer(0)); err != nil {
					return err
				}
			}
			return nil
		}, anyio.On(sim.New(sim.Config{Seed: seed})))
		if err != nil {
			t.Error(err)
		}
		return got
	}
	first, again := choices(1), choices(1)
	if first != again {
		t.Error("one seed chose differently")
	}
	if first == choices(2) {
		t.Error("two seeds chose alike")
	}
}

func TestSelectWaitsForEachKindOfCase(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		sendA, recvA := stream.Memory[int](0)
		sendB, recvB := stream.Memory[int](0)
		var v, sent int
		var ev anyio.Event
		var fut anyio.Future[string]
		onFuture := anyio.OnFuture(&fut)
		for want, fire := range []func(ctx context.Context, tg *anyio.TaskGroup, h *anyio.TaskHandle) error{
			func(ctx context.Context, _ *anyio.TaskGroup, _ *anyio.TaskHandle) error { return sendA.Send(ctx, 42) },
			func(ctx context.Context, _ *anyio.TaskGroup, _ *anyio.TaskHandle) (err error) {
				sent, err = recvB.Receive(ctx)
				return err
			},
			func(_ context.Context, _ *anyio.TaskGroup, h *anyio.TaskHandle) error { h.Cancel(""); return nil },
			func(context.Context, *anyio.TaskGroup, *anyio.TaskHandle) error { return fut.Set("x") },
			func(context.Context, *anyio.TaskGroup, *anyio.TaskHandle) error { ev.Set(); return nil },
		} {
			err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
				h := tg.Go(anyio.SleepForever)
				tg.Go(func(ctx context.Context) error {
					if err := anyio.WaitAllTasksBlocked(ctx); err != nil {
						return err
					}
					return fire(ctx, tg, h)
				})
				i, err := anyio.Select(ctx, anyio.OnReceive(recvA, &v), anyio.OnSend(sendB, 43), anyio.OnTask(h),
					onFuture, anyio.OnEvent(&ev), anyio.OnTimer(time.Hour), anyio.OnDeadline(time.Time{}), anyio.Case{})
				selects(t, i, err, want, nil)
				h.Cancel("")
				return err
			})
			if err != nil {
				t.Error(err)
			}
			if want == 3 {
				onFuture = anyio.Case{}
			}
		}
		if v != 42 || sent != 43 {
			t.Errorf("received %d, sent %d, want 42, 43", v, sent)
		}
		if s := sendA.Statistics(); s.TasksWaitingReceive != 0 {
			t.Errorf("left in a queue: %+v", s)
		}
		i, err := anyio.Select(ctx, anyio.OnTimer(time.Hour), anyio.OnTimer(time.Microsecond))
		selects(t, i, err, 1, nil)
		i, err = anyio.Select(ctx, anyio.OnTimer(time.Hour), anyio.OnDeadline(anyio.Now(ctx).Add(time.Microsecond)))
		selects(t, i, err, 1, nil)
		for _, c := range []anyio.Resource{sendA, recvA, sendB, recvB} {
			c.Close(ctx)
		}
	})
}

func TestSelectTimerCountsAnewWhenUsedAgain(t *testing.T) {
	err := anyio.Run(context.Background(), func(ctx context.Context) error {
		begin := anyio.Now(ctx)
		c := anyio.OnTimer(time.Minute)
		for range 3 {
			i, err := anyio.Select(ctx, anyio.Case{}, c)
			selects(t, i, err, 1, nil)
		}
		if d := anyio.Now(ctx).Sub(begin); d != 3*time.Minute {
			t.Errorf("three timers of a minute took %v", d)
		}
		return nil
	}, anyio.On(sim.New(sim.Config{})))
	if err != nil {
		t.Error(err)
	}
}

func TestSelectsFaceEachOther(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		sendA, recvA := stream.Memory[int](0)
		sendB, recvB := stream.Memory[int](0)
		const rounds = 300
		left, right := 0, 0
		err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			side := func(send *stream.MemorySendStream[int], recv *stream.MemoryReceiveStream[int], balance *int) {
				tg.Go(func(ctx context.Context) error {
					for range rounds {
						v := 0
						i, err := anyio.Select(ctx, anyio.OnSend(send, 1), anyio.OnReceive(recv, &v))
						if err != nil {
							return err
						}
						*balance += v - (1 - i)
					}
					return nil
				})
			}
			side(sendA, recvB, &left)
			side(sendB, recvA, &right)
			return nil
		})
		if err != nil || left+right != 0 {
			t.Errorf("balance %d and %d, %v", left, right, err)
		}
		for _, c := range []anyio.Resource{sendA, recvA, sendB, recvB} {
			c.Close(ctx)
		}
	})
}

func TestSelectIsNoPartnerOfItself(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		send, recv := stream.Memory[int](0)
		err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			both := func(name int) func(ctx context.Context) error {
				return func(ctx context.Context) error {
					v := -1
					i, err := anyio.Select(ctx, anyio.OnSend(send, name), anyio.OnReceive(recv, &v))
					if i == 1 && v != 1-name || i == 0 && v != -1 {
						t.Errorf("task %d: case %d, received %d", name, i, v)
					}
					return err
				}
			}
			tg.Go(both(0))
			if err := anyio.WaitAllTasksBlocked(ctx); err != nil {
				return err
			}
			if s := send.Statistics(); s.TasksWaitingSend != 1 || s.TasksWaitingReceive != 1 {
				t.Errorf("%+v", s)
			}
			tg.Go(both(1))
			return nil
		})
		if err != nil {
			t.Error(err)
		}
		send.Close(ctx)
		recv.Close(ctx)
	})
}

func TestSelectRefusesTheSameCaseTwice(t *testing.T) {
	for _, n := range []int{2, 8, 12, 13, 64, 128, 129, 1000} {
		var e anyio.Event
		e.Set()
		cases := make([]anyio.Case, n)
		for i := range cases {
			cases[i] = anyio.OnEvent(&e)
		}
		if _, ok, err := anyio.TrySelect(cases...); !ok || err != nil {
			t.Errorf("%d different cases: %v, %v", n, ok, err)
		}
		for _, pair := range [][2]int{{0, n - 1}, {n / 2, 0}, {n - 1, n - 2}} {
			twice := slices.Clone(cases)
			twice[pair[0]] = twice[pair[1]]
			err := testkit.Recovered(func() { _, _ = anyio.Select(context.Background(), twice...) })
			testkit.WantMisuse(t, fmt.Sprintf("%d cases, %v the same", n, pair), err)
		}
		var none [200]anyio.Case // zero cases are not the same
		if _, ok, _ := anyio.TrySelect(none[:]...); ok {
			t.Error("a zero Case is ready")
		}
	}
}

func TestSelectOfManyCases(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		events := make([]anyio.Event, 40)
		cases := make([]anyio.Case, len(events))
		for i := range events {
			cases[i] = anyio.OnEvent(&events[i])
		}
		for _, k := range []int{17, 39} {
			err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
				tg.Go(func(ctx context.Context) error { events[k].Set(); return nil })
				i, err := anyio.Select(ctx, cases...)
				selects(t, i, err, k, nil)
				cases[k] = anyio.Case{}
				return nil
			})
			if err != nil {
				t.Error(err)
			}
		}
	})
}

func TestSelectWithReusedCasesDoesNotAllocate(t *testing.T) {
	for _, on := range []anyio.Backend{anyio.Parallel(), anyio.EventLoop()} {
		err := anyio.Run(context.Background(), func(ctx context.Context) error {
			return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
				send, recv := stream.Memory[int](0)
				var quit anyio.Event
				tg.Go(func(ctx context.Context) error {
					cases := []anyio.Case{anyio.OnSend(send, 1), anyio.OnEvent(&quit)}
					for {
						if i, err := anyio.Select(ctx, cases...); i != 0 || err != nil {
							return err
						}
					}
				})
				v := 0
				cases := []anyio.Case{anyio.OnReceive(recv, &v), anyio.OnTimer(time.Hour)}
				n := testing.AllocsPerRun(1000, func() {
					if i, err := anyio.Select(ctx, cases...); i != 0 || err != nil || v != 1 {
						t.Errorf("%d, %v, received %d", i, err, v)
					}
				})
				if n != 0 && !race.Enabled {
					t.Errorf("%s: %v allocations", on.Name(), n)
				}
				quit.Set()
				return nil
			})
		}, anyio.On(on))
		if err != nil {
			t.Error(err)
		}
	}
}
