package anyiotest_test

import (
	"context"
	"math/rand/v2"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/sim"
)

// giveWayOften gives way n times.
func giveWayOften(ctx context.Context, n int) error {
	for range n {
		if err := anyio.Sleep(ctx, 0); err != nil {
			return err
		}
	}
	return nil
}

// What the seed does not decide is found in a few hundred schedules at most, whatever it is.
func TestSearchFindsThatATestIsNotDeterministic(t *testing.T) {
	for name, f := range map[string]func(t testing.TB, ctx context.Context){
		"the clock": func(t testing.TB, ctx context.Context) {
			begin, looks := time.Now(), 0
			_ = anyio.Sleep(ctx, time.Hour)
			for time.Since(begin) == 0 { // it may be coarse
				looks++
			}
			_ = anyio.Sleep(ctx, time.Since(begin)+time.Duration(looks))
		},
		"the order of a map": func(t testing.TB, ctx context.Context) {
			m := map[int]bool{}
			for n := range 50 {
				m[n] = true
			}
			for n := range m {
				_ = anyio.Sleep(ctx, time.Duration(n))
			}
		},
		"math/rand": func(t testing.TB, ctx context.Context) { _ = giveWayOften(ctx, rand.IntN(10)) },
		"native channels": func(t testing.TB, ctx context.Context) {
			a, b := make(chan int, 1), make(chan int, 1)
			a <- 1
			b <- 2
			for range 4 {
				select {
				case n := <-a:
					_ = giveWayOften(ctx, n)
					a <- n
				case n := <-b:
					_ = giveWayOften(ctx, n)
					b <- n
				}
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRecorder(t)
			r.run(func() { anyiotest.Search(r, f, anyiotest.Schedules(2000)) })
			r.wantFailure(t, "was another run when it was made again: the test is not deterministic", "is the first that differs:\n  once ", "anyio.Rand")
			r = newRecorder(t)
			r.run(func() { anyiotest.Search(r, f, anyiotest.Schedules(100), anyiotest.Differs("to see that it may")) })
			r.wantPass(t)
		})
	}
}

// Where two runs go apart is told by both tasks, with where they stand, and whose step was the
// last before.
func TestSearchTellsWhereRunsGoApart(t *testing.T) {
	var runs atomic.Int32
	r := newRecorder(t)
	r.run(func() {
		anyiotest.Search(r, func(t testing.TB, ctx context.Context) {
			n := runs.Add(1)
			var left, right anyio.Event
			together(t, ctx, func(ctx context.Context) error { return left.Wait(ctx) }, func(ctx context.Context) error { return right.Wait(ctx) }, func(ctx context.Context) error {
				if err := giveWayOften(ctx, 3); err != nil {
					return err
				}
				first, second := &left, &right
				if n%2 == 0 {
					first, second = second, first
				}
				first.Set()
				if err := giveWayOften(ctx, 1); err != nil {
					return err
				}
				second.Set()
				return nil
			})
		}, anyiotest.Strategies(sim.Choices([]byte{0, 0, 0, 0, 0, 0, 0, 0})))
	})
	r.wantFailure(t, "schedule 1 of choices", `task 2 "`, `task 3 "`, " at anyiotest/diverge_test.go:", `the step before it was of task 4 "`,
		"anyio.(*Event).Wait(", "TestSearchTellsWhereRunsGoApart.func1")
	if strings.Contains(r.text(), "/internal/") || strings.Count(r.text(), "\n") > 30 {
		t.Errorf("there is more than what the user has written:\n%s", r.text())
	}
	if m := regexp.MustCompile(`(?m)^  once .* task 2 .*\n  once .* task 3 |^  once .* task 3 .*\n  once .* task 2 `); !m.MatchString(r.text()) {
		t.Errorf("the two tasks are not side by side:\n%s", r.text())
	}
}

// A failure that depends on something else is no failure of the schedule.
func TestSearchTellsThatAFailureDoesNotComeBack(t *testing.T) {
	var runs atomic.Int32
	once := func(t testing.TB, ctx context.Context) {
		if runs.Add(1) == 5 {
			t.Error("the fifth")
		}
	}
	r := newRecorder(t)
	r.run(func() { anyiotest.Search(r, once) })
	r.wantFailure(t, "fails, but not when it is made again:\n", "the fifth", "the test is not deterministic:\nwhen made again and again, it was the same each time")
	runs.Store(0)
	r = newRecorder(t)
	r.run(func() { anyiotest.Search(r, once, anyiotest.Differs("it counts runs")) })
	r.wantFailure(t, "fails, but not when it is made again:\n", "the fifth")
	if strings.Contains(r.text(), "deterministic") {
		t.Errorf("though it may differ:\n%s", r.text())
	}
	runs.Store(0)
	r = newRecorder(t)
	r.run(func() {
		anyiotest.Search(r, func(t testing.TB, ctx context.Context) {
			if runs.Add(1)%2 == 0 {
				t.Error("every other")
			}
		})
	})
	r.wantFailure(t, "not deterministic", "no step differs, but once")
}

// A replay says why it is another run.
func TestReplayTellsWhyItIsAnotherRun(t *testing.T) {
	const steps = 5
	program := func(steps, tasks int) func(t testing.TB, ctx context.Context) {
		return func(t testing.TB, ctx context.Context) {
			var fs []func(ctx context.Context) error
			var last atomic.Int32
			for i := range tasks {
				fs = append(fs, func(ctx context.Context) error {
					err := giveWayOften(ctx, steps)
					last.Store(int32(i))
					return err
				})
			}
			together(t, ctx, fs...)
			if last.Load() == 0 {
				t.Error("the first was last")
			}
		}
	}
	r := newRecorder(t)
	r.run(func() { anyiotest.Search(r, program(steps, 2)) })
	r.wantFailure(t, "the first was last")
	found := replayToken.FindStringSubmatch(r.text())
	if found == nil {
		t.Fatal("the report has no schedule")
	}
	word := found[1]
	bare := word[:strings.LastIndexByte(word, '.')]
	for _, c := range []struct {
		name, word string
		f          func(t testing.TB, ctx context.Context)
		opts       []anyiotest.Option
		want       []string // nil: that it is the same
	}{
		{"the same", word, program(steps, 2), nil, nil},
		{"the same, without the stamp", bare, program(steps, 2), nil, nil},
		{"fewer steps", word, program(1, 2), nil, []string{"in the same order wherever the schedule says so", "the program is the same one: it was given other flags"}},
		{"fewer tasks", word, program(steps, 1), nil, []string{"a task goes on in the schedule that was not started"}},
		{"nothing", word, func(testing.TB, context.Context) {}, nil, []string{"it has not started a task"}},
		{"more tasks", word, program(steps, 3), nil, []string{"but not elsewhere"}},
		{"without the stamp", bare, program(1, 2), nil, []string{"has changed since, or runs with other options"}},
		{"another program", bare + ".AQIDBAUGBwg", program(1, 2), nil, []string{"the program has changed since, or was built in another way"}},
		{"another network", word, program(1, 2), []anyiotest.Option{anyiotest.SimConfig(func(c *sim.Config) { c.Network.Link.Loss = 0.5 })},
			[]string{"configured in another way"}},
		{"random", word, func(t testing.TB, ctx context.Context) { _ = giveWayOften(ctx, rand.IntN(1000)) }, nil, []string{"the test is not deterministic", "is the first that differs"}},
		{"random, and it may", word, func(t testing.TB, ctx context.Context) { _ = giveWayOften(ctx, rand.IntN(1000)) },
			[]anyiotest.Option{anyiotest.Differs("it is random")}, []string{"the runs of this test differ: it is random"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			setFlag(t, "anyio.replay", c.word)
			r := newRecorder(t)
			r.run(func() { anyiotest.Search(r, c.f, c.opts...) })
			if c.want != nil {
				r.wantFailure(t, append(c.want, "the run is not the one of the schedule")...)
				return
			}
			r.wantFailure(t, "the first was last")
			if strings.Contains(r.text(), "not the one") {
				t.Errorf("it is the same:\n%s", r.text())
			}
		})
	}
	setFlag(t, "anyio.replay", "s1.rubbish")
	r = newRecorder(t)
	r.run(func() { anyiotest.Search(r, program(1, 1)) })
	r.wantFailure(t, "it is not complete, or was changed")
}

// CheckDeterminism makes each run twice, and fails by what Search fails by.
func TestCheckDeterminism(t *testing.T) {
	var runs atomic.Int32
	r := newRecorder(t)
	r.run(func() {
		anyiotest.CheckDeterminism(r, func(t testing.TB, ctx context.Context) {
			runs.Add(1)
			_ = giveWayOften(ctx, anyio.Rand(ctx).IntN(10))
		})
	})
	r.wantPass(t)
	if n := runs.Load(); n != 200 {
		t.Errorf("%d runs of 100 schedules", n)
	}
	// What happens in one of a hundred runs is found though Search would hardly see it.
	runs.Store(0)
	r = newRecorder(t)
	r.run(func() {
		anyiotest.CheckDeterminism(r, func(t testing.TB, ctx context.Context) {
			if runs.Add(1) == 101 {
				_ = giveWayOften(ctx, 1)
			}
		})
	})
	r.wantFailure(t, "the test is not deterministic")
	r = newRecorder(t)
	r.run(func() { anyiotest.CheckDeterminism(r, bugs[0].test, anyiotest.Schedules(1000)) })
	r.wantFailure(t, bugs[0].words...)
	r = newRecorder(t)
	r.run(func() { anyiotest.CheckDeterminism(r, bugs[0].test, anyiotest.Differs("it does not matter")) })
	r.wantFailure(t, "leave either out")
}
