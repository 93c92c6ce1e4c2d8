//anyiovet:ignore scopeend what is left open is found out

package anyiotest_test

import (
	"context"
	"fmt"
	"os"
	"reflect"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/internal/testkit"
)

// All that one run is given is its own, and ends with it.
func TestSearchGivesEachRunItsOwnTest(t *testing.T) {
	var mu sync.Mutex
	dirs := map[string]bool{}
	order := map[string]bool{}
	r := newRecorder(t)
	r.run(func() {
		anyiotest.Search(r, func(t testing.TB, ctx context.Context) {
			dir := t.TempDir()
			testkit.Must(t, os.WriteFile(dir+"/x", nil, 0o600))
			var log strings.Builder
			t.Cleanup(func() {
				mu.Lock()
				defer mu.Unlock()
				order[log.String()] = true
			})
			t.Cleanup(func() { log.WriteString("first ") })
			t.Cleanup(func() { log.WriteString("second "); runtime.Goexit() })
			t.Cleanup(func() { log.WriteString("third ") })
			mu.Lock()
			defer mu.Unlock()
			if dirs[dir] {
				t.Errorf("%s has two runs", dir)
			}
			dirs[dir] = true
			if t.Failed() || t.Skipped() || t.Name() != "TestRecorded/sim" || t.Context().Err() != nil {
				t.Errorf("failed %v, skipped %v, name %s", t.Failed(), t.Skipped(), t.Name())
			}
		}, anyiotest.Schedules(20))
	})
	r.wantPass(t)
	if len(dirs) != 21 || // the first one is made twice
		len(order) != 1 || !order["third second first "] {
		t.Errorf("%d directories, cleanups in the orders %v", len(dirs), order)
	}
	for dir := range dirs {
		if _, err := os.Stat(dir); err == nil {
			t.Errorf("%s is left", dir)
		}
	}
}

// A run in which something calls runtime.Goexit, and no more, has not passed.
func TestSearchFailsByGoexit(t *testing.T) {
	for name, f := range map[string]func(t testing.TB, ctx context.Context){
		"the test": func(testing.TB, context.Context) { runtime.Goexit() },
		"a task": func(t testing.TB, ctx context.Context) {
			together(t, ctx, func(ctx context.Context) error { runtime.Goexit(); return nil })
		},
	} {
		r := newRecorder(t)
		r.run(func() { anyiotest.Search(r, f) })
		r.wantFailure(t, "schedule 1 ", "runtime.Goexit was called")
		if t.Failed() {
			t.Errorf("by %s", name)
		}
	}
}

// A run that fails and then skips has failed.
func TestSearchFailsBeforeItSkips(t *testing.T) {
	r := newRecorder(t)
	r.run(func() {
		anyiotest.Search(r, func(t testing.TB, ctx context.Context) {
			t.Error("wrong")
			t.Skip("not today")
		})
	})
	r.wantFailure(t, "schedule 1 ", "wrong", "not today")
	if r.skipped {
		t.Error("the test is skipped")
	}
}

// What the run itself tells has no place in this package.
func TestSearchTellsOfTheRunWithoutAPlace(t *testing.T) {
	r := newRecorder(t)
	r.run(func() {
		anyiotest.Search(r, func(t testing.TB, ctx context.Context) { _ = new(anyio.Event).Wait(ctx) })
	})
	r.wantFailure(t, ":\nthe run ended with an error: anyio: deadlock")
	r = newRecorder(t)
	r.run(func() {
		anyiotest.Search(r, func(t testing.TB, ctx context.Context) {
			_, tg := anyio.OpenTaskGroup(ctx)
			tg.Go(func(ctx context.Context) error { return anyio.Sleep(ctx, time.Hour) })
		})
	})
	r.wantFailure(t, "\nthe test is over, but these tasks still exist")
}

// A run that skips is no failure; if the first one does, the test is skipped.
func TestSearchSkips(t *testing.T) {
	r := newRecorder(t)
	r.run(func() {
		anyiotest.Search(r, func(t testing.TB, ctx context.Context) { t.Skipf("not on a %s", "Tuesday") })
	})
	r.wantPass(t)
	r.wantLog(t, "not on a Tuesday")
	if !r.skipped {
		t.Error("the test is not skipped")
	}
	r = newRecorder(t)
	var runs atomic.Int32
	r.run(func() {
		anyiotest.Search(r, func(t testing.TB, ctx context.Context) {
			if runs.Add(1) > 1 {
				t.SkipNow()
			}
		}, anyiotest.Schedules(50))
	})
	r.wantPass(t)
	if runs.Load() != 52 || r.skipped {
		t.Errorf("%d runs, skipped: %v", runs.Load(), r.skipped)
	}
	r = newRecorder(t)
	r.run(func() {
		anyiotest.Search(r, func(testing.TB, context.Context) {}, anyiotest.Skip("sim", "no need"))
	})
	if !r.skipped {
		t.Error("the option Skip does not skip")
	}
}

func TestSearchRefusesWhatAllRunsWouldShare(t *testing.T) {
	for _, c := range []struct {
		name string
		do   func(t testing.TB)
	}{
		{"Setenv", func(t testing.TB) { t.Setenv("X", "y") }},
		{"Chdir", func(t testing.TB) { t.Chdir("/") }},
	} {
		r := newRecorder(t)
		r.run(func() { anyiotest.Search(r, func(t testing.TB, ctx context.Context) { c.do(t) }) })
		r.wantFailure(t, c.name, "its runs share the process")
	}
	for want, o := range map[string]anyiotest.Option{
		"Schedules(0): at least one":             anyiotest.Schedules(0),
		"Strategies needs at least one strategy": anyiotest.Strategies(),
	} {
		r := newRecorder(t)
		r.run(func() { anyiotest.Search(r, func(testing.TB, context.Context) {}, o) })
		r.wantFailure(t, want)
	}
}

// All of testing.TB is that of the run; nothing reaches the search's by embedding.
func TestSearchOverridesAllOfTheTest(t *testing.T) {
	place := ""
	r := newRecorder(t)
	r.run(func() {
		anyiotest.Search(r, func(run testing.TB, ctx context.Context) {
			v := reflect.TypeOf(run)
			for i := range v.NumMethod() {
				m := v.Method(i)
				if file, _ := runtime.FuncForPC(m.Func.Pointer()).FileLine(m.Func.Pointer()); strings.HasSuffix(file, "<autogenerated>") {
					t.Errorf("%s is the search's", m.Name)
				}
			}
			run.Log("a", "b")
			run.Logf("%d", 7)
			run.Attr("key", "value")
			fmt.Fprintln(run.Output(), "written")
			helper := func() { run.Helper(); run.Error("told by a helper") }
			_, _, line, _ := runtime.Caller(0)
			helper()
			place = fmt.Sprintf("search_trial_test.go:%d: told by a helper", line+1)
			run.Fail()
			run.FailNow()
		}, anyiotest.Schedules(1))
	})
	r.wantFailure(t, place, "a b", "7", "key=value", "written", "Fail was called")
}
