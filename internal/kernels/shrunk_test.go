package kernels

import (
	"cmp"
	"context"
	"slices"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/schedule"
	"github.com/anyio-go/anyio/sim"
)

// A rest is what is left of a run that fails: switches, tasks that run before it fails, and
// all tasks.
type rest struct{ switches, ran, tasks int }

// shrunk are the rests of the first three of some runs that fail, the one with the fewest
// switches first.
func (k kernel) shrunk(t *testing.T, cfgs []sim.Config) (rests []rest) {
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
		rests = append(rests, rest{len(plan.Switches), tasks - len(s.Unneeded()), tasks})
		if len(rests) == 3 {
			break
		}
	}
	slices.SortFunc(rests, func(a, b rest) int { return cmp.Compare(a.switches, b.switches) })
	return rests
}

// leastSwitches are the fewest with which kernels were seen to fail, in a dozen runs that were
// shrunk; 1 of those that are not here.
var leastSwitches = map[string]int{
	"writer between a reader's two read locks":                    0,
	"nested read locks of three who write later":                  0,
	"stop waits under the lock for a worker that takes it":        0,
	"update sent under the lock that handling the last one takes": 0,
	"keepalive sleeps under the lock that waking it takes":        0,
	"health monitor is stopped under its container's lock":        0,
	"a frame is written under the lock that closing takes":        0,
	"a group is added to while it is waited for":                  0,
	"if in place of for around a wait":                            0,
	"barrier that is used again too soon":                         0,
	"status is asked of a node that has stopped":                  0,
	"result of a probe that nobody waits for any more":            0,
	"used before it was started":                                  0,
	"a short task must end after ten long ones":                   0,
	"work goes on after the lease is over":                        0,
	"the sender of a queue goes on when it was told to stop":      0,
	"tried again although the first try has succeeded":            0,
	"helper is not told to stop where its owner fails early":      0,
	"the first result wins, and the second has no reader":         0,
	"three locks in a circle":                                     2,
	"five philosophers":                                           4,
	"five philosophers, who think":                                4,
	"one of two waiters is notified for both":                     2,
	"a permit is given back that was not taken":                   2,
	"data under a lock that others do not take":                   2,
	"two flags for mutual exclusion, looked at too early":         2,
	"the third before both others":                                2,
	"the owner of a work stealing queue pops without the lock":    2,
	"three items in a work stealing queue, two thieves":           2,
}

// Shrinking leaves of each kernel at most twice the fewest switches that are known, or one,
// and few tasks.
func TestShrunk(t *testing.T) {
	var ran, all, more []int
	cfgs := configs(t, 2000)
	for i, k := range bugs() {
		if testing.Short() && i%8 > 0 {
			continue
		}
		rests := k.shrunk(t, cfgs)
		if len(rests) == 0 {
			continue
		}
		least, known := leastSwitches[k.name]
		if !known {
			least = 1
		}
		middle := rests[len(rests)/2]
		if middle.switches > max(1, 2*least) {
			t.Errorf("%s: %d switches are left, want at most twice as many as %d: %v", k.name, middle.switches, least, rests)
		}
		if rests[0].switches < least {
			t.Errorf("%s: %d switches are left, fewer than the table says, where it has %d", k.name, rests[0].switches, least)
		}
		if *runsFlag > 0 {
			t.Logf("%d switches, %d of %d tasks: %s", middle.switches, middle.ran, middle.tasks, k.name)
		}
		more = append(more, middle.switches-least)
		ran, all = append(ran, middle.ran), append(all, middle.tasks)
	}
	median := func(of []int) int {
		slices.Sort(of)
		return of[len(of)/2]
	}
	sum := 0
	for _, n := range ran {
		sum += n
	}
	if median(more) > 0 || median(ran) > 3 {
		t.Errorf("medians of %d switches more than the fewest and of %d tasks are left, want 0 and 3", median(more), median(ran))
	}
	t.Logf("of %d kernels, medians: %d switches more than the fewest, %d tasks of %d run before the failure, %d in all of them", len(ran), median(more), median(ran), median(all), sum)
}

// Each entry of the table is of a kernel.
func TestLeastSwitchesAreOfKernels(t *testing.T) {
	for name := range leastSwitches {
		if !slices.ContainsFunc(bugs(), func(k kernel) bool { return k.name == name }) {
			t.Errorf("there is no kernel %q", name)
		}
	}
}
