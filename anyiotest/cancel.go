package anyiotest

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/sim"
)

// A Scenario is a piece of work whose behavior under cancellation is tested.
type Scenario struct {
	// SetUp, if not nil, makes what Body needs, outside the scope that is canceled.
	SetUp func(ctx context.Context) error
	// Body is the work. It runs in a cancel scope of its own.
	Body func(ctx context.Context) error
	// Check looks, after Body and outside its scope, whether all is well: that
	// nothing is lost, nothing doubled, everything can be used again. err is Body's
	// error without the cancellation that the scope removed. A nil Check wants err
	// to be nil.
	Check func(ctx context.Context, err error) error
}

// A CancelReport tells what CancelEverywhere did.
type CancelReport struct {
	Seeds  int // that were tried
	Points int // executions that were canceled, over all seeds
	Failed bool
}

// cancelSteps limits the steps of one execution, so that a livelock is soon seen.
const cancelSteps = 1_000_000

// CancelEverywhere runs a scenario in the simulator again and again, canceling it
// once at each of its schedule points: before it begins, then before its first
// step, its second, until it completes; all that for several seeds. After each
// execution no task and no open scope may be left, and the scenario's own check
// must hold. The first failure fails the test, with the command that repeats it.
//
// newScenario makes everything that one execution uses anew. A scenario must take
// the same steps each time: time, chance and order come from the simulator. If the
// options leave the simulator out, the test is skipped.
func CancelEverywhere(t testing.TB, newScenario func() Scenario, opts ...Option) CancelReport {
	t.Helper()
	return cancelEverywhere(t, newScenario, *cancelAtFlag, opts)
}

// cancelEverywhere cancels only at point only if that is not negative.
func cancelEverywhere(t testing.TB, newScenario func() Scenario, only int, opts []Option) CancelReport {
	t.Helper()
	var report CancelReport
	p, err := newPlan(opts, "sim", *seedsFlag, *modelFlag)
	if err != nil {
		t.Fatal(err)
	}
	p.needSim(t, "CancelEverywhere")
	for _, seed := range p.seeds {
		report.Seeds++
		fail := func(in *injector, problem error) CancelReport {
			report.Failed = true
			t.Errorf("seed %d, %s: %v\nreplay: %s -anyio.cancelat=%d", seed, in, problem, p.replay(t.Name(), seed), in.at)
			return report
		}
		whole := &injector{at: -1}
		if problem := p.cancelOnce(t, whole, seed, newScenario()); problem != nil {
			return fail(whole, problem)
		}
		if whole.points > p.maxPoints {
			return fail(whole, fmt.Errorf("the scenario has %d schedule points, more than %d: make it smaller or set MaxPoints", whole.points, p.maxPoints))
		}
		for at := range whole.points + 1 {
			if only >= 0 && at != only {
				continue
			}
			in := &injector{at: at}
			problem := p.cancelOnce(t, in, seed, newScenario())
			if problem == nil && !in.fired {
				problem = fmt.Errorf("the scenario took %d steps this time, %d before: it depends on something else than the seed", in.points, whole.points)
			}
			if problem != nil {
				return fail(in, problem)
			}
			report.Points++
		}
	}
	t.Logf("canceled at %d schedule points over %d seeds", report.Points, report.Seeds)
	return report
}

// cancelOnce runs the scenario once and returns what is wrong.
func (p *plan) cancelOnce(t testing.TB, in *injector, seed uint64, s Scenario) (problem error) {
	t.Helper()
	ended := false
	defer func() {
		t.Helper()
		if v := recover(); v != nil {
			problem = v.(error) // an *anyio.PanicError, with the stack
		} else if !ended { // Fatal: the goroutine exits
			t.Logf("seed %d, %s: the scenario ended the test", seed, in)
		}
	}()
	cfg := p.simConfig(seed)
	if cfg.MaxSteps == 0 {
		cfg.MaxSteps = cancelSteps
	}
	problem = anyio.Run(context.Background(), func(ctx context.Context) error {
		if s.SetUp != nil {
			if err := s.SetUp(ctx); err != nil {
				return fmt.Errorf("set-up: %w", err)
			}
		}
		left := ""
		err := anyio.WithCancelScope(ctx, func(ctx context.Context, _ *anyio.CancelScope) error {
			err := in.around(ctx, s.Body)
			left = endLeftTasks(ctx)
			return err
		})
		if left != "" {
			return errors.New("the body has returned, but these tasks still exist:\n" + left)
		}
		var misuse *anyio.MisuseError
		if s.Check == nil || errors.As(err, &misuse) {
			return err
		}
		return s.Check(ctx, err)
	}, p.on(intruded{sim.New(cfg), in}, t.Name())...)
	ended = true
	return problem
}
