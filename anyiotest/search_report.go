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
	if faults := least.sim.Faults(); len(faults) > 0 {
		b.WriteString("the faults:\n")
		for _, f := range faults {
			fmt.Fprintf(&b, "  %v\n", f)
		}
	}
	if text := s.recorded(least.sim.Schedule()).Text(maxTurns); text != "" {
		fmt.Fprintf(&b, "what the tasks did ('*' runs, '|' waits, '.' is ready, 'x' ends):\n%s", text)
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

// maxTurns is how many turns of tasks are shown.
const maxTurns = 100

// recorded makes a run again that is recorded. It is empty if there is no schedule.
func (s *search) recorded(schedule string) *sim.Trace {
	trace := &sim.Trace{}
	if schedule != "" {
		cfg := s.replayed(schedule)
		cfg.Trace = trace
		s.again(cfg)
	}
	return trace
}
