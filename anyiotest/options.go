package anyiotest

import (
	"fmt"
	"slices"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/sim"
)

// An Option is an option of Run, Search, Explore, CheckDeterminism, Fuzz, CancelEverywhere,
// TestByteStream and TestObjectStream.
type Option func(*plan)

// Skip leaves a backend out. The subtest stays visible as skipped, with the
// reason, which must not be empty.
func Skip(backend, why string) Option {
	return func(p *plan) {
		name := p.backend(backend)
		if why == "" {
			p.fail(fmt.Errorf("Skip(%q): say why", backend))
		}
		p.skips[name] = why
	}
}

// Only runs the test on these backends. Prefer Skip, which carries a reason; Only
// is for tests of one backend.
func Only(backends ...string) Option {
	return func(p *plan) {
		for _, name := range backends {
			p.only = append(p.only, p.backend(name))
		}
		if len(backends) == 0 {
			p.fail(fmt.Errorf("Only needs at least one backend"))
		}
	}
}

// Seeds sets the seeds of the simulator for this test, in place of 1 to 3. The flag
// -anyio.seeds goes before it.
func Seeds(seeds ...uint64) Option {
	return func(p *plan) {
		p.seeds = seeds
		if len(seeds) == 0 {
			p.fail(fmt.Errorf("Seeds needs at least one seed"))
		}
	}
}

// RunOptions adds options for anyio.Run. They come after anyio.Debug and the name of
// the main task, which is the test's.
func RunOptions(opts ...anyio.RunOption) Option {
	return func(p *plan) { p.run = append(p.run, opts...) }
}

// SimConfig changes the configuration of the simulator, whose seed is set already.
func SimConfig(change func(*sim.Config)) Option {
	return func(p *plan) {
		if p.sim = append(p.sim, change); change == nil {
			p.fail(fmt.Errorf("SimConfig(nil): it needs a function"))
		}
	}
}

// MaxPoints bounds the schedule points of a CancelEverywhere scenario; default
// 2,000. The time it takes grows with the square.
func MaxPoints(n int) Option { return func(p *plan) { p.maxPoints = n } }

// Schedules sets how many runs Search makes, in place of 10,000, or 1,000 with -short.
func Schedules(n int) Option {
	return func(p *plan) {
		p.schedules = n
		if n < 1 {
			p.fail(fmt.Errorf("Schedules(%d): at least one must be tried", n))
		}
	}
}

// Strategies sets the strategies of Search, which take turns.
func Strategies(strategies ...sim.Strategy) Option {
	return func(p *plan) {
		p.strategies = strategies
		if len(strategies) == 0 {
			p.fail(fmt.Errorf("Strategies needs at least one strategy"))
		}
	}
}

// CollectFailures has Search go on after a failure, until it has found n that differ or its
// budget is used up. Runs that fail at the same place with the same error, numbers and the
// order of joined errors aside, have the same failure, and so have deadlocks in which the same
// calls wait. Each is made simpler and reported, with how many runs have shown it.
func CollectFailures(n int) Option {
	return func(p *plan) {
		p.failures = n
		if n < 1 {
			p.fail(fmt.Errorf("CollectFailures(%d): at least one must be wanted", n))
		}
	}
}

// Differs says that the runs of a test given to Search may differ though the schedule is the
// same, and why, which must not be empty. Without it Search makes some runs twice, and fails
// if they differ: what it finds could not be made again.
func Differs(why string) Option {
	return func(p *plan) {
		p.differ = why
		if why == "" {
			p.fail(fmt.Errorf("Differs: say why"))
		}
	}
}

// Faults lets Search, in three of four runs, and Fuzz draw faults of the simulated network
// from the seed. Max is 3 if it is 0. Search draws the times at which they begin where the
// first runs, which have none, do something.
func Faults(faults sim.Faults) Option {
	return func(p *plan) {
		if faults.Max == 0 {
			faults.Max = defaultMaxFaults
		}
		p.faults = faults
	}
}

const defaultMaxFaults = 3

// Unreduced has Explore make all schedules, also those that differ from another one only in
// the order of steps which touch nothing in common; see sim.Explorer.
func Unreduced() Option { return func(p *plan) { p.unreduced = true } }

// MaxPreemptions has Explore make only schedules in which a task that could go on is left at
// most n times for another one. 0 is never.
func MaxPreemptions(n int) Option {
	return func(p *plan) {
		if p.preemptions = n; n == 0 {
			p.preemptions = -1 // as sim.Explorer has it
		}
		if n < 0 {
			p.fail(fmt.Errorf("MaxPreemptions(%d): it must be at least 0; leave the option out for no bound", n))
		}
	}
}

// MaxDelays has Explore make only schedules in which the task that would usually run is
// put off at most n times; see sim.Explorer. 0 is never.
func MaxDelays(n int) Option {
	return func(p *plan) {
		if p.delays = n; n == 0 {
			p.delays = -1 // as sim.Explorer has it
		}
		if n < 0 {
			p.fail(fmt.Errorf("MaxDelays(%d): it must be at least 0; leave the option out for no bound", n))
		}
	}
}

// MaxSteps has Explore try everything in the first n steps of a run only; longer runs go
// on fairly, and the log tells how many there were. It is for tests whose schedules have
// no end.
func MaxSteps(n int) Option {
	return func(p *plan) {
		if p.steps = n; n <= 0 {
			p.fail(fmt.Errorf("MaxSteps(%d): it must be at least 1; leave the option out for no bound", n))
		}
	}
}

// A plan is what options and flags come to.
type plan struct {
	backends    []string
	skips       map[string]string // backend to reason
	only        []string
	seeds       []uint64
	model       sim.Model // where no option sets one
	run         []anyio.RunOption
	sim         []func(*sim.Config)
	maxPoints   int
	schedules   int            // of Search; 0: as many as by default
	strategies  []sim.Strategy // of Search
	failures    int            // that Search reports at most
	twice       int            // of so many runs of Search one is made twice
	differ      string         // why runs of Search may
	faults      sim.Faults     // of Search and Fuzz
	unreduced   bool           // of Explore, as is preemptions
	preemptions int
	delays      int // likewise, as is steps
	steps       int
	lacks       []lack // for TestByteStream
	err         error  // the first wrong option
}

// newPlan is also given the values of the flags.
func newPlan(opts []Option, backends, seeds, model string) (*plan, error) {
	p := &plan{skips: make(map[string]string), seeds: defaultSeeds, maxPoints: 2000, failures: 1, twice: sampleEach}
	for _, o := range opts {
		o(p)
	}
	if p.err != nil {
		return nil, fmt.Errorf("anyiotest: %w", p.err)
	}
	var err error
	if p.backends, err = parseBackends(backends); err != nil {
		return nil, err
	}
	if p.model, err = parseModel(model); err != nil {
		return nil, err
	}
	if len(p.only) > 0 {
		p.backends = intersect(p.backends, p.only)
	}
	if seeds != "" {
		if p.seeds, err = parseSeeds(seeds); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// onlyOfSearch is an option that was given and that Explore cannot follow, or "".
func (p *plan) onlyOfSearch() string {
	switch {
	case len(p.strategies) > 0:
		return "Strategies"
	case p.failures != 1:
		return "CollectFailures"
	case p.faults.Max != 0:
		return "Faults"
	}
	return ""
}

// onlyOfExplore is onlyOfSearch the other way round.
func (p *plan) onlyOfExplore() string {
	switch {
	case p.unreduced:
		return "Unreduced"
	case p.preemptions != 0:
		return "MaxPreemptions"
	case p.delays != 0:
		return "MaxDelays"
	case p.steps != 0:
		return "MaxSteps"
	}
	return ""
}

// needSim skips a test whose options leave the simulator out, in which what it calls runs.
func (p *plan) needSim(t testing.TB, what string) {
	t.Helper()
	if why, skipped := p.skips["sim"]; skipped {
		t.Skip(why)
	}
	if len(p.backends) == 0 {
		t.Skipf("%s runs in the simulator, which this test does not use", what)
	}
}

func (p *plan) fail(err error) {
	if p.err == nil {
		p.err = err
	}
}

// backend is the proper name of a backend given by name or alias.
func (p *plan) backend(name string) string {
	b, err := anyio.BackendByName(name)
	if err != nil {
		p.fail(err)
		return name
	}
	return b.Name()
}

// simConfig is the configuration for a seed.
func (p *plan) simConfig(seed uint64) sim.Config {
	cfg := sim.Config{Seed: seed, Model: p.model}
	for _, change := range p.sim {
		change(&cfg)
	}
	return cfg
}

// on is the run options for a test on a backend.
func (p *plan) on(b anyio.Backend, test string) []anyio.RunOption {
	return append(p.options(test), anyio.On(b))
}

// options are the run options for a test, but for the backend.
func (p *plan) options(test string) []anyio.RunOption {
	return slices.Concat([]anyio.RunOption{anyio.Debug(), anyio.MainName(test)}, p.run)
}
