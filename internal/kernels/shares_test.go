package kernels

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/sim"
)

var (
	runsFlag   = flag.Int("kernels.runs", 0, "of how many schedules of each strategy TestShares tells the share that fails")
	chainsFlag = flag.Bool("kernels.chains", false, "TestShares: long chains, in place of the other kernels")
	byFlag     = flag.String("kernels.by", "", "TestShares: only the mix and strategies whose name has this in it")
	onlyFlag   = flag.String("kernels.only", "", "TestShares: only kernels whose name has this in it")
)

// A seen is a test that others fail.
type seen struct {
	testing.TB
	text   strings.Builder
	failed bool
}

func (s *seen) Helper()                         {}
func (s *seen) Log(args ...any)                 { fmt.Fprintln(&s.text, args...) }
func (s *seen) Logf(format string, args ...any) { fmt.Fprintf(&s.text, format+"\n", args...) }
func (s *seen) Error(args ...any) {
	s.failed = true
	s.Log(args...)
}
func (s *seen) Errorf(format string, args ...any) { s.Error(fmt.Sprintf(format, args...)) }

// configs are those that a search makes its first n schedules with, by all strategies or by
// the ones that are given.
func configs(t *testing.T, n int, strategies ...sim.Strategy) []sim.Config {
	t.Helper()
	all := make([]sim.Config, n)
	opts := []anyiotest.Option{anyiotest.Schedules(n), anyiotest.SimConfig(func(c *sim.Config) {
		all[c.Seed] = *c // each has its own
	})}
	if len(strategies) > 0 {
		opts = append(opts, anyiotest.Strategies(strategies...))
	}
	anyiotest.Search(&seen{TB: t}, func(testing.TB, context.Context) {}, opts...)
	return all
}

// maxSteps is far more than a kernel makes, unless it polls for ever.
const maxSteps = 20_000

// fails reports whether a kernel fails with a config, by an error or a panic, and the
// simulator.
func (k kernel) fails(cfg sim.Config) (failed bool, s *sim.Sim) {
	cfg.MaxSteps, cfg.StepTimeout = maxSteps, -1
	s = sim.New(cfg)
	defer func() {
		if recover() != nil {
			failed = true
		}
	}()
	err := anyio.Run(context.Background(), k.run, anyio.On(s), anyio.OnPanic(func(*anyio.PanicError) {}))
	return err != nil, s
}

// share is the share of schedules with these configs that fail. All but the first have the
// profile of that.
func (k kernel) share(cfgs []sim.Config) float64 {
	profile := map[sim.Model]*sim.Profile{}
	failing := 0
	for _, cfg := range cfgs {
		cfg.Profile = profile[cfg.Model]
		failed, s := k.fails(cfg)
		if failed {
			failing++
		}
		if profile[cfg.Model] == nil {
			profile[cfg.Model] = s.Profile()
		}
	}
	return float64(failing) / float64(len(cfgs))
}

// strategies are those that TestShares compares.
var strategies = []sim.Strategy{sim.Random(), sim.PCT(1), sim.PCT(2), sim.PCT(3), sim.PCT(5), sim.URW(), sim.POS(), sim.SURW(), sim.Kinds(), sim.Sticky(), sim.Rounds()}

// TestShares measures which share of the schedules of each strategy finds the bugs, and
// prints a table:
//
//	go test ./internal/kernels -run Shares -v -kernels.runs=1000
func TestShares(t *testing.T) {
	n := *runsFlag
	if n == 0 {
		t.Skip("without -kernels.runs=1000")
	}
	cfgs := [][]sim.Config{configs(t, n)}
	var b strings.Builder
	fmt.Fprintf(&b, "| kernel | after | mix ")
	for _, s := range strategies {
		if !strings.Contains(s.String(), *byFlag) {
			continue
		}
		fmt.Fprintf(&b, "| %v ", s)
		cfgs = append(cfgs, configs(t, n, s))
	}
	fmt.Fprintf(&b, "|\n|---|---|%s\n", strings.Repeat("---:|", len(cfgs)))
	shares := make([][]float64, len(cfgs))
	corpus := bugs()
	if *chainsFlag {
		corpus = asKernels(slices.Concat(chains(4), chains(8), chains(16)))
	}
	for _, k := range corpus {
		if !strings.Contains(k.name, *onlyFlag) {
			continue
		}
		fmt.Fprintf(&b, "| %s | %s ", k.name, k.from)
		for i, c := range cfgs {
			share := k.share(c)
			shares[i] = append(shares[i], share)
			fmt.Fprintf(&b, "| %s ", percent(share))
		}
		b.WriteString("|\n")
	}
	b.WriteString("| median | ")
	for _, of := range shares {
		slices.Sort(of)
		fmt.Fprintf(&b, "| %s ", percent(of[len(of)/2]))
	}
	t.Logf("\n%s|", &b)
}

// percent is a share in percent, with two digits.
func percent(share float64) string {
	if share == 0 {
		return "–"
	}
	digits := max(0, int(math.Ceil(-math.Log10(share)))-1)
	return fmt.Sprintf("%.*f", digits, 100*share)
}

// Each kernel fails in some schedule of a search, and what is reported is the bug.
func TestSearchFinds(t *testing.T) {
	for _, k := range slices.Concat(bugs(), asKernels(chains(4))) {
		t.Run(k.name, func(t *testing.T) {
			t.Parallel()
			wantFound(t, k.run, 5_000)
		})
	}
}

// wantFound checks that a search finds the bug of a program in so many schedules.
func wantFound(t *testing.T, run func(ctx context.Context) error, schedules int) {
	t.Helper()
	s := &seen{TB: t}
	anyiotest.Search(s, func(t testing.TB, ctx context.Context) {
		if err := run(ctx); err != nil {
			t.Fatal(err)
		}
	}, anyiotest.SimConfig(func(c *sim.Config) { c.MaxSteps = maxSteps }), anyiotest.Schedules(schedules))
	if !s.failed {
		t.Errorf("not found: %s", &s.text)
	}
}

// A kernel fails in some orders, and passes in others: else there is nothing to be searched
// for.
func TestKernelsPassInSomeOrder(t *testing.T) {
	cfgs := configs(t, 500)
	for _, k := range bugs() {
		ok := slices.ContainsFunc(cfgs, func(cfg sim.Config) bool {
			failed, _ := k.fails(cfg)
			return !failed
		})
		if !ok {
			t.Errorf("%s: it fails in all orders", k.name)
		}
	}
}

// What a kernel returns is its bug, a deadlock, or what comes of a cancellation.
func TestKernelsFailForTheirBug(t *testing.T) {
	cfgs := configs(t, 200)
	for _, k := range bugs() {
		for _, cfg := range cfgs {
			cfg.MaxSteps = maxSteps
			var stuck *sim.DeadlockError
			var misuse *anyio.MisuseError // a task that waits for itself is told so
			err := anyio.Run(context.Background(), k.run, anyio.On(sim.New(cfg)))
			if err != nil && !errors.Is(err, errBug) && !errors.As(err, &stuck) && !errors.As(err, &misuse) && !errors.Is(err, anyio.ErrClosed) {
				t.Errorf("%s, %v, seed %d: %v", k.name, cfg.Strategy, cfg.Seed, err)
				break
			}
		}
	}
}
