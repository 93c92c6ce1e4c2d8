package anyiotest

import (
	"context"
	"io"
	"testing"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/kernel"
	"github.com/anyio-go/anyio/sim"
)

// For the tests in package anyiotest_test.
var (
	ParseBackends = parseBackends
	ParseSeeds    = parseSeeds
	ParseStat     = parseStat
	TestCommand   = testCommand
	WatchMargin   = watchMargin
	MainWith      = mainWith
	OpenFiles     = openFiles
)

// IgnoresStack reports whether no goroutine with this stack is a leak.
func IgnoresStack(stack string) bool { return newLeakConfig(nil).ignoresStack(stack) }

// Execute is what one subtest of Run does.
func Execute(t testing.TB, replay string, body func(ctx context.Context), opts ...anyio.RunOption) {
	execute(t, opts, replay, body)
}

// CheckPlan tells what Run would choose.
func CheckPlan(backends, seeds string, opts ...Option) (names []string, numbers []uint64, err error) {
	p, err := newPlan(opts, backends, seeds, "")
	if err != nil {
		return nil, nil, err
	}
	return p.backends, p.seeds, nil
}

// FailureKey is how Search knows in which way a test fails.
func FailureKey(t testing.TB, f func(t testing.TB, ctx context.Context)) string {
	p, err := newPlan(nil, "sim", "", "")
	if err != nil {
		t.Fatal(err)
	}
	key, _ := newSearch(t, p, f).again(sim.Config{Strategy: sim.Random(), StepTimeout: 20 * time.Millisecond, MaxSteps: 10_000}).verdict()
	return key
}

// CheckModel is the model that Run would simulate, and the command for a replay.
func CheckModel(model string, opts ...Option) (m sim.Model, replay string, err error) {
	p, err := newPlan(opts, "", "", model)
	if err != nil {
		return 0, "", err
	}
	return p.simConfig(7).Model, p.replay("TestX", 7), nil
}

// CancelOnlyAt is CancelEverywhere with -anyio.cancelat.
func CancelOnlyAt(t testing.TB, at int, newScenario func() Scenario, opts ...Option) CancelReport {
	return cancelEverywhere(t, newScenario, at, opts)
}

// Watch is what Run does about the deadline of go test.
func Watch(t testing.TB, ctx context.Context, out io.Writer) (stop func()) {
	return watchTo(out, t, kernel.Locate(ctx).Run())
}

// CheckObjectRule applies one rule of TestObjectStream.
func CheckObjectRule(t testing.TB, ctx context.Context, name string, makePair MakeObjectPair) {
	for _, rule := range objectRules {
		if name == rule.name {
			rule.apply(t, ctx, makePair)
			return
		}
	}
	t.Fatalf("no such rule: %s", name)
}

// CancelObjectStream is the last subtest of TestObjectStream.
func CancelObjectStream(t testing.TB, makePair MakeObjectPair) { cancelObjectStream(t, makePair, nil) }

// CheckByteRule applies one rule of TestByteStream.
func CheckByteRule(t testing.TB, ctx context.Context, name string, makePair MakeBytePair, opts ...Option) {
	for _, rule := range byteRules {
		if name == rule.name {
			rule.apply(t, ctx, makePair, opts)
			return
		}
	}
	t.Fatalf("no such rule: %s", name)
}

// ByteRules are the names of the rules.
func ByteRules() (names []string) {
	for _, rule := range byteRules {
		names = append(names, rule.name)
	}
	return names
}

// CancelByteStream is the last subtest of TestByteStream.
func CancelByteStream(t testing.TB, makePair MakeBytePair) { cancelByteStream(t, makePair, nil) }
