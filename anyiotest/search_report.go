package anyiotest

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/anyio-go/anyio/sim"
)

// maxShrinkRuns and maxShrinkTime bound the search for a simpler schedule.
const (
	maxShrinkRuns = 5_000
	maxShrinkTime = 5 * time.Second
)

// apart runs f on a goroutine of its own, which it may end, and waits for it.
func apart(f func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		f()
	}()
	<-done
}

// again makes one run that is described by its config.
func (s *search) again(cfg sim.Config) *trial {
	tr := newTrial(s.t)
	apart(func() { tr.run(cfg, s.p, s.f) })
	return tr
}

// replayed is the config of a run that is made again.
func (s *search) replayed(schedule string) sim.Config {
	var cfg sim.Config
	for _, change := range s.p.sim {
		change(&cfg)
	}
	cfg.Replay = schedule
	return cfg
}

// report makes a failing run as simple as it can be, and tells of it.
func (s *search) report(found *finding) {
	s.t.Helper()
	least, runs := s.shrink(found)
	var b strings.Builder
	fmt.Fprintf(&b, "schedule %d of %s fails", found.number+1, found.how.Strategy)
	if least.key == found.key {
		fmt.Fprintf(&b, "; made simpler by %d runs", runs)
	}
	fmt.Fprintf(&b, ":\n%s", &least.log)
	if faults := least.sim.Faults(); len(faults) > 0 {
		b.WriteString("the faults:\n")
		for _, f := range faults {
			fmt.Fprintf(&b, "  %v\n", f)
		}
	}
	if order := s.order(least.sim.Schedule()); order != "" {
		fmt.Fprintf(&b, "the order of tasks, with steps:\n%s", order)
	}
	fmt.Fprintf(&b, "replay: %s -anyio.replay=%s", testCommand(s.t.Name()), least.sim.Schedule())
	s.t.Error(b.String())
}

// shrink returns the simplest run it finds that fails as found does.
func (s *search) shrink(found *finding) (least *trial, runs int) {
	end := time.Now().Add(maxShrinkTime)
	least = found.trial
	word := found.sim.Shrink(maxShrinkRuns, func(schedule string) *sim.Sim {
		if time.Now().After(end) {
			return nil
		}
		runs++
		tr := s.again(s.replayed(schedule))
		if tr.key != found.key {
			return nil
		}
		return tr.sim
	})
	if tr := s.again(s.replayed(word)); tr.key == found.key {
		least = tr
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

// replay makes one run again, and tells of it as the test's own.
func (s *search) replay(schedule string) {
	s.t.Helper()
	tr := s.again(s.replayed(schedule))
	switch {
	case tr.key != "":
		s.t.Error(strings.TrimSuffix(tr.log.String(), "\n"))
	case tr.log.Len() > 0:
		s.t.Log(strings.TrimSuffix(tr.log.String(), "\n"))
	}
	if got := tr.sim.Schedule(); got != schedule && got != "" {
		s.t.Errorf("the test is not the one of the schedule, or does not do the same each time: it has made %s", got)
	}
}

// Fuzz lets Go's fuzzing choose the orders of tasks: the bytes that it makes up, and
// prefers if they reach new code, are the choices (see sim.Choices). Without -fuzz it tries
// the corpus, and the order in which each task runs until it waits.
//
//	func FuzzTransfer(f *testing.F) {
//		anyiotest.Fuzz(f, func(t testing.TB, ctx context.Context) { … })
//	}
func Fuzz(f *testing.F, test func(t testing.TB, ctx context.Context), opts ...Option) {
	f.Helper()
	p, err := newPlan(opts, "sim", *seedsFlag, *modelFlag)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(uint64(1), []byte(nil))
	f.Fuzz(func(t *testing.T, seed uint64, choices []byte) {
		cfg := p.simConfig(seed)
		cfg.Strategy, cfg.Faults = sim.Choices(choices), p.faults
		execute(t, p.on(sim.New(cfg), t.Name()), "", func(ctx context.Context) { test(t, ctx) })
	})
}
