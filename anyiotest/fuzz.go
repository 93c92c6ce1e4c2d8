package anyiotest

import (
	"cmp"
	"context"
	"flag"
	"testing"

	"github.com/anyio-go/anyio/sim"
)

// Fuzz lets Go's fuzzing choose the orders of tasks: the bytes that it makes up, and
// prefers if they reach new code, are the choices (see sim.Choices). Without -fuzz it tries
// the corpus, and the order in which each task runs until it waits. What fails then tells what
// its tasks did; so does what fuzzing has found, with the command that it prints.
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
	if name := cmp.Or(p.onlyOfExplore(), p.onlyOfSearch()); name != "" && name != "Faults" {
		f.Fatalf("anyiotest: Fuzz with %s, which is an option of Search or Explore", name)
	}
	p.needSim(f, "Fuzz")
	f.Add(uint64(1), []byte(nil))
	f.Fuzz(func(t *testing.T, seed uint64, choices []byte) {
		cfg := p.simConfig(seed)
		cfg.Strategy, cfg.Faults = sim.Choices(choices), p.faults
		if flag.Lookup("test.fuzz").Value.String() == "" {
			keepPage(t, &cfg)
			tellTurns(t, &cfg)
		}
		execute(t, p.on(sim.New(cfg), t.Name()), "", func(ctx context.Context) { test(t, ctx) })
	})
}

// tellTurns makes a failing test tell what the tasks of its run did.
func tellTurns(t *testing.T, cfg *sim.Config) {
	if cfg.Trace == nil {
		cfg.Trace = &sim.Trace{}
	}
	trace := cfg.Trace
	t.Cleanup(func() {
		if text := trace.Text(maxTurns); t.Failed() && text != "" {
			t.Logf("%s:\n%s", turnsTitle, text)
		}
	})
}
