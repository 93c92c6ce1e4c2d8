package anyiotest

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/anyio-go/anyio/sim"
)

// maxShrinkRuns and maxShrinkTime bound the search for a simpler schedule, maxAllShrinkTime
// that for all failures.
const (
	maxShrinkRuns    = 5_000
	maxShrinkTime    = 5 * time.Second
	maxAllShrinkTime = 30 * time.Second
)

// report tells of the i-th of some findings.
func (s *search) report(f *finding, i, all int) {
	s.t.Helper()
	var b strings.Builder
	if s.p.failures > 1 {
		fmt.Fprintf(&b, "failure %d of %d, in %d of %d runs: ", i+1, all, f.seen, s.ran)
	}
	fmt.Fprintf(&b, "schedule %d of %s ", f.number+1, f.how.Strategy)
	if f.differs {
		fmt.Fprintf(&b, "was another run when it was made again: the test is not deterministic\n%s", s.tellFork(f.how))
	} else {
		s.tellFailure(&b, f, all-i)
	}
	s.t.Error(b.String())
}

// tellFailure makes a failing run as simple as it can be, and tells of it.
func (s *search) tellFailure(b *strings.Builder, f *finding, left int) {
	if !f.hasBegun() {
		b.WriteString("cannot be tried:\n" + f.text())
		return
	}
	least, runs := s.shrink(f, left)
	if least == nil {
		fmt.Fprintf(b, "fails, but not when it is made again:\n%s", f.text())
		if s.p.differ == "" {
			b.WriteString("the test is not deterministic:\n" + s.tellFork(f.how))
		}
		return
	}
	fmt.Fprintf(b, "fails; made simpler by %d runs:\n%s", runs, least.text())
	if faults := least.sim.Faults(); len(faults) > 0 {
		b.WriteString("the faults:\n")
		for _, f := range faults {
			fmt.Fprintf(b, "  %v\n", f)
		}
	}
	trace := s.recorded(least.sim.Schedule())
	if text := trace.Text(maxTurns); text != "" {
		fmt.Fprintf(b, "%s:\n%s%s\n", turnsTitle, text, s.page(trace))
	}
	fmt.Fprintf(b, "replay: %s -anyio.replay=%s%s", testCommand(s.t.Name()), least.sim.Schedule(), s.stamp())
}

// shrink returns the simplest run it finds that fails as found does; nil if not even that
// one does so again. So many failures are left to be made simpler.
func (s *search) shrink(found *finding, left int) (least *trial, runs int) {
	ctx, enough := context.WithDeadline(context.Background(), s.shrinkEnd(left))
	defer enough()
	stuck, most := 0, 1000+16*int64(found.sim.Steps())
	again := func(schedule string) *trial {
		how := s.replayed(schedule)
		if how.MaxSteps <= 0 || how.MaxSteps > most { // who polls may else keep all others from running
			how.MaxSteps = most
		}
		tr := s.again(how)
		if key, _ := tr.verdict(); strings.Contains(key, stuckKey) {
			if stuck++; stuck == maxStuck {
				enough()
			}
		}
		if tr.failsAs(found.trial) {
			return tr
		}
		return nil
	}
	word := found.sim.Shrink(ctx, maxShrinkRuns, func(schedule string) *sim.Sim {
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

// page says where the page of a run is, or how to get it.
func (s *search) page(trace *sim.Trace) string {
	if !wantsArtifacts() {
		return "page: with -artifacts, " + pageFile + " in the test's artifacts"
	}
	path, err := writePage(s.t, trace)
	if err != nil {
		return "page: " + err.Error()
	}
	return "page: " + path
}

// What is shown of a run.
const (
	maxTurns   = 100 // turns of tasks
	turnsTitle = "what the tasks did ('*' runs, '|' waits, '.' is ready, 'x' ends)"
)

// recorded makes a run again that is recorded. It is empty if there is no schedule.
func (s *search) recorded(schedule string) *sim.Trace {
	trace := &sim.Trace{}
	if schedule != "" {
		cfg := s.replayed(schedule)
		cfg.Trace = trace
		trace.LeaveOut(s.again(cfg).sim.Unneeded()...)
	}
	return trace
}
