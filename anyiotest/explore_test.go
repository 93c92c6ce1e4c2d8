package anyiotest_test

import (
	"context"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/internal/testkit"
	"github.com/anyio-go/anyio/lowlevel"
	"github.com/anyio-go/anyio/sim"
)

// explored runs Explore for a recorder.
func explored(t *testing.T, f func(t testing.TB, ctx context.Context), opts ...anyiotest.Option) (*recorder, bool) {
	t.Helper()
	r := newRecorder(t)
	all := false
	r.run(func() { all = anyiotest.Explore(r, f, opts...) })
	return r, all
}

// Five tasks in every order of their first steps: there are 120, of which one fails.
func TestExploreFindsTheOneOrderThatFails(t *testing.T) {
	f := func(t testing.TB, ctx context.Context) {
		var lock anyio.Lock // its order is that of the tasks
		var order []byte
		fs := make([]func(ctx context.Context) error, 5)
		for i := range fs {
			fs[i] = func(context.Context) error {
				if err := lock.TryAcquire(); err != nil {
					return nil
				}
				defer lock.Release()
				order = append(order, byte('a'+i))
				return nil
			}
		}
		together(t, ctx, fs...)
		if string(order) == "ebdca" {
			t.Errorf("the order is %s", order)
		}
	}
	// In the model of an event loop no task meets another one that holds the lock.
	eventLoop := anyiotest.SimConfig(func(c *sim.Config) { c.Model = sim.EventLoop })
	for name, opts := range map[string][]anyiotest.Option{
		"unreduced": {eventLoop}, "reduced": {},
	} {
		r, all := explored(t, f, append(opts, anyiotest.Schedules(50_000))...)
		r.wantFailure(t, "the order is ebdca", "replay: go test")
		found := replayToken.FindStringSubmatch(r.text())
		if all || found == nil {
			t.Fatalf("%s: all schedules: %t, the report has no schedule:\n%s", name, all, r.text())
		}
		t.Run("replay "+name, func(t *testing.T) {
			setFlag(t, "anyio.replay", found[1])
			again, _ := explored(t, f)
			again.wantFailure(t, "the order is ebdca")
		})
	}
}

func TestExploreSaysWhatItHasSeen(t *testing.T) {
	var mu sync.Mutex
	runs := 0
	f := func(t testing.TB, ctx context.Context) {
		mu.Lock()
		runs++
		mu.Unlock()
		var a, b anyio.Event
		together(t, ctx, func(context.Context) error { a.Set(); return nil }, func(context.Context) error { b.Set(); return nil })
	}
	eventLoop := anyiotest.SimConfig(func(c *sim.Config) { c.Model = sim.EventLoop })
	for _, c := range []struct {
		opts []anyiotest.Option
		all  bool
		log  string
		runs int
	}{
		{nil, true, "no failure in 1 schedules, which stand for all, and 0 runs in vain (", 1},
		{[]anyiotest.Option{eventLoop}, true, "no failure in all 2 schedules (", 2},
		{[]anyiotest.Option{anyiotest.MaxPreemptions(0)}, true, "of at most 0 preemptions (", 0},
		{[]anyiotest.Option{anyiotest.MaxDelays(1)}, true, "of at most 1 delays (", 0},
		{[]anyiotest.Option{anyiotest.MaxSteps(2)}, true, "no failure in all 1 schedules up to 2 steps, 1 of them longer (", 1},
		{[]anyiotest.Option{anyiotest.MaxSteps(1000), eventLoop}, true, "no failure in all 2 schedules (", 2},
		{[]anyiotest.Option{anyiotest.Unreduced(), anyiotest.Schedules(3)}, false, "no failure in 3 schedules, which are not all", 0},
	} {
		runs = 0
		r, all := explored(t, f, c.opts...)
		r.wantPass(t)
		r.wantLog(t, c.log)
		if all != c.all || c.runs > 0 && runs != c.runs {
			t.Errorf("%d runs, all schedules: %t, want %d, %t:\n%s", runs, all, c.runs, c.all, r.text())
		}
	}
}

// A program that is another one each time cannot be explored.
func TestExploreWantsTheSameProgram(t *testing.T) {
	var runs atomic.Int64
	r, all := explored(t, func(t testing.TB, ctx context.Context) {
		n := runs.Add(1)
		pass := func(ctx context.Context) error {
			for range n {
				if err := lowlevel.Checkpoint(ctx); err != nil {
					return err
				}
			}
			return nil
		}
		if n%2 == 0 {
			together(t, ctx, pass)
		} else {
			together(t, ctx, pass, pass)
		}
	}, anyiotest.Unreduced())
	r.wantFailure(t, "does not do the same when it is given the same choices", "of two runs with one seed step ", "is the first that differs:", "explore_test.go:")
	if all {
		t.Error("all schedules were seen")
	}
}

func TestExploreOptions(t *testing.T) {
	f := func(testing.TB, context.Context) {}
	r, _ := explored(t, f, anyiotest.MaxPreemptions(-1))
	r.wantFailure(t, "MaxPreemptions(-1)")
	r, _ = explored(t, f, anyiotest.MaxDelays(-1))
	r.wantFailure(t, "MaxDelays(-1)")
	r, _ = explored(t, f, anyiotest.MaxSteps(0))
	r.wantFailure(t, "MaxSteps(0)")
	r, _ = explored(t, f, anyiotest.SimConfig(func(c *sim.Config) { c.StepTime.Max = 1 }))
	r.wantFailure(t, "StepTime with the Strategy of an Explorer")
	r, _ = explored(t, f, anyiotest.Skip("sim", "not today"))
	if !strings.Contains(r.text(), "not today") {
		t.Error(r.text())
	}
	r, _ = explored(t, func(t testing.TB, ctx context.Context) { t.Skip("not here") })
	if !strings.Contains(r.text(), "not here") {
		t.Error(r.text())
	}
	r, _ = explored(t, func(t testing.TB, ctx context.Context) { testkit.Must(t, anyio.Sleep(ctx, 0)) })
	r.wantPass(t)
}

// On any number of processors as many schedules are made, and the same one is found to fail.
// How much simpler it then becomes depends on the time that there is.
func TestExploreIsTheSameOnAnyNumberOfProcessors(t *testing.T) {
	takes := func(fails func(order string) bool) func(t testing.TB, ctx context.Context) {
		return func(t testing.TB, ctx context.Context) {
			var lock anyio.Lock
			var order []byte
			fs := make([]func(ctx context.Context) error, 4)
			for i := range fs {
				fs[i] = func(ctx context.Context) error {
					return lock.Do(ctx, func(context.Context) error { order = append(order, byte('a'+i)); return nil })
				}
			}
			together(t, ctx, fs...)
			if fails(string(order)) {
				t.Errorf("the order is %s", order)
			}
		}
	}
	outcome := regexp.MustCompile(`no failure in [^(\n]*|schedule [0-9]+ of explorer fails`)
	for name, fails := range map[string]func(order string) bool{
		"none fails": func(string) bool { return false },
		"one fails":  func(order string) bool { return order == "cbda" },
		"many fail":  func(order string) bool { return order[0] != 'a' },
	} {
		for _, opts := range [][]anyiotest.Option{{}, {anyiotest.MaxPreemptions(1)}, {anyiotest.Schedules(20)}} {
			var want string
			for _, procs := range []int{1, 2, 8} {
				before := runtime.GOMAXPROCS(procs)
				r, _ := explored(t, takes(fails), opts...)
				runtime.GOMAXPROCS(before)
				got := outcome.FindString(r.text())
				if want == "" {
					want = got
				}
				if got != want || got == "" {
					t.Errorf("%s: on %d processors the outcome is %q, on one %q:\n%s", name, procs, got, want, r.text())
				}
			}
		}
	}
}

// What one of Search and Explore cannot follow it does not leave out in silence.
func TestSearchAndExploreRefuseEachOthersOptions(t *testing.T) {
	f := func(t testing.TB, ctx context.Context) {}
	for name, opt := range map[string]anyiotest.Option{
		"Unreduced": anyiotest.Unreduced(), "MaxPreemptions": anyiotest.MaxPreemptions(0),
		"MaxDelays": anyiotest.MaxDelays(1), "MaxSteps": anyiotest.MaxSteps(9),
	} {
		r := newRecorder(t)
		r.run(func() { anyiotest.Search(r, f, opt) })
		r.wantFailure(t, "anyiotest: Search with "+name+", which is an option of Explore")
	}
	for name, opt := range map[string]anyiotest.Option{
		"Strategies": anyiotest.Strategies(sim.Random()), "CollectFailures": anyiotest.CollectFailures(3), "Faults": anyiotest.Faults(sim.Faults{}),
	} {
		r := newRecorder(t)
		r.run(func() { anyiotest.Explore(r, f, opt) })
		r.wantFailure(t, "anyiotest: Explore with "+name+", which is an option of Search")
	}
}

// A configuration with which no run can begin is told as that: the test is neither made
// simpler nor found to differ, and there is nothing to be made again.
func TestWrongConfigurationsAreTold(t *testing.T) {
	f := func(t testing.TB, ctx context.Context) {}
	search := func(opts ...anyiotest.Option) func(t testing.TB) {
		return func(t testing.TB) { anyiotest.Search(t, f, append(opts, anyiotest.Schedules(20))...) }
	}
	config := func(change func(c *sim.Config)) anyiotest.Option { return anyiotest.SimConfig(change) }
	for want, run := range map[string]func(t testing.TB){
		"sim.PCT(0): the depth must be":    search(anyiotest.Strategies(sim.PCT(0))),
		"sim.Faults: Max is -1":            search(anyiotest.Faults(sim.Faults{Max: -1})),
		"sim.Faults: there is no FaultKin": search(anyiotest.Faults(sim.Faults{Kinds: []sim.FaultKind{99}})),
		`Replay: schedule "s1.x"`:          search(config(func(c *sim.Config) { c.Replay = "s1.x" })),
		"StepTime from 7ns to 5ns":         search(config(func(c *sim.Config) { c.StepTime = sim.Range{Min: 7, Max: 5} })),
		"StepTime with the Strategy": func(t testing.TB) {
			anyiotest.Explore(t, f, config(func(c *sim.Config) { c.StepTime.Max = 5 }))
		},
	} {
		r := newRecorder(t)
		r.run(func() { run(r) })
		r.wantFailure(t, "cannot be tried:", want)
		for _, not := range []string{"deterministic", "simpler", "replay:"} {
			if text := r.text(); strings.Contains(text, not) {
				t.Errorf("%s: there is %q in\n%s", want, not, text)
			}
		}
	}
	r := newRecorder(t)
	r.run(func() { anyiotest.Search(r, f, anyiotest.SimConfig(nil)) })
	r.wantFailure(t, "anyiotest: SimConfig(nil): it needs a function")
}

// What runs in the simulator only is skipped where the options leave that out.
func TestSearchNeedsTheSimulator(t *testing.T) {
	f := func(t testing.TB, ctx context.Context) { t.Error("it runs") }
	for want, opt := range map[string]anyiotest.Option{"because": anyiotest.Skip("sim", "because"), "which this test does not use": anyiotest.Only("parallel")} {
		for _, call := range []func(t testing.TB){
			func(t testing.TB) { anyiotest.Search(t, f, opt) },
			func(t testing.TB) { anyiotest.Explore(t, f, opt) },
			func(t testing.TB) { anyiotest.CheckDeterminism(t, f, opt) },
		} {
			r := newRecorder(t)
			if r.run(func() { call(r) }); !r.skipped || r.Failed() || !strings.Contains(r.text(), want) {
				t.Errorf("skipped: %t, failed: %t, %s, want %q", r.skipped, r.Failed(), r.text(), want)
			}
		}
	}
}

// A test that polls in an order in which nobody else has a turn does not go on for ever, but
// fails, and the report says what to do. With the option it is explored.
func TestExploreEndsWhereSomebodyPolls(t *testing.T) {
	polls := func(t testing.TB, ctx context.Context) {
		var done anyio.Event
		together(t, ctx, func(ctx context.Context) error {
			for !done.IsSet() {
				if err := lowlevel.Checkpoint(ctx); err != nil {
					return err
				}
			}
			return nil
		}, func(context.Context) error { done.Set(); return nil })
	}
	r, all := explored(t, polls)
	r.wantFailure(t, "livelock: the run made 100000 steps", "a test that polls has schedules without end: the option MaxSteps", "-anyio.replay=")
	if all {
		t.Error("all schedules were seen")
	}
	if r, all = explored(t, polls, anyiotest.MaxSteps(8)); r.Failed() || !all {
		t.Errorf("with a bound, all: %t\n%s", all, r.text())
	}
}
