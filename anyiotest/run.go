package anyiotest

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/kernel"
	"github.com/anyio-go/anyio/internal/race"
	"github.com/anyio-go/anyio/sim"
)

// Run runs f as the main task of a run on every backend, in the subtests
// "parallel", "eventloop" and "sim/seed=1", "sim/seed=2", ….
//
// All of testing.T may be used in f and in the tasks that it starts: Fatal and
// Skip in a task cancel its group and end the test. Only t.Run has to stay
// outside: on a loop, a subtest would wait for a loop that waits for it. When f
// has returned, its fixtures are torn down and no task is left.
//
// A run that cannot go on fails the test with the report of its
// sim.DeadlockError; a failing seed prints the command that replays it; and a
// test that is still running shortly before the deadline of go test prints its
// tasks. The flags -anyio.backends and -anyio.seeds choose what is run.
func Run(t *testing.T, f func(t *testing.T, ctx context.Context), opts ...Option) {
	t.Helper()
	p, err := newPlan(opts, *backendsFlag, *seedsFlag, *modelFlag)
	if err != nil {
		t.Fatal(err)
	}
	if len(p.backends) == 0 {
		t.Skipf("runs only on %s, which -anyio.backends=%s leaves out", strings.Join(p.only, ", "), *backendsFlag)
	}
	for _, name := range p.backends {
		t.Run(name, func(t *testing.T) {
			if why, ok := p.skips[name]; ok {
				t.Skip(why)
			}
			if name == "sim" {
				p.eachSeed(t, f)
				return
			}
			b, err := anyio.BackendByName(name)
			if err != nil {
				t.Fatal(err)
			}
			execute(t, p.on(b, t.Name()), "", func(ctx context.Context) { f(t, ctx) })
		})
	}
}

// simulates reports whether a test runs in the simulator.
func simulates(ctx context.Context) bool { return kernel.Locate(ctx).Run().Backend.Name() == "sim" }

func (p *plan) eachSeed(t *testing.T, f func(t *testing.T, ctx context.Context)) {
	for _, seed := range p.seeds {
		t.Run(fmt.Sprintf("seed=%d", seed), func(t *testing.T) {
			cfg := p.simConfig(seed)
			keepPage(t, &cfg)
			execute(t, p.on(sim.New(cfg), t.Name()), p.replay(t.Name(), seed), func(ctx context.Context) { f(t, ctx) })
		})
	}
}

// replay is the command line that runs a test again with a seed.
func (p *plan) replay(test string, seed uint64) string {
	model := ""
	if p.model != sim.EventLoop {
		model = fmt.Sprintf(" -anyio.model=%v", p.model)
	}
	return fmt.Sprintf("%s%s -anyio.seeds=%d", testCommand(test), model, seed)
}

// testCommand is the command line that runs one test or subtest again.
func testCommand(name string) string {
	parts := strings.Split(name, "/")
	for i, part := range parts {
		parts[i] = "^" + regexp.QuoteMeta(part) + "$"
	}
	detector := ""
	if race.Enabled {
		detector = " -race"
	}
	return fmt.Sprintf("go test%s -run '%s'", detector, strings.ReplaceAll(strings.Join(parts, "/"), "'", `'\''`))
}
