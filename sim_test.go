package anyio_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/kernel"
	"github.com/anyio-go/anyio/internal/race"
	"github.com/anyio-go/anyio/internal/testkit"
	"github.com/anyio-go/anyio/sim"
)

// simSteps is how many steps the simulator makes for main.
func simSteps(t *testing.T, main func(context.Context) error) uint64 {
	t.Helper()
	s := sim.New(sim.Config{Seed: 1})
	testkit.WantNil(t, "run", anyio.Run(context.Background(), main, anyio.On(s)))
	return s.Steps()
}

// busy is a program with groups, timers, shields, derived contexts and chance.
func busy(ctx context.Context) error {
	var gate anyio.Event
	_, err := anyio.MoveOnAfter(ctx, 20*time.Millisecond, func(ctx context.Context) error {
		return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			for i := range 20 {
				tg.Go(func(ctx context.Context) error {
					for range kernel.Locate(ctx).Run().Rand(5) {
						if err := anyio.Sleep(ctx, time.Duration(i)*time.Millisecond); err != nil {
							return err
						}
					}
					ctx, cancel := context.WithCancel(ctx)
					defer cancel()
					if i == 7 {
						gate.Set()
					}
					return gate.Wait(ctx)
				})
			}
			tg.Go(func(ctx context.Context) error {
				ctx, cancel := context.WithCancel(ctx)
				tg.Go(func(ctx context.Context) error { _ = anyio.Sleep(ctx, 3*time.Millisecond); cancel(); return nil })
				_ = anyio.SleepForever(ctx)
				return anyio.Shielded(ctx, anyio.Forever, func(ctx context.Context) error { return anyio.Sleep(ctx, 0) })
			})
			return anyio.SleepForever(ctx)
		})
	})
	return err
}

func TestSameSeedSameSchedule(t *testing.T) {
	n := 1000
	if testing.Short() || race.Enabled {
		n = 50
	}
	s := sim.New(sim.Config{Seed: 42})
	var hash, steps uint64
	for i := range n {
		testkit.WantNil(t, "run", anyio.Run(context.Background(), busy, anyio.On(s)))
		if i == 0 {
			hash, steps = s.Hash(), s.Steps()
		} else if s.Hash() != hash || s.Steps() != steps {
			t.Fatalf("run %d: hash %x, %d steps; the first: %x, %d", i, s.Hash(), s.Steps(), hash, steps)
		}
	}
	if steps < 60 {
		t.Errorf("only %d steps", steps)
	}
}

func TestDifferentSeedsDifferentSchedules(t *testing.T) {
	hashes := map[uint64]bool{}
	orders := map[string]bool{}
	for seed := range uint64(50) {
		s := sim.New(sim.Config{Seed: seed})
		testkit.WantNil(t, "run", anyio.Run(context.Background(), busy, anyio.On(s)))
		hashes[s.Hash()] = true
		var order []int
		testkit.WantNil(t, "run", anyio.Run(context.Background(), func(ctx context.Context) error {
			return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
				var mu anyio.Event
				mu.Set()
				c := make(chan int, 4)
				for i := range 4 {
					tg.Go(func(ctx context.Context) error { c <- i; return nil })
				}
				for range 4 {
					testkit.Settled(t, ctx)
					order = append(order, <-c)
				}
				return nil
			})
		}, anyio.On(s)))
		orders[fmt.Sprint(order)] = true
	}
	if len(hashes) != 50 || len(orders) < 15 {
		t.Errorf("%d schedules and %d orders of 4 tasks for 50 seeds", len(hashes), len(orders))
	}
}

// In a bubble of synctest all waiting in real time would be seen on its clock.
func TestVirtualHourPassesAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		real := time.Now()
		testVirtualHour(t)
		if d := time.Since(real); d != 0 {
			t.Errorf("the simulation has waited for %v of real time", d)
		}
	})
}

func testVirtualHour(t *testing.T) {
	t.Helper()
	steps := simSteps(t, func(ctx context.Context) error {
		begin := anyio.Now(ctx)
		err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			for i := range 60 {
				tg.Go(func(ctx context.Context) error { return anyio.Sleep(ctx, time.Duration(i+1)*time.Minute) })
			}
			return nil
		})
		if d := anyio.Now(ctx).Sub(begin); d != time.Hour {
			t.Errorf("virtual time: %v", d)
		}
		return err
	})
	if steps > 500 {
		t.Errorf("%d steps", steps)
	}
}

func TestStepsAreToldInOrder(t *testing.T) {
	var names []string
	var last sim.Step
	s := sim.New(sim.Config{Seed: 3, OnStep: func(st sim.Step) {
		if st.N != last.N+1 || st.Now.Before(last.Now) || st.ID == 0 {
			t.Errorf("step %+v after %+v", st, last)
		}
		last = st
		names = append(names, st.Task)
	}})
	testkit.WantNil(t, "run", anyio.Run(context.Background(), func(ctx context.Context) error {
		return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			tg.Go(func(ctx context.Context) error { return anyio.Sleep(ctx, time.Second) }, anyio.Name("sleeper"))
			return nil
		})
	}, anyio.On(s), anyio.MainName("main")))
	if s.Steps() != last.N || !slices.Contains(names, "main") || !slices.Contains(names, "sleeper") {
		t.Errorf("%d steps, last %+v, tasks %v", s.Steps(), last, names)
	}
}

func TestChoicesComeFromTheSeed(t *testing.T) {
	draw := func(seed uint64) (draws []int) {
		testkit.WantNil(t, "run", anyio.Run(context.Background(), func(ctx context.Context) error {
			for range 100 {
				n := kernel.Locate(ctx).Run().Rand(10)
				if n < 0 || n > 9 {
					t.Errorf("drew %d", n)
				}
				draws = append(draws, n)
			}
			return nil
		}, anyio.On(sim.New(sim.Config{Seed: seed}))))
		return draws
	}
	if !slices.Equal(draw(1), draw(1)) || slices.Equal(draw(1), draw(2)) {
		t.Error("choices do not follow the seed")
	}
	for _, b := range []anyio.Backend{anyio.Parallel(), anyio.EventLoop()} {
		testkit.WantNil(t, "run", anyio.Run(context.Background(), func(ctx context.Context) error {
			if n := kernel.Locate(ctx).Run().Rand(3); n < 0 || n > 2 {
				t.Errorf("drew %d", n)
			}
			return nil
		}, anyio.On(b)))
	}
}

func TestUnusedSimHasNoTrace(t *testing.T) {
	if s := sim.New(sim.Config{}); s.Hash() != 0 || s.Steps() != 0 {
		t.Errorf("%x, %d", s.Hash(), s.Steps())
	}
}
