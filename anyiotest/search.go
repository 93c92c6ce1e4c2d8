package anyiotest

import (
	"context"
	"math"
	"runtime"
	"strings"
	"sync"
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
// fails in the same way: with as few faults and switches between tasks as can be. That one is
// reported with its log, and with the command that makes it again.
//
// The t of f is that of one run: what is logged is shown only of the run that is reported,
// and f's cleanups run when its run is over. All that f uses must be made by it anew, since
// several runs happen at the same time; Setenv and Chdir are refused. That no run fails does
// not prove that none can.
func Search(t testing.TB, f func(t testing.TB, ctx context.Context), opts ...Option) {
	t.Helper()
	p, err := newPlan(opts, "sim", *seedsFlag, *modelFlag)
	if err != nil {
		t.Fatal(err)
	}
	s := &search{t: t, f: f, p: p, schedules: defaultSchedules, strategies: defaultStrategies}
	if why, skipped := p.skips["sim"]; skipped {
		t.Skip(why)
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
	if *replayFlag != "" {
		s.replay(*replayFlag)
		return
	}
	s.all()
}

// defaultSchedules are tried where nothing else is said; a tenth with -short.
const defaultSchedules = 10_000

// defaultStrategies take turns. Each finds soon what others find late.
var defaultStrategies = []sim.Strategy{sim.Random(), sim.PCT(2), sim.URW(), sim.PCT(3), sim.PCT(1), sim.Random(), sim.PCT(5), sim.URW()}

// A search is one call of Search.
type search struct {
	t          testing.TB
	f          func(t testing.TB, ctx context.Context)
	p          *plan
	schedules  int
	within     time.Duration // 0: no limit
	strategies []sim.Strategy
	profile    *sim.Profile // of the first run

	next    atomic.Int64 // the schedule that is tried next
	stopped atomic.Bool
	workers sync.WaitGroup

	mu     sync.Mutex
	hashes map[uint64]struct{} // of different schedules; guarded by mu
	ran    int                 // runs that were made; guarded by mu
	found  *finding            // guarded by mu
}

// A finding is a run that has failed.
type finding struct {
	number int // which of the search it was
	how    sim.Config
	*trial
}

// maxHashes is up to how many schedules are told apart.
const maxHashes = 1 << 20

// all tries one schedule after the other.
func (s *search) all() {
	begin := time.Now()
	s.hashes = make(map[uint64]struct{})
	s.workers.Add(1)
	go s.work(1) // alone: those that follow make use of its profile
	s.workers.Wait()
	for range runtime.GOMAXPROCS(0) {
		s.workers.Add(1)
		go s.work(s.schedules)
	}
	s.workers.Wait()
	took := time.Since(begin)
	s.t.Helper()
	switch {
	case s.found == nil:
		s.t.Logf("no failure in %d schedules, %d of them different (%.0f a second)", s.ran, len(s.hashes), float64(s.ran)/took.Seconds())
	case s.found.skipped && s.found.number == 0:
		s.t.Skip(strings.TrimSpace(s.found.log.String()))
	default:
		s.report(s.found)
	}
}

// work tries schedules up to a number. A run that ends by FailNow ends the goroutine, too:
// then another one goes on.
func (s *search) work(upTo int) {
	done := false
	defer func() {
		if done {
			s.workers.Done()
		} else {
			go s.work(upTo)
		}
	}()
	for begin := time.Now(); !s.stopped.Load(); {
		n := int(s.next.Add(1)) - 1
		if n >= upTo || s.within > 0 && time.Since(begin) > s.within {
			s.next.Add(-1)
			break
		}
		s.try(n)
	}
	done = true
}

// try makes one run.
func (s *search) try(n int) {
	cfg := s.config(n)
	tr := newTrial(s.t)
	defer func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.ran++
		if len(s.hashes) < maxHashes {
			s.hashes[tr.sim.Hash()] = struct{}{}
		}
		if n == 0 {
			s.profile = tr.sim.Profile()
		}
		if tr.key == "" && !(tr.skipped && n == 0) {
			return
		}
		s.stopped.Store(true)
		if s.found == nil || n < s.found.number {
			s.found = &finding{number: n, how: cfg, trial: tr}
		}
	}()
	tr.run(cfg, s.p, s.f)
}

// config is how a schedule is chosen, by its number.
func (s *search) config(n int) sim.Config {
	cfg := sim.Config{Seed: uint64(n), Profile: s.profile, Strategy: s.strategies[n%len(s.strategies)]}
	turn := n / len(s.strategies)
	if turn%2 == 1 {
		cfg.Model = sim.Goroutines
	}
	if turn/2%2 == 1 { // from a microsecond to a tenth of a second
		cfg.StepTime.Max = time.Microsecond << (turn / 4 % 18)
	}
	if (n+turn+turn/4)%4 != 0 { // with each strategy, in each model; not the first
		cfg.Faults = s.p.faults
	}
	for _, change := range s.p.sim {
		change(&cfg)
	}
	return cfg
}
