package lowlevel_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/internal/testkit"
	"github.com/anyio-go/anyio/lowlevel"
	"github.com/anyio-go/anyio/sim"
	"github.com/anyio-go/anyio/stream"
)

// A pool lends numbers, to those who wait in the order of their coming: the example of
// the guide.
type pool struct {
	mu     sync.Mutex
	lot    *lowlevel.ParkingLot
	free   []int
	given  []int // to those who were unparked and have not taken it yet
	closed bool
}

func newPool(free ...int) *pool {
	p := &pool{free: free}
	p.lot = lowlevel.NewParkingLot("pool.get", &p.mu)
	return p
}

func (p *pool) get(ctx context.Context) (v int, err error) {
	if err := lowlevel.Enter(ctx); err != nil {
		return 0, err
	}
	p.mu.Lock()
	if p.ready() {
		defer p.mu.Unlock()
		if p.closed {
			return 0, lowlevel.CanceledOr(ctx, anyio.ErrClosed)
		}
		return v, p.take(&v, false)
	}
	if err := p.lot.Park(ctx); err != nil {
		return 0, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return v, p.take(&v, true)
}

func (p *pool) onGet(v *int) anyio.Case {
	return p.lot.Case(p.ready, func(unparked bool) error { return p.take(v, unparked) })
}

func (p *pool) ready() bool { return len(p.free) > 0 || p.closed }

func (p *pool) take(v *int, unparked bool) error {
	from := &p.free
	if unparked {
		from = &p.given
	}
	if len(*from) == 0 {
		return anyio.ErrClosed
	}
	*v, *from = (*from)[0], (*from)[1:]
	return nil
}

func (p *pool) put(v int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.lot.Unpark(1) == 1 {
		p.given = append(p.given, v)
	} else {
		p.free = append(p.free, v)
	}
}

func (p *pool) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	p.lot.FailAll()
}

// wantPool wants that nobody waits and what is free.
func wantPool(t *testing.T, p *pool, free ...int) {
	t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	slices.Sort(p.free)
	if p.lot.Len() != 0 || len(p.given) != 0 || !slices.Equal(p.free, free) {
		t.Errorf("%d wait, given and not taken %v, free %v, want %v", p.lot.Len(), p.given, p.free, free)
	}
}

func TestParkingLotIsACaseOfSelect(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		a, b := newPool(), newPool(1, 2)
		v := 0
		if i, ok, err := anyio.TrySelect(a.onGet(&v)); ok || v != 0 {
			t.Errorf("TrySelect of what is not ready: %d %v, v %d", i, err, v)
		}
		if i, ok, err := anyio.TrySelect(a.onGet(&v), b.onGet(&v)); !ok || i != 1 || err != nil || v != 1 {
			t.Errorf("TrySelect: %d %v %v, v %d", i, ok, err, v)
		}
		if i, err := anyio.Select(ctx, a.onGet(&v), b.onGet(&v)); i != 1 || err != nil || v != 2 {
			t.Errorf("ready: %d %v, v %d", i, err, v)
		}
		err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			var got [2]int
			tg.Go(func(ctx context.Context) (err error) { got[0], err = a.get(ctx); return err })
			blocked(t, ctx)
			h := tg.Go(func(ctx context.Context) error {
				i, err := anyio.Select(ctx, b.onGet(&got[1]), a.onGet(&got[1]))
				if i != 1 {
					t.Errorf("case %d", i)
				}
				return err
			})
			blocked(t, ctx)
			a.put(10)
			blocked(t, ctx)
			a.put(11)
			h.Cancel("late") // it was chosen before
			testkit.WantNil(t, "Await", h.Await(ctx))
			if got != [2]int{10, 11} {
				t.Errorf("got %v", got)
			}
			return nil
		})
		testkit.WantNil(t, "group", err)
		wantPool(t, a)
		wantPool(t, b)
	})
}

func TestSelectThatDoesSomethingElseLeavesTheLot(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		p := newPool()
		v := 0
		var ev anyio.Event
		err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			h := tg.Go(func(ctx context.Context) error {
				i, err := anyio.Select(ctx, p.onGet(&v))
				if i != -1 {
					t.Errorf("case %d of a canceled Select", i)
				}
				return err
			})
			tg.Go(func(ctx context.Context) error {
				i, err := anyio.Select(ctx, p.onGet(&v), anyio.OnEvent(&ev))
				if i != 1 {
					t.Errorf("case %d", i)
				}
				return err
			})
			blocked(t, ctx)
			ev.Set()
			h.Cancel("test")
			p.put(7) // both are chosen already, and it stays
			return nil
		})
		testkit.WantNil(t, "group", err)
		wantPool(t, p, 7)
		if v != 0 {
			t.Errorf("v is %d", v)
		}
	})
}

func TestSelectOverLotsLosesNothing(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		pools := [2]*pool{newPool(1, 2), newPool(3)}
		err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			for k := range 12 {
				h := tg.Go(func(ctx context.Context) error {
					for range 20 {
						v := 0
						i, err := anyio.Select(ctx, pools[0].onGet(&v), pools[1].onGet(&v))
						if err != nil {
							return err
						}
						err = lowlevel.Checkpoint(ctx)
						pools[i].put(v)
						if err != nil {
							return err
						}
					}
					return nil
				})
				if k%3 == 0 {
					if err := lowlevel.Checkpoint(ctx); err != nil {
						return err
					}
					h.Cancel("test")
				}
			}
			return nil
		})
		testkit.WantNil(t, "group", err)
		wantPool(t, pools[0], 1, 2)
		wantPool(t, pools[1], 3)
	}, anyiotest.Seeds(1, 2, 3, 4, 5, 6, 7, 8), anyiotest.SimConfig(func(c *sim.Config) { c.Model = sim.Goroutines }))
}

func TestSelectOverLotsIsCanceledEverywhere(t *testing.T) {
	anyiotest.CancelEverywhere(t, func() anyiotest.Scenario {
		a, b := newPool(1), newPool()
		use := func(ctx context.Context) error {
			v := 0
			i, err := anyio.Select(ctx, a.onGet(&v), b.onGet(&v))
			if err != nil {
				return err
			}
			err = lowlevel.Checkpoint(ctx)
			[]*pool{a, b}[i].put(v)
			return err
		}
		return anyiotest.Scenario{
			Body: func(ctx context.Context) error {
				return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
					tg.Go(use)
					tg.Go(use)
					return use(ctx)
				})
			},
			Check: func(_ context.Context, err error) error {
				wantPool(t, a, 1)
				wantPool(t, b)
				return err
			},
		}
	})
}

// A function of a case that panics leaves no other case behind in its queue, and takes
// away nothing that somebody has given meanwhile.
func TestPanicOfACaseLeavesTheQueuesOfTheOthers(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		send, recv := stream.Memory[int](1)
		defer send.Close(ctx)
		defer recv.Close(ctx)
		var lot lowlevel.ParkingLot
		calls := 0
		bad := lot.Case(func() bool {
			if calls++; calls == 2 {
				panic("bad")
			}
			return false
		}, nil)
		pool := newPool()
		v := 0
		for range 3 { // a waiter that is left behind would be used again
			calls = 0
			value := testkit.Recovered(func() {
				_, _ = anyio.Select(ctx, anyio.OnReceive(recv, &v), pool.onGet(&v), bad)
			})
			if value != "bad" {
				t.Errorf("it panics with %v", value)
			}
			if s := recv.Statistics(); s.TasksWaitingReceive != 0 {
				t.Errorf("%+v", s)
			}
			wantPool(t, pool)
			calls = 3
			testkit.WantNil(t, "Send", send.Send(ctx, 5))
			if i, err := anyio.Select(ctx, bad, anyio.OnReceive(recv, &v)); i != 1 || err != nil || v != 5 {
				t.Errorf("afterwards: %d %v, v %d", i, err, v)
			}
		}
		if lot.Len() != 0 {
			t.Errorf("%d in the lot", lot.Len())
		}
	})
}

// Somebody chooses the Select while a function of another case is called, which panics.
func TestPanicOfACaseInASelectThatIsChosen(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		p := newPool()
		var lot lowlevel.ParkingLot
		calls, v := 0, 0
		bad := lot.Case(func() bool {
			if calls++; calls == 2 {
				p.put(1) // which chooses the Select
				panic("bad")
			}
			return false
		}, nil)
		if value := testkit.Recovered(func() { _, _ = anyio.Select(ctx, p.onGet(&v), bad) }); value != "bad" {
			t.Errorf("it panics with %v", value)
		}
		// Nothing is left over that would end a later wait.
		if i, err := anyio.Select(ctx, p.onGet(&v), anyio.OnTimer(time.Millisecond)); i != 1 || err != nil {
			t.Errorf("afterwards: %d %v", i, err)
		}
		if p.lot.Len() != 0 {
			t.Errorf("%d wait", p.lot.Len())
		}
	})
}

func TestClosingIsNoFailureOfWhoIsCanceled(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		p, v := newPool(), 0
		err := anyio.WithCancelScope(ctx, func(ctx context.Context, scope *anyio.CancelScope) error {
			return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
				tg.Go(func(ctx context.Context) error {
					defer p.close() // which the cancellation makes it do
					return anyio.SleepForever(ctx)
				})
				tg.Go(func(ctx context.Context) error { _, err := p.get(ctx); return err })
				tg.Go(func(ctx context.Context) error { _, err := anyio.Select(ctx, p.onGet(&v)); return err })
				blocked(t, ctx)
				scope.Cancel("test")
				return nil
			})
		})
		testkit.WantNil(t, "canceled", err)
		_, err = p.get(ctx)
		testkit.WantIs(t, "afterwards", err, anyio.ErrClosed)
		i, err := anyio.Select(ctx, p.onGet(&v))
		if i != 0 || !errors.Is(err, anyio.ErrClosed) {
			t.Errorf("%d %v", i, err)
		}
	}, anyiotest.Seeds(1, 2, 3, 4, 5, 6, 7, 8))
}

func TestCloseEndsTheWaitsOfOthers(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		p, v := newPool(), 0
		err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			tg.Go(func(ctx context.Context) error {
				_, err := p.get(ctx)
				testkit.WantIs(t, "get", err, anyio.ErrClosed)
				return nil
			})
			tg.Go(func(ctx context.Context) error {
				_, err := anyio.Select(ctx, p.onGet(&v))
				testkit.WantIs(t, "Select", err, anyio.ErrClosed)
				return nil
			})
			blocked(t, ctx)
			p.close()
			return nil
		})
		testkit.WantNil(t, "group", err)
	})
}

func TestCanceledOrTellsTheCancellation(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		boom := testkit.ErrBoom
		if err := lowlevel.CanceledOr(ctx, boom); err != boom {
			t.Error(err)
		}
		err := anyio.WithCancelScope(ctx, func(ctx context.Context, scope *anyio.CancelScope) error {
			scope.Cancel("test")
			testkit.WantCanceled(t, "CanceledOr", lowlevel.CanceledOr(ctx, boom))
			return nil
		})
		testkit.WantNil(t, "scope", err)
	})
}

// A queue of one's own is waited for together with other things.
func ExampleParkingLot_Case() {
	_ = anyio.Run(context.Background(), func(ctx context.Context) error {
		p := newPool() // onGet is p.lot.Case(p.ready, p.take)
		return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			var quit anyio.Event
			tg.Go(func(ctx context.Context) error {
				for {
					v := 0
					i, err := anyio.Select(ctx, p.onGet(&v), anyio.OnEvent(&quit))
					if err != nil || i == 1 {
						fmt.Println("quit")
						return err
					}
					fmt.Println("got", v)
				}
			})
			for _, f := range []func(){func() { p.put(42) }, quit.Set} {
				if err := anyio.WaitAllTasksBlocked(ctx); err != nil {
					return err
				}
				f()
			}
			return nil
		})
	}, anyio.On(sim.New(sim.Config{})))
	// Output:
	// got 42
	// quit
}
