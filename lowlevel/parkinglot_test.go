package lowlevel_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/lowlevel"
	"github.com/anyio-go/anyio/sim"
)

func blocked(t *testing.T, ctx context.Context) {
	t.Helper()
	if err := anyio.WaitAllTasksBlocked(ctx); err != nil {
		t.Error(err)
	}
}

func TestParkingLotUnparksInTheOrderOfParking(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		var lot lowlevel.ParkingLot
		var mu sync.Mutex
		var order []int
		err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			for i := range 5 {
				tg.Go(func(ctx context.Context) error {
					err := lot.Park(ctx)
					mu.Lock()
					order = append(order, i)
					mu.Unlock()
					return err
				})
				blocked(t, ctx)
			}
			if n := lot.Len(); n != 5 {
				t.Errorf("Len %d", n)
			}
			for range 2 {
				if n := lot.Unpark(1); n != 1 {
					t.Errorf("Unpark(1) = %d", n)
				}
				blocked(t, ctx)
			}
			if n := lot.Unpark(0) + lot.Unpark(-1); n != 0 {
				t.Errorf("of none: %d", n)
			}
			if n := lot.Unpark(2); n != 2 {
				t.Errorf("Unpark(2) = %d", n)
			}
			blocked(t, ctx)
			if n := lot.UnparkAll(); n != 1 {
				t.Errorf("UnparkAll = %d", n)
			}
			if n := lot.Unpark(3); n != 0 {
				t.Errorf("of an empty lot: %d", n)
			}
			return nil
		})
		slices.Sort(order[2:4]) // these two were let go at once
		if err != nil || !slices.Equal(order, []int{0, 1, 2, 3, 4}) {
			t.Errorf("order %v, %v", order, err)
		}
	})
}

func TestCanceledParkerLeavesTheQueue(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		var lot lowlevel.ParkingLot
		err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			a := tg.Go(lot.Park)
			blocked(t, ctx)
			b := tg.Go(lot.Park)
			blocked(t, ctx)
			a.Cancel("test")
			if err := a.Wait(ctx); err != nil || lot.Len() != 1 {
				t.Errorf("%d in the lot, %v", lot.Len(), err)
			}
			if n := lot.Unpark(1); n != 1 {
				t.Errorf("%d unparked", n)
			}
			// Chosen first and canceled right after: the wait has succeeded.
			b.Cancel("late")
			return b.Await(ctx)
		})
		if err != nil {
			t.Error(err)
		}
	})
}

func TestParkInACanceledScopeDoesNotWait(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		var mu sync.Mutex
		lot := lowlevel.ParkingLot{L: &mu}
		err := anyio.WithCancelScope(ctx, func(ctx context.Context, scope *anyio.CancelScope) error {
			scope.Cancel("test")
			mu.Lock()
			if err := lot.Park(ctx); !errors.Is(err, anyio.ErrCanceled) {
				t.Error(err)
			}
			return nil
		})
		if err != nil || lot.Len() != 0 || !mu.TryLock() {
			t.Errorf("%v, %d in the lot, or still locked", err, lot.Len())
		}
	})
}

// A gate is a semaphore that counts, made of a lot: the example of the manual.
type gate struct {
	mu   sync.Mutex
	free int
	lot  *lowlevel.ParkingLot
}

func newGate(free int) *gate {
	g := &gate{free: free}
	g.lot = lowlevel.NewParkingLot("gate.enter", &g.mu)
	return g
}

func (g *gate) enter(ctx context.Context) error {
	if err := lowlevel.Enter(ctx); err != nil {
		return err
	}
	g.mu.Lock()
	if g.free > 0 {
		g.free--
		g.mu.Unlock()
		return nil
	}
	return g.lot.Park(ctx)
}

func (g *gate) leave() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.lot.Unpark(1) == 0 {
		g.free++
	}
}

func TestPrimitiveMadeOfAParkingLotLosesNoToken(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		g := newGate(2)
		var mu sync.Mutex
		inside, most, passed := 0, 0, 0
		err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			for i := range 20 {
				h := tg.Go(func(ctx context.Context) error {
					for range 20 {
						if err := g.enter(ctx); err != nil {
							return err
						}
						mu.Lock()
						inside++
						passed++
						most = max(most, inside)
						mu.Unlock()
						err := lowlevel.Checkpoint(ctx)
						mu.Lock()
						inside--
						mu.Unlock()
						g.leave()
						if err != nil {
							return err
						}
					}
					return nil
				})
				if i%3 == 0 {
					if err := lowlevel.Checkpoint(ctx); err != nil {
						return err
					}
					h.Cancel("test")
				}
			}
			return nil
		})
		if err != nil || inside != 0 || most > 2 || g.free != 2 || g.lot.Len() != 0 || passed < 13*20 {
			t.Errorf("%v: %d inside, %d at most, %d free, %d wait, %d passed", err, inside, most, g.free, g.lot.Len(), passed)
		}
	})
}

func TestParkingLotNamesTheWait(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		g, lot := newGate(0), &lowlevel.ParkingLot{}
		err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			tg.Go(g.enter)
			tg.Go(lot.Park)
			blocked(t, ctx)
			tasks := anyio.RunningTasks(ctx)[1:]
			if tasks[0].WaitsFor != "gate.enter" || tasks[1].WaitsFor != "ParkingLot.Park" {
				t.Errorf("%+v", tasks)
			}
			g.leave()
			lot.UnparkAll()
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	})
}

func TestPlainGoroutineParksToo(t *testing.T) {
	var lot lowlevel.ParkingLot
	done := make(chan error)
	go func() { done <- lot.Park(context.Background()) }()
	for lot.Unpark(1) == 0 {
		lowlevel.ShieldedCheckpoint(context.Background())
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func ExampleParkingLot() {
	_ = anyio.Run(context.Background(), func(ctx context.Context) error {
		g := newGate(1) // enter and leave are written as the package comment shows
		return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			if err := g.enter(ctx); err != nil {
				return err
			}
			tg.Go(func(ctx context.Context) error {
				err := g.enter(ctx)
				fmt.Println("entered second")
				return err
			})
			if err := anyio.WaitAllTasksBlocked(ctx); err != nil {
				return err
			}
			fmt.Println("leaving")
			g.leave()
			return nil
		})
	}, anyio.On(sim.New(sim.Config{})))
	// Output:
	// leaving
	// entered second
}
