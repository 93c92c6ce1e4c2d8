package kernels

import (
	"context"
	"slices"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/schedule"
	"github.com/anyio-go/anyio/sim"
)

// shrunk is what is left of the first of some runs that fails: switches, tasks that run
// before it fails, and all tasks.
func (k kernel) shrunk(t *testing.T, cfgs []sim.Config) (switches, ran, tasks int, found bool) {
	t.Helper()
	again := func(word string) (failed bool, s *sim.Sim, tasks int) {
		ids := map[uint64]bool{}
		s = sim.New(sim.Config{Replay: word, MaxSteps: maxSteps, StepTimeout: -1, OnStep: func(st sim.Step) { ids[st.ID] = true }})
		defer func() {
			if v := recover(); v != nil {
				err, _ := v.(error)
				s.NoteFailure(err)
				failed, tasks = true, len(ids)
			}
		}()
		err := anyio.Run(context.Background(), k.run, anyio.On(s), anyio.OnPanic(func(*anyio.PanicError) {}))
		if err != nil {
			s.NoteFailure(err)
		}
		return err != nil, s, len(ids)
	}
	for _, cfg := range cfgs {
		failed, s := k.fails(cfg)
		if !failed {
			continue
		}
		least := s.Shrink(t.Context(), 5000, func(word string) *sim.Sim {
			if failed, s, _ := again(word); failed {
				return s
			}
			return nil
		})
		plan, err := schedule.Parse(least)
		if err != nil {
			t.Fatal(err)
		}
		failed, s, tasks := again(least)
		if !failed {
			t.Errorf("%s: what is left does not fail", k.name)
		}
		return len(plan.Switches), tasks - len(s.Unneeded()), tasks, true
	}
	return 0, 0, 0, false
}

// Shrinking leaves few switches and few tasks of the kernels.
func TestShrunk(t *testing.T) {
	var switches, ran, all []int
	cfgs := configs(t, 2000)
	for i, k := range bugs() {
		if testing.Short() && i%8 > 0 {
			continue
		}
		s, r, n, found := k.shrunk(t, cfgs)
		if !found {
			continue
		}
		if *runsFlag > 0 {
			t.Logf("%d switches, %d of %d tasks: %s", s, r, n, k.name)
		}
		switches, ran, all = append(switches, s), append(ran, r), append(all, n)
	}
	median := func(of []int) int {
		slices.Sort(of)
		return of[len(of)/2]
	}
	sum := 0
	for _, n := range ran {
		sum += n
	}
	if median(switches) > 1 || median(ran) > 3 {
		t.Errorf("medians of %d switches and %d tasks are left, want 1 and 3", median(switches), median(ran))
	}
	t.Logf("of %d kernels, medians: %d switches, %d tasks of %d run before the failure, %d in all of them", len(ran), median(switches), median(ran), median(all), sum)
}
