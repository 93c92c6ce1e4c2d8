package anyiotest

import (
	"fmt"
	"strings"
	"time"

	"github.com/anyio-go/anyio/sim"
)

// maxShrinkRuns and maxShrinkTime bound the search for a simpler schedule.
const (
	maxShrinkRuns = 5_000
	maxShrinkTime = 5 * time.Second
)

// report makes a failing run as simple as it can be, and tells of it.
func (s *search) report(found *finding) {
	s.t.Helper()
	least, runs := s.shrink(found)
	var b strings.Builder
	fmt.Fprintf(&b, "schedule %d of %s fails", found.number+1, found.how.Strategy)
	if least == nil {
		fmt.Fprintf(&b, ", but not when it is made again:\n%s", found.text())
		if s.p.differ == "" {
			b.WriteString("the test is not deterministic:\n" + s.tellFork(found.how))
		}
		s.t.Error(b.String())
		return
	}
	fmt.Fprintf(&b, "; made simpler by %d runs:\n%s", runs, least.text())
	if order := s.order(least.sim.Schedule()); order != "" {
		fmt.Fprintf(&b, "the order of tasks, with steps:\n%s", order)
	}
	fmt.Fprintf(&b, "replay: %s -anyio.replay=%s%s", testCommand(s.t.Name()), least.sim.Schedule(), s.stamp())
	s.t.Error(b.String())
}

// shrink returns the simplest run it finds that fails as found does; nil if not even that
// one does so again.
func (s *search) shrink(found *finding) (least *trial, runs int) {
	end := time.Now().Add(maxShrinkTime)
	again := func(schedule string) *trial {
		if tr := s.again(s.replayed(schedule)); tr.failsAs(found.trial) {
			return tr
		}
		return nil
	}
	word := found.sim.Shrink(maxShrinkRuns, func(schedule string) *sim.Sim {
		if time.Now().After(end) {
			return nil
		}
		runs++
		if tr := again(schedule); tr != nil {
			return tr.sim
		}
		return nil
	})
	if least = again(word); least == nil {
		least = again(found.sim.Schedule())
	}
	return least, runs
}

// maxOrder is how many turns of tasks are shown.
const maxOrder = 200

// order describes which task ran when: a line for each turn.
func (s *search) order(schedule string) string {
	var b strings.Builder
	var last sim.Step
	turns, steps := 0, 0
	turn := func() {
		if turns++; turns <= maxOrder && steps > 0 {
			fmt.Fprintf(&b, "  %s task %d %q: %d\n", last.Now.Format("15:04:05.000"), last.ID, last.Task, steps)
		}
	}
	cfg := s.replayed(schedule)
	cfg.OnStep = func(st sim.Step) {
		if st.ID != last.ID {
			turn()
			steps = 0
		}
		last, steps = st, steps+1
	}
	s.again(cfg)
	turn()
	if turns > maxOrder {
		fmt.Fprintf(&b, "  … and %d more\n", turns-maxOrder)
	}
	return b.String()
}
