package anyiotest

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/anyio-go/anyio/sim"
)

// A search can only replay what depends on the schedule and nothing else. So it makes some of
// its runs twice, and a run that then is another one is a failure.

// CheckDeterminism fails t if what f does depends on something else than the schedule, such as
// the clock, the order of a map, or a native channel. It makes each of a hundred schedules
// twice, or of as many as Schedules says, and tells where two runs of one go apart. It is a
// Search in all else.
func CheckDeterminism(t testing.TB, f func(t testing.TB, ctx context.Context), opts ...Option) {
	t.Helper()
	p, err := newPlan(append([]Option{Schedules(100)}, opts...), "sim", *seedsFlag, *modelFlag)
	if err != nil {
		t.Fatal(err)
	}
	if p.differ != "" {
		t.Fatalf("anyiotest: CheckDeterminism with Differs(%q): leave either out", p.differ)
	}
	p.twice = 1
	p.search(t, f)
}

// sampleEach is how many schedules there are for each that Search tries twice. It has no
// factor in common with how often a strategy and a model have their turn.
const sampleEach = 31

// sampled reports whether a schedule is tried twice.
func (s *search) sampled(n int) bool {
	return s.p.differ == "" && (n == 0 || n%s.p.twice == s.p.twice-1)
}

// differs reports whether two runs of one schedule are not the same.
func differs(a, b *trial) bool {
	ka, _ := a.verdict()
	kb, _ := b.verdict()
	return ka != kb || a.sim.Hash() != b.sim.Hash()
}

// A fork is where two runs of one schedule go apart.
type fork struct {
	at   int // the step, from 0; negative: nowhere, but one has failed
	a, b *trial
}

// What happens by chance need not happen again: maxForkPairs and maxForkTime bound the look
// for it.
const (
	maxForkPairs = 50
	maxForkTime  = 3 * time.Second
)

// fork makes pairs of runs until two go apart at a step of which both have a picture. It
// returns what it has found, nil if all were the same.
func (s *search) fork(how sim.Config) (f *fork) {
	at := -1
	end := time.Now().Add(maxForkTime)
	for range maxForkPairs {
		a, b := s.traced(how, at), s.traced(how, at)
		if !differs(a, b) {
			if time.Now().After(end) {
				break
			}
			continue
		}
		f = &fork{difference(a.trace, b.trace), a, b}
		if f.at == at || f.at < 0 || time.Now().After(end) {
			break
		}
		at = f.at
	}
	return f
}

// traced makes a run whose steps are noted.
func (s *search) traced(how sim.Config, at int) *trial {
	tr := newTrial(s, s.newGear())
	tr.how, tr.trace = how, &tracer{at: at}
	s.apart(tr)
	tr.trace.seen()
	return tr
}

// tellFork tells how the runs of a schedule differ.
func (s *search) tellFork(how sim.Config) string {
	var b strings.Builder
	if f := s.fork(how); f == nil {
		b.WriteString("when made again and again, it was the same each time: so it depends on what was before or at the same time\n")
	} else {
		f.describe(&b)
	}
	b.WriteString(useInstead)
	return b.String()
}

const useInstead = `The order of tasks decides only what goes through this library. Use there
  anyio.Now, Sleep and FailAfter   for package time, and for deadlines of package context
  anyio.Rand                       for math/rand
  sorted keys                      for the order in which a map is gone through
  tasks, stream.Memory and Select  for go, channels and select
and variables that each run makes anew. If the test is meant to differ, see anyiotest.Differs.`

// describe tells where two runs go apart.
func (f *fork) describe(b *strings.Builder) {
	a, other := f.a.trace, f.b.trace
	if f.at < 0 {
		ka, _ := f.a.verdict()
		kb, _ := f.b.verdict()
		fmt.Fprintf(b, "no step differs, but once %s, and once %s\n", outcome(ka), outcome(kb))
		return
	}
	fmt.Fprintf(b, "step %d is the first that differs:\n  once %s\n  once %s\n", f.at+1, a.describe(f.at), other.describe(f.at))
	if f.at > 0 {
		last := a.steps[f.at-1]
		fmt.Fprintf(b, "the step before it was of task %d %q%s\n", last.id, last.name, a.stands(f.at, last.id))
	}
	if sameStep(a, other, f.at) {
		b.WriteString("(what differs is sent over the simulated network, or a call outside of tasks)\n")
	}
	for _, tr := range []*tracer{a, other} {
		if f.at < len(tr.steps) && tr.who != "" && f.at == tr.at {
			fmt.Fprintf(b, "task %d %q:\n  %s\n", tr.steps[f.at].id, tr.steps[f.at].name, strings.ReplaceAll(tr.who, "\n", "\n  "))
		}
	}
}

// sameStep reports whether a step that differs is of the same task at the same time.
func sameStep(a, b *tracer, i int) bool {
	if i >= len(a.steps) || i >= len(b.steps) {
		return false
	}
	return a.steps[i].id == b.steps[i].id && a.steps[i].now.Equal(b.steps[i].now)
}

func outcome(key string) string {
	if key == "" {
		return "the run has passed"
	}
	return "it has failed"
}
