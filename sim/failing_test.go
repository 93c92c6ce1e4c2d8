package sim_test

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/sim"
)

// A schedule on which a task's failure is found at the end of the run is one of that task
// alone: the others run after it.
func TestShrinkLeavesTasksOut(t *testing.T) {
	broken := errors.New("broken")
	program := func(ctx context.Context) error {
		return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			for i := range 5 {
				tg.Go(func(ctx context.Context) error {
					if i == 3 {
						return broken
					}
					return anyio.Sleep(ctx, 0)
				})
			}
			return nil
		})
	}
	run := func(cfg sim.Config) *sim.Sim {
		s := sim.New(cfg)
		if err := anyio.Run(t.Context(), program, anyio.On(s)); errors.Is(err, broken) {
			s.NoteFailure(err)
			return s
		}
		return nil
	}
	s := run(sim.Config{Strategy: sim.Random()})
	if s.Unneeded() != nil {
		t.Errorf("tasks %v are not needed, says a run without a Replay", s.Unneeded())
	}
	for _, runs := range []int{0, -1} {
		word := s.Shrink(t.Context(), runs, func(string) *sim.Sim {
			t.Errorf("of at most %d runs one is made", runs)
			return nil
		})
		if word != s.Schedule() {
			t.Errorf("without a run %s becomes %s", s.Schedule(), word)
		}
	}
	least := run(sim.Config{Replay: s.Shrink(t.Context(), 1000, func(word string) *sim.Sim { return run(sim.Config{Replay: word}) })})
	if got := least.Unneeded(); !slices.Equal(got, []uint64{2, 3, 4, 6}) || least.Diverged() != "" {
		t.Errorf("tasks %v are not needed, want all but 1 and 5; diverged: %q", got, least.Diverged())
	}
}

// Those that wait for each other are told from those that wait because of them.
func TestDeadlockErrorTellsTheCycle(t *testing.T) {
	e := &sim.DeadlockError{Tasks: []sim.BlockedTask{
		{ID: 1}, {ID: 2, HeldBy: []uint64{3}}, {ID: 3, HeldBy: []uint64{7, 4}}, {ID: 4, HeldBy: []uint64{2}}, {ID: 5, HeldBy: []uint64{2, 1}}}}
	if got := e.Cycle(); !slices.Equal(got, []uint64{2, 3, 4}) {
		t.Errorf("the cycle is %v, want 2, 3 and 4", got)
	}
	if got := (&sim.DeadlockError{Tasks: []sim.BlockedTask{{ID: 1}, {ID: 2, HeldBy: []uint64{1}}}}).Cycle(); got != nil {
		t.Errorf("the cycle is %v, want none", got)
	}
}
