package sim_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/race"
	"github.com/anyio-go/anyio/lowlevel"
	"github.com/anyio-go/anyio/sim"
)

// Every program has as many schedules, and the same outcomes, made by any number of workers
// as by a loop.
func TestEachMakesTheRunsOfALoop(t *testing.T) {
	programs := 20
	if testing.Short() || race.Enabled {
		programs = 6
	}
	r := rand.New(rand.NewPCG(7, 8))
	for n := range programs {
		var tasks [][]do
		for range 2 + r.IntN(2) {
			var ops []do
			for range 1 + r.IntN(3) {
				ops = append(ops, dos[r.IntN(len(dos))])
			}
			tasks = append(tasks, ops)
		}
		for _, x := range []sim.Explorer{{}, {MaxPreemptions: 2}, {MaxDelays: 3}, {MaxSteps: 6}} {
			loop := x
			want, runs := outcomes(t, tasks, sim.Goroutines, &loop)
			if want == nil {
				continue
			}
			for _, workers := range []int{1, 2, 8} {
				each := x
				var mu sync.Mutex
				seen := map[string]bool{}
				all, err := each.Each(workers, 0, func(s sim.Strategy) error {
					saw := perform(t, tasks, sim.Config{Strategy: s, Model: sim.Goroutines})
					mu.Lock()
					defer mu.Unlock()
					seen[saw] = true
					return nil
				})
				var got []string
				for s := range seen {
					got = append(got, s)
				}
				slices.Sort(got)
				if err != nil || !all || each.Runs() != runs || !slices.Equal(got, want) {
					t.Fatalf("program %d, %d workers: %d runs, %d outcomes, all: %t, error %v; in a loop %d runs, %d outcomes", n, workers, each.Runs(), len(got), all, err, runs, len(want))
				}
				if got, want := tally(&each), tally(&loop); got != want {
					t.Fatalf("program %d, %d workers: %s, in a loop %s", n, workers, got, want)
				}
			}
		}
	}
}

func tally(x *sim.Explorer) string {
	return fmt.Sprint(x.Runs(), " runs, ", x.InVain(), " in vain, ", x.Cut(), " cut, left out: ", x.LeftOut())
}

// letters is a program in which each task writes its letter some times and gives way; it
// returns what was written.
func letters(t *testing.T, s sim.Strategy, steps ...int) string {
	t.Helper()
	var mu sync.Mutex // no order of the library's
	var text []byte
	err := anyio.Run(t.Context(), func(ctx context.Context) error {
		return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			for i, n := range steps {
				tg.Go(func(ctx context.Context) error {
					for k := range n {
						mu.Lock()
						text = append(text, byte('a'+i))
						mu.Unlock()
						if k < n-1 {
							if err := lowlevel.Checkpoint(ctx); err != nil {
								return err
							}
						}
					}
					return nil
				})
			}
			return nil
		})
	}, anyio.On(sim.New(sim.Config{Strategy: s})))
	if err != nil {
		t.Error(err)
	}
	return string(text)
}

// All orders of some steps are made once each, by any number of workers on any number of
// processors.
func TestEachMakesAllOrders(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	for _, c := range []struct {
		steps  []int
		orders int // (sum of steps)! by the product of all steps!
	}{{[]int{1}, 1}, {[]int{2, 2}, 6}, {[]int{3, 3}, 20}, {[]int{1, 1, 1, 1, 1}, 120}, {[]int{2, 2, 2}, 90}, {[]int{3, 2, 2}, 210}} {
		for _, workers := range []int{1, 2, 8} {
			runtime.GOMAXPROCS(workers)
			x := sim.Explorer{Unreduced: true}
			var mu sync.Mutex
			seen := map[string]int{}
			all, err := x.Each(workers, 0, func(s sim.Strategy) error {
				text := letters(t, s, c.steps...)
				mu.Lock()
				defer mu.Unlock()
				seen[text]++
				return nil
			})
			if err != nil || !all || x.Runs() != c.orders || len(seen) != c.orders {
				t.Errorf("%v, %d workers: %d runs, %d orders, all: %t, error %v, want %d", c.steps, workers, x.Runs(), len(seen), all, err, c.orders)
			}
		}
	}
}

// The first failure in the order of a loop is returned, whichever comes first.
func TestEachEndsWithTheFirstFailure(t *testing.T) {
	for _, fails := range []string{"aabb", "abab", "abba", "baab", "baba", "bbaa"} {
		fail := func(text string) error {
			if strings.HasPrefix(text, fails[:2]) || strings.HasSuffix(text, fails[2:]) {
				return errors.New(text)
			}
			return nil
		}
		loop := sim.Explorer{Unreduced: true}
		want, runs := "", 0
		for loop.Next() {
			runs++
			if err := fail(letters(t, loop.Strategy(), 2, 2)); err != nil {
				want = err.Error()
				break
			}
		}
		for _, workers := range []int{1, 2, 8} {
			for most := range 8 {
				x := sim.Explorer{Unreduced: true}
				all, err := x.Each(workers, most, func(s sim.Strategy) error { return fail(letters(t, s, 2, 2)) })
				switch {
				case all:
					t.Fatalf("%s, %d workers: all orders were made", fails, workers)
				case most > 0 && most < runs && (err != nil || x.Runs() != most):
					t.Fatalf("%s, %d workers: %d runs of at most %d, error %v", fails, workers, x.Runs(), most, err)
				case (most == 0 || most >= runs) && (err == nil || err.Error() != want || x.Runs() != runs):
					t.Fatalf("%s, %d workers: %d runs, error %v, in a loop %d, %s", fails, workers, x.Runs(), err, runs, want)
				}
			}
		}
	}
}

// Several workers are at work at the same time: each of two waits in its run for the other.
func TestEachMakesRunsAtTheSameTime(t *testing.T) {
	var at atomic.Int64
	met := make(chan struct{})
	x := sim.Explorer{Unreduced: true}
	all, err := x.Each(2, 0, func(s sim.Strategy) error {
		letters(t, s, 2, 2, 2)
		switch at.Add(1) {
		case 1: // nothing can be given away yet
		case 2:
			<-met
		case 3:
			close(met)
		}
		return nil
	})
	if !all || err != nil || x.Runs() != 90 {
		t.Errorf("%d runs, all: %t, error %v", x.Runs(), all, err)
	}
}

// What goes wrong with the program or the loop is told as it is by Next.
func TestEachWantsItsRuns(t *testing.T) {
	var x sim.Explorer
	all, err := x.Each(2, 0, func(sim.Strategy) error { return nil })
	var misuse *anyio.MisuseError
	if all || !errors.As(err, &misuse) || !errors.As(x.Err(), &misuse) {
		t.Errorf("no run is made: all: %t, error %v", all, err)
	}
	for _, workers := range []int{1, 2, 8} {
		x = sim.Explorer{Unreduced: true}
		var n atomic.Int64
		all, err = x.Each(workers, 0, func(s sim.Strategy) error {
			if n.Add(1) > 1 {
				letters(t, s, 1)
			} else {
				letters(t, s, 2, 2)
			}
			return nil
		})
		if all || err == nil || x.Err() == nil || x.Runs() != 2 {
			t.Errorf("%d workers: the program changes: %d runs, all: %t, error %v", workers, x.Runs(), all, err)
		}
	}
}
