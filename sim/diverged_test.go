package sim_test

import (
	"context"
	"strings"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/sim"
)

// giveWay starts a task for each number, which gives way so many times. If held, the second
// one waits for the first.
func giveWay(cfg sim.Config, held bool, often ...int) *sim.Sim {
	s := sim.New(cfg)
	var first anyio.Event
	err := anyio.Run(context.Background(), func(ctx context.Context) error {
		return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			for i, n := range often {
				tg.Go(func(ctx context.Context) error {
					if held && i == 1 {
						if err := first.Wait(ctx); err != nil {
							return err
						}
					}
					for range n {
						if err := anyio.Sleep(ctx, 0); err != nil {
							return err
						}
					}
					first.Set()
					return nil
				})
			}
			return nil
		})
	}, anyio.On(s))
	if err != nil {
		panic(err)
	}
	return s
}

// A run that should be the one of a schedule, and is not, says where it left it.
func TestDivergedTellsWhereARunLeavesItsSchedule(t *testing.T) {
	// Task 2 is interrupted by task 3 after its third step.
	s := giveWay(sim.Config{Strategy: sim.Choices([]byte{0, 0, 0, 1})}, false, 4, 4)
	// And here, too, when that has made its first two.
	second := giveWay(sim.Config{Strategy: sim.Choices([]byte{1, 1, 0, 0, 0, 1})}, false, 4, 4)
	if got := s.Diverged(); got != "" {
		t.Errorf("a run that follows no schedule says: %s", got)
	}
	for _, c := range []struct {
		want  string
		s     *sim.Sim
		held  bool
		often []int
	}{
		{"", s, false, []int{4, 4}},
		{"task 2 has ended after 2 steps, and has at least 3 in the schedule", s, false, []int{1, 4}},
		{"after step 3 of task 2 a task goes on in the schedule that was not started", s, false, []int{4}},
		{"after step 3 of task 2 task 3 goes on in the schedule, and it was not ready", second, true, []int{4, 4}},
		{"it has not started a task that in the schedule makes 3 steps and is then interrupted", s, false, nil},
		{"tasks went on in the same order wherever the schedule says so, but not elsewhere", s, false, []int{4, 5}},
	} {
		again := giveWay(sim.Config{Replay: c.s.Schedule()}, c.held, c.often...)
		if got := again.Diverged(); !strings.HasPrefix(got, c.want) || (got == "") != (c.want == "") {
			t.Errorf("%d: %q, want %q", c.often, got, c.want)
		}
		if same := again.Schedule() == c.s.Schedule(); same != (c.want == "") {
			t.Errorf("%d: the schedule is the same: %v", c.often, same)
		}
	}
}
