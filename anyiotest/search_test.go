package anyiotest_test

import (
	"context"
	"flag"
	"fmt"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/internal/testkit"
	"github.com/anyio-go/anyio/sim"
)

// A bug is a test that fails in some orders only, with what the report must say, and the
// most turns of tasks that it may show.
type bug struct {
	name  string
	words []string
	turns int
	test  func(t testing.TB, ctx context.Context)
}

// together runs functions as tasks.
func together(t testing.TB, ctx context.Context, fs ...func(ctx context.Context) error) {
	t.Helper()
	testkit.Must(t, anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
		for _, f := range fs {
			tg.Go(f)
		}
		return nil
	}))
}

var bugs = []bug{
	{"lost update", []string{"search_test.go:", "the counter is 3"}, 9, func(t testing.TB, ctx context.Context) {
		var n atomic.Int32
		add := func(ctx context.Context) error {
			for range 2 {
				old := n.Load()
				if err := anyio.Sleep(ctx, 0); err != nil {
					return err
				}
				n.Store(old + 1)
			}
			return nil
		}
		together(t, ctx, add, add)
		if n.Load() == 3 {
			t.Errorf("the counter is %d", n.Load())
		}
	}},
	{"two locks in both orders", []string{"deadlock", "Lock.Acquire"}, 8, func(t testing.TB, ctx context.Context) {
		var a, b anyio.Lock
		both := func(first, second *anyio.Lock) func(ctx context.Context) error {
			return func(ctx context.Context) error {
				return first.Do(ctx, func(ctx context.Context) error {
					return second.Do(ctx, func(ctx context.Context) error { return nil })
				})
			}
		}
		together(t, ctx, both(&a, &b), both(&b, &a))
	}},
	{"check, then act", []string{"claimed twice"}, 8, func(t testing.TB, ctx context.Context) {
		var claimed anyio.Event
		var claims atomic.Int32
		claim := func(context.Context) error {
			if !claimed.IsSet() {
				claimed.Set()
				if claims.Add(1) > 1 {
					t.Error("claimed twice")
				}
			}
			return nil
		}
		together(t, ctx, claim, claim)
	}},
	{"late timer", []string{"it took"}, 8, func(t testing.TB, ctx context.Context) {
		begin := anyio.Now(ctx)
		together(t, ctx, func(ctx context.Context) error {
			err := anyio.Sleep(ctx, time.Millisecond)
			if d := anyio.Now(ctx).Sub(begin); d > 3*time.Millisecond {
				t.Fatalf("it took %v", d)
			}
			return err
		}, func(ctx context.Context) error {
			for range 3 {
				if err := anyio.Sleep(ctx, 0); err != nil {
					return err
				}
			}
			return nil
		})
	}},
	{"panic in a task", []string{"panic: third", "search_test.go"}, 8, func(t testing.TB, ctx context.Context) {
		var n atomic.Int32
		together(t, ctx, func(ctx context.Context) error { n.Add(1); return nil },
			func(ctx context.Context) error { n.Add(1); return nil },
			func(ctx context.Context) error {
				if n.Load() == 2 {
					panic("third")
				}
				return nil
			})
	}},
	{"Fatal in a task", []string{"search_test.go:", "first of five"}, 12, func(t testing.TB, ctx context.Context) {
		var n atomic.Int32
		fs := make([]func(ctx context.Context) error, 5)
		for i := range fs {
			fs[i] = func(ctx context.Context) error {
				if n.Add(1) == 1 && i == 4 {
					t.Fatal("first of five")
				}
				return anyio.Sleep(ctx, time.Duration(i))
			}
		}
		together(t, ctx, fs...)
	}},
}

// turns counts the turns in a report.
func turns(text string) int { return strings.Count(text, "\n  00:00:") }

var replayToken = regexp.MustCompile(`-anyio\.replay=(\S+)`)

// setFlag sets a flag until the test ends.
func setFlag(t *testing.T, name, value string) {
	t.Helper()
	old := flag.Lookup(name).Value.String()
	testkit.Must(t, flag.Set(name, value))
	t.Cleanup(func() { _ = flag.Set(name, old) })
}

func TestSearchFindsShrinksAndReplays(t *testing.T) {
	for _, b := range bugs {
		t.Run(b.name, func(t *testing.T) {
			r := newRecorder(t)
			r.run(func() { anyiotest.Search(r, b.test, anyiotest.Schedules(5000)) })
			r.wantFailure(t, append(b.words, "replay: go test")...)
			if n := turns(r.text()); n == 0 || n > b.turns {
				t.Errorf("the report shows %d turns, want at most %d:\n%s", n, b.turns, r.text())
			}
			found := replayToken.FindStringSubmatch(r.text())
			if found == nil {
				t.Fatal("the report has no schedule")
			}
			setFlag(t, "anyio.replay", found[1])
			again := newRecorder(t)
			again.run(func() { anyiotest.Search(again, b.test) })
			again.wantFailure(t, b.words...)
			if strings.Contains(again.text(), "not the one of the schedule") {
				t.Errorf("the schedule is not followed:\n%s", again.text())
			}
			// A test that was mended since says that it is another one.
			other := newRecorder(t)
			other.run(func() {
				anyiotest.Search(other, func(t testing.TB, ctx context.Context) { testkit.Must(t, anyio.Sleep(ctx, 0)) })
			})
			other.wantFailure(t, "not the one of the schedule")
		})
	}
}

// What is reported fails in the way that was found, though simpler runs fail in another. What
// differs in numbers only is the same failure.
func TestSearchShrinksToTheSameFailure(t *testing.T) {
	r := newRecorder(t)
	var runs atomic.Int32
	r.run(func() {
		anyiotest.Search(r, func(t testing.TB, ctx context.Context) {
			n := runs.Add(1)
			var first atomic.Int32
			tell := func(n int32) func(ctx context.Context) error {
				return func(ctx context.Context) error {
					for range 3 {
						first.CompareAndSwap(0, n)
						if err := anyio.Sleep(ctx, 0); err != nil {
							return err
						}
					}
					return nil
				}
			}
			together(t, ctx, tell(1), tell(2), tell(3))
			if first.Load() == 3 {
				t.Error(fmt.Errorf("run %d: the third was first", n))
			} else {
				t.Error(fmt.Errorf("run %d: another was first", n))
			}
		}, anyiotest.Strategies(sim.Choices([]byte{2, 0, 1, 0, 1, 0, 1, 1, 0})), anyiotest.Schedules(10_000))
	})
	r.wantFailure(t, "the third was first")
	if n := turns(r.text()); strings.Contains(r.text(), "another") || n > 5 {
		t.Errorf("the report shows %d turns, want those of one failure, at most 5:\n%s", n, r.text())
	}
	if n := runs.Load(); n > 100 {
		t.Errorf("%d runs, though the first has failed", n)
	}
}

func TestSearchWithoutAFailure(t *testing.T) {
	r := newRecorder(t)
	var runs atomic.Int32
	r.run(func() {
		anyiotest.Search(r, func(t testing.TB, ctx context.Context) {
			runs.Add(1)
			t.Log("not to be seen")
			together(t, ctx, func(ctx context.Context) error { return anyio.Sleep(ctx, 0) }, func(ctx context.Context) error { return anyio.Sleep(ctx, 0) })
		}, anyiotest.Schedules(300))
	})
	r.wantPass(t)
	r.wantLog(t, "no failure in 300 schedules, ")
	if n := runs.Load(); n != 310 || // the first one and each 31st are made twice
		strings.Contains(r.text(), "not to be seen") {
		t.Errorf("%d runs:\n%s", n, r.text())
	}
	var ran, different int
	if _, err := fmt.Sscanf(r.text(), "no failure in %d schedules, %d of them different", &ran, &different); err != nil || different < 20 || different >= 300 {
		t.Errorf("%d schedules are different: %v", different, err)
	}
}

// The number of schedules, the strategies and what is set by the test are kept to.
func TestSearchKeepsToItsOptions(t *testing.T) {
	var mu sync.Mutex
	models := map[sim.Model]int{}
	profiles := map[*sim.Profile]bool{}
	unknown := 0
	strategies := map[string]int{}
	r := newRecorder(t)
	r.run(func() {
		anyiotest.Search(r, func(t testing.TB, ctx context.Context) { _ = anyio.Sleep(ctx, 0) }, anyiotest.Schedules(64),
			anyiotest.Strategies(sim.PCT(4), sim.URW()),
			anyiotest.SimConfig(func(c *sim.Config) {
				mu.Lock()
				defer mu.Unlock()
				models[c.Model]++
				if c.Profile == nil {
					unknown++
				}
				profiles[c.Profile] = true
				strategies[c.Strategy.String()]++
			}))
	})
	r.wantPass(t)
	if unknown != 1 {
		t.Errorf("%d runs have no profile of the first", unknown)
	}
	if len(profiles) != 3 { // of none, of the first run, of the first one in the other model
		t.Errorf("%d profiles are used", len(profiles))
	}
	if models[sim.EventLoop] != 32 || models[sim.Goroutines] != 32 || strategies["pct(4)"] != 32 || strategies["urw"] != 32 {
		t.Errorf("models %v, strategies %v", models, strategies)
	}
}

// A strategy that has runs watched has the first ones, whose profiles all others use; not if
// there are no others, or none has.
func TestSearchWatchesTheFirstRuns(t *testing.T) {
	looks, blind := []sim.Strategy{sim.PCT(1), sim.URW(), sim.SURW()}, []sim.Strategy{sim.PCT(1), sim.URW(), sim.Choices([]byte{1})}
	for _, c := range []struct {
		strategies []sim.Strategy
		schedules  int
		want       string
	}{
		{looks, 24, "surw"}, {looks, 2, "pct(1)"}, {blind, 24, "pct(1)"}, {[]sim.Strategy{sim.URW(), sim.POS()}, 24, "pos"}, {nil, 24, "surw"}, {nil, 1, "urw"},
	} {
		first, all := [2]string{}, map[string]int{}
		var mu sync.Mutex
		r := newRecorder(t)
		opts := []anyiotest.Option{anyiotest.Schedules(c.schedules), anyiotest.SimConfig(func(cfg *sim.Config) {
			mu.Lock()
			defer mu.Unlock()
			name := cfg.Strategy.String()
			all[name]++
			if cfg.Seed < 2 {
				first[cfg.Seed] = name
			}
		})}
		if c.strategies != nil {
			opts = append(opts, anyiotest.Strategies(c.strategies...))
		}
		r.run(func() {
			anyiotest.Search(r, func(t testing.TB, ctx context.Context) { _ = anyio.Sleep(ctx, 0) }, opts...)
		})
		r.wantPass(t)
		if first[0] != c.want || c.schedules > 1 && first[1] != c.want {
			t.Errorf("%v, %d schedules: the first are by %v, want %s", c.strategies, c.schedules, first, c.want)
		}
		for name, n := range all { // they still take turns
			if c.schedules == 24 && c.strategies != nil && n != 24/len(c.strategies) {
				t.Errorf("%v: %d of 24 are by %s", c.strategies, n, name)
			}
		}
	}
}

// With a time it goes on until that has passed.
func TestSearchForATime(t *testing.T) {
	setFlag(t, "anyio.search", "50ms")
	r := newRecorder(t)
	begin := time.Now()
	r.run(func() {
		anyiotest.Search(r, func(t testing.TB, ctx context.Context) { _ = anyio.Sleep(ctx, 0) }, anyiotest.Schedules(1))
	})
	r.wantPass(t)
	if d := time.Since(begin); d < 50*time.Millisecond || strings.Contains(r.text(), " 1 schedules") {
		t.Errorf("%v: %s", d, r.text())
	}
}

func FuzzClaims(f *testing.F) {
	f.Add(uint64(1), []byte{1, 2, 3})
	anyiotest.Fuzz(f, func(t testing.TB, ctx context.Context) {
		var lock anyio.Lock
		n := 0
		add := func(ctx context.Context) error {
			return lock.Do(ctx, func(ctx context.Context) error {
				old := n
				err := anyio.Sleep(ctx, 0)
				n = old + 1
				return err
			})
		}
		together(t, ctx, add, add, add)
		if n != 3 {
			t.Errorf("the counter is %d", n)
		}
	})
}
