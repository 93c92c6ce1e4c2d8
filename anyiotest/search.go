package anyiotest

import (
	"context"
	"fmt"
	"math"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/anyio-go/anyio/sim"
)

// Search runs f in the simulator again and again, each time in another order of its tasks,
// until a run fails or the budget is used up. It looks on all processors at once, with
// several strategies (see sim.Strategy), in both models, and with time that passes while
// tasks are ready or stands still. With the option Faults the network fails, too. What the
// test's SimConfig sets is the same in all runs. The flag -anyio.search sets for how long it
// goes on, in place of a number of schedules.
//
// A run fails as a test with Run would: by t.Error and its kin, by an error of the run such
// as a *sim.DeadlockError, by a panic. The failing run is then made simpler as long as it
// fails in the same way: with as few faults and switches between tasks as can be. That
// one is reported with its log, with what its tasks did (see sim.Trace), and with the
// command that makes it again. With CollectFailures the search goes on, and reports each kind
// of failure once. It ends in time for the deadline of go test, and says so if that was too
// early.
//
// The t of f is that of one run: what is logged is shown only of the run that is reported,
// and f's cleanups run when its run is over. All that f uses must be made by it anew, since
// several runs happen at the same time; Setenv and Chdir are refused. That no run fails does
// not prove that none can.
//
// What depends on something else than the schedule, such as the clock, could not be made
// again. So the first schedule and each 31st are tried twice; a run that then is another one
// fails the test, and the report says where the two went apart (see Differs).
func Search(t testing.TB, f func(t testing.TB, ctx context.Context), opts ...Option) {
	t.Helper()
	p, err := newPlan(opts, "sim", *seedsFlag, *modelFlag)
	if err != nil {
		t.Fatal(err)
	}
	p.search(t, f)
}

// search is Search with options and flags that are known.
func (p *plan) search(t testing.TB, f func(t testing.TB, ctx context.Context)) {
	t.Helper()
	if name := p.onlyOfExplore(); name != "" {
		t.Fatalf("anyiotest: Search with %s, which is an option of Explore", name)
	}
	p.needSim(t, "Search")
	s := newSearch(t, p, f)
	if *replayFlag != "" {
		s.replay(*replayFlag)
		return
	}
	s.all()
}

// defaultSchedules are tried where nothing else is said; a tenth with -short.
const defaultSchedules = 10_000

// A search is one call of Search.
type search struct {
	t         testing.TB
	f         func(t testing.TB, ctx context.Context)
	p         *plan
	schedules int
	within    time.Duration // 0: no limit
	limits
	strategies []sim.Strategy
	profiles   [2]*sim.Profile // of the first run in each model
	guided     sim.Guide       // of some runs

	workers []*worker
	next    atomic.Int64 // the schedule that is tried next
	stopped atomic.Bool

	ran, different int // runs in the end, and how many of them were
	findings
}

func newSearch(t testing.TB, p *plan, f func(t testing.TB, ctx context.Context)) *search {
	t.Helper()
	if *searchFlag < 0 {
		t.Fatalf("-anyio.search=%v: a time must be positive", *searchFlag)
	}
	s := &search{t: t, f: f, p: p, schedules: defaultSchedules, strategies: defaultStrategies}
	for range runtime.GOMAXPROCS(0) {
		s.workers = append(s.workers, newWorker(s))
	}
	if testing.Short() {
		s.schedules /= 10
	}
	if p.schedules > 0 {
		s.schedules = p.schedules
	}
	if len(p.strategies) > 0 {
		s.strategies = p.strategies
	}
	if *searchFlag > 0 {
		s.schedules, s.within = math.MaxInt, *searchFlag
	}
	s.strategies = inOrder(s.strategies, s.schedules)
	return s
}

// all tries one schedule after the other.
func (s *search) all() {
	begin := time.Now()
	s.limits = newLimits(s.t, begin, s.within)
	s.work(s.workers[:1], min(alone, s.schedules))
	s.work(s.workers, s.schedules)
	took := time.Since(begin)
	s.tally()
	s.t.Helper()
	if s.skipped != nil {
		s.t.Skip(strings.TrimSpace(s.skipped.text()))
	}
	found := s.first(s.p.failures)
	for i, f := range found {
		s.report(f, i, len(found))
	}
	s.t.Logf("%s", s.summary(len(found), took))
}

// summary is a line about the whole search.
func (s *search) summary(failures int, took time.Duration) string {
	text := "no failure"
	switch {
	case failures == 1:
		text = "1 failure"
	case failures > 1:
		text = fmt.Sprintf("%d failures", failures)
	}
	text += fmt.Sprintf(" in %d schedules, %d of them different (%.0f a second)", s.ran, s.different, float64(s.ran)/took.Seconds())
	switch {
	case s.stuck >= maxStuck:
		text += "; it was ended, as so many runs did not come back"
	case s.early && s.over() && int(s.next.Load()) < s.schedules:
		text += "; it was ended early, before the deadline of go test (see its flag -timeout)"
	}
	return text
}
