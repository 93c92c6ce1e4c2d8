package sim_test

import (
	"context"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/testkit"
	"github.com/anyio-go/anyio/lowlevel"
	"github.com/anyio-go/anyio/sim"
	"github.com/anyio-go/anyio/stream"
)

// A Select that one case has woken is no longer there for the others, so that the order of
// those who come to different cases matters; also if it asks the function of a user when it
// stands in the queues before: it is one step all the same.
func TestReductionMindsTheQueuesOfASelect(t *testing.T) {
	for _, model := range []sim.Model{sim.EventLoop, sim.Goroutines} {
		for _, asking := range []bool{false, true} {
			x, took := sim.Explorer{}, map[int]bool{}
			for x.Next() {
				var more []anyio.Case
				never, nothing := stream.Memory[int](0)
				if asking {
					asks := func() bool { _, err := nothing.TryReceive(); return err == nil }
					more = append(more, new(lowlevel.ParkingLot).Case(asks, nil))
				}
				took[sendOrEvent(t, sim.Config{Strategy: x.Strategy(), Model: model}, more...)] = true
				testkit.Must(t, anyio.CloseForcefully(t.Context(), never))
				testkit.Must(t, anyio.CloseForcefully(t.Context(), nothing))
			}
			if x.Err() != nil || !took[0] || !took[1] {
				t.Errorf("%v, asking %v: the cases that were taken are %v, error %v", model, asking, took, x.Err())
			}
		}
	}
}

// sendOrEvent returns which case was taken by a Select of a send, an event and more, while one
// task receives and another one sets the event.
func sendOrEvent(t *testing.T, cfg sim.Config, more ...anyio.Case) (at int) {
	t.Helper()
	send, receive := stream.Memory[int](0)
	var event anyio.Event
	testkit.Must(t, anyio.Run(t.Context(), func(ctx context.Context) error {
		defer send.Close(ctx)
		defer receive.Close(ctx)
		return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			tg.Go(func(context.Context) error { event.Set(); return nil })
			tg.Go(func(ctx context.Context) (err error) {
				at, err = anyio.Select(ctx, append([]anyio.Case{anyio.OnSend(send, 3), anyio.OnEvent(&event)}, more...)...)
				return err
			})
			tg.Go(func(context.Context) error { _, _ = receive.TryReceive(); return nil })
			return nil
		})
	}, anyio.On(sim.New(cfg))))
	return at
}

// A case that is ready when it is asked, and then not any more, is not taken: another one is,
// and the index is -1 if there is none.
func TestExplorerTakesACaseThatIsReadyStill(t *testing.T) {
	for x := (sim.Explorer{}); x.Next(); {
		var event anyio.Event
		event.Set()
		err := anyio.Run(t.Context(), func(ctx context.Context) error {
			brief := func() anyio.Case {
				var lot lowlevel.ParkingLot
				asked := 0
				return lot.Case(func() bool { asked++; return asked == 1 }, nil)
			}
			if at, ok, err := anyio.TrySelect(brief(), anyio.OnEvent(&event)); at != 1 || !ok || err != nil {
				t.Errorf("beside one that is ready: %d, %t, %v", at, ok, err)
			}
			if at, ok, err := anyio.TrySelect(brief()); at != -1 || ok || err != nil {
				t.Errorf("alone: %d, %t, %v", at, ok, err)
			}
			return nil
		}, anyio.On(sim.New(sim.Config{Strategy: x.Strategy()})))
		testkit.Must(t, err)
	}
}

// Goroutines outside may wake Selects while a task has its turn.
func TestSelectsOfAnExploredRunAreWokenFromOutside(t *testing.T) {
	const selects = 50
	x := sim.Explorer{}
	if !x.Next() {
		t.Fatal("there is no run")
	}
	err := anyio.Run(t.Context(), func(ctx context.Context) error {
		var here, never [selects]anyio.Event
		return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			for i := range selects {
				tg.Go(func(ctx context.Context) error {
					at, err := anyio.Select(ctx, anyio.OnEvent(&never[i]), anyio.OnEvent(&here[i]))
					if at != 1 {
						t.Errorf("Select %d has taken %d", i, at)
					}
					return err
				})
			}
			if err := anyio.WaitAllTasksBlocked(ctx); err != nil {
				return err
			}
			set := make(chan struct{})
			go func() {
				defer close(set)
				for i := range here {
					here[i].Set()
				}
			}()
			for {
				select {
				case <-set:
					return nil
				default:
					never[0].IsSet() // which is told, as what a Select is taken out of is
				}
			}
		})
	}, anyio.On(sim.New(sim.Config{Strategy: x.Strategy()})))
	testkit.Must(t, err)
}

// A goroutine that is no task of the run has no choice to be explored.
func TestSelectOfAGoroutineOutsideIsNotExplored(t *testing.T) {
	x := sim.Explorer{}
	for x.Next() {
		err := anyio.Run(t.Context(), func(ctx context.Context) error {
			var first, second anyio.Event
			first.Set()
			second.Set()
			took := make(chan int)
			go func() { //anyiovet:ignore barego it is no task on purpose, and is waited for
				at, _ := anyio.Select(ctx, anyio.OnEvent(&first), anyio.OnEvent(&second))
				took <- at
			}()
			if at := <-took; at != 0 {
				t.Errorf("case %d was taken", at)
			}
			return nil
		}, anyio.On(sim.New(sim.Config{Strategy: x.Strategy()})))
		testkit.Must(t, err)
	}
	if x.Runs() != 1 || x.Err() != nil {
		t.Errorf("%d runs, error %v", x.Runs(), x.Err())
	}
}
