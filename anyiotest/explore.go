package anyiotest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/anyio-go/anyio/sim"
)

// Explore runs f in the simulator once for each order of its tasks, until a run fails or all
// were seen, and reports whether all were; see sim.Explorer for what that means. It is for
// small programs: the number of orders grows exponentially. At most 10,000 runs are made,
// or 1,000 with -short; Schedules sets another number, and the flag -anyio.search a time.
//
// The model is sim.Goroutines, so that tasks meet in every way that they can on the parallel
// backend, and schedules that differ only in the order of steps which touch nothing in
// common are one. That loses nothing in tests without data races. With a SimConfig that sets
// sim.EventLoop, and with the option Unreduced, all schedules are made.
//
// It explores on all processors at once. What it reports does not depend on how many there
// are: the first failure is that of the first order in which one goroutine would explore,
// and runs are counted in that order, though there may be more. What fails is made simpler,
// reported and replayed as Search does, and the t of f is as there: all that f uses must be
// made by it anew.
func Explore(t testing.TB, f func(t testing.TB, ctx context.Context), opts ...Option) (all bool) {
	t.Helper()
	p, err := newPlan(opts, "sim", *seedsFlag, *modelFlag)
	if err != nil {
		t.Fatal(err)
	}
	if name := p.onlyOfSearch(); name != "" {
		t.Fatalf("anyiotest: Explore with %s, which is an option of Search", name)
	}
	p.needSim(t, "Explore")
	p.sim = append(p.sim, endSoon)
	s := newSearch(t, p, f)
	if *replayFlag != "" {
		s.replay(*replayFlag)
		return false
	}
	return s.explore()
}

// endSoon has a run that is made again end as that of the exploration did, if that has no end.
func endSoon(cfg *sim.Config) {
	if cfg.MaxSteps == 0 {
		cfg.MaxSteps = maxExplored
	}
}

// maxExplored is how many steps a run may have: who polls for ever is soon seen.
const maxExplored = 100_000

// explore makes all schedules.
func (s *search) explore() (all bool) {
	s.t.Helper()
	cfg := sim.Config{Model: sim.Goroutines}
	for _, change := range s.p.sim {
		change(&cfg)
	}
	x := sim.Explorer{MaxPreemptions: s.p.preemptions, MaxDelays: s.p.delays, MaxSteps: s.p.steps, Unreduced: s.p.unreduced || cfg.Model != sim.Goroutines}
	begin := time.Now()
	s.limits = newLimits(s.t, begin, s.within)
	var first atomic.Bool
	all, err := x.Each(len(s.workers), s.schedules, func(strategy sim.Strategy) error {
		is := first.CompareAndSwap(false, true)
		if !is && s.over() {
			return errOver
		}
		how := cfg
		how.Strategy = strategy
		tr := s.again(how)
		if key, skipped := tr.verdict(); key != "" || is && skipped {
			return endedBy{tr}
		}
		return nil
	})
	if s.ran = x.Runs(); err == errOver {
		s.ran--
	}
	end, failed := err.(endedBy)
	switch {
	case failed && end.Failed():
		s.report(&finding{number: s.ran - 1, trial: end.trial, seen: 1}, 0, 1)
		if key, _ := end.verdict(); key == livelockKey && s.p.steps == 0 {
			s.t.Log("a test that polls has schedules without end: the option MaxSteps bounds what is tried, and goes on fairly")
		}
	case failed:
		s.t.Skip(strings.TrimSpace(end.text()))
	case err != nil && err != errOver:
		s.t.Error(s.tellChange(err, cfg))
	case !all:
		s.t.Logf("no failure in %d schedules, which are not all", s.ran)
	default:
		s.t.Logf("no failure in %s (%.0f a second)", extent(&x), float64(s.ran)/time.Since(begin).Seconds())
	}
	return all
}

// tellChange tells that the program is not the same each time, and if it shows in two runs of
// one seed, where.
func (s *search) tellChange(err error, how sim.Config) string {
	var b strings.Builder
	fmt.Fprintln(&b, err)
	how.Strategy = sim.Random()
	if f := s.fork(how); f != nil {
		b.WriteString("of two runs with one seed ")
		f.describe(&b)
	}
	return strings.TrimSpace(b.String())
}

// endedBy is the error of a run that ends the exploration.
type endedBy struct{ *trial }

func (endedBy) Error() string { return "the run has failed, or the test is skipped" }

// errOver is that of a run which is not made, since the time is over.
var errOver = errors.New("the time is over")

// extent describes what was explored.
func extent(x *sim.Explorer) string {
	runs := x.Runs()
	switch {
	case x.LeftOut():
		var of []string
		if x.MaxPreemptions != 0 {
			of = append(of, fmt.Sprintf("at most %d preemptions", max(x.MaxPreemptions, 0)))
		}
		if x.MaxDelays != 0 {
			of = append(of, fmt.Sprintf("at most %d delays", max(x.MaxDelays, 0)))
		}
		text := fmt.Sprintf("all %d schedules", runs)
		if len(of) > 0 {
			text += " of " + strings.Join(of, " and ")
		}
		if x.Cut() > 0 {
			text += fmt.Sprintf(" up to %d steps, %d of them longer", x.MaxSteps, x.Cut())
		}
		return text
	case x.Unreduced || x.MaxPreemptions != 0 || x.MaxDelays != 0 || x.MaxSteps != 0:
		return fmt.Sprintf("all %d schedules", runs)
	}
	return fmt.Sprintf("%d schedules, which stand for all, and %d runs in vain", runs-x.InVain(), x.InVain())
}
