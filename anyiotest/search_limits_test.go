package anyiotest_test

import (
	"context"
	"math"
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/sim"
)

// A search ends before go test would kill it, and says so. One run is made in any case.
func TestSearchEndsBeforeTheDeadline(t *testing.T) {
	for _, left := range []time.Duration{-time.Second, 0, 300 * time.Millisecond} {
		var runs atomic.Int32
		r := newRecorder(t)
		r.deadline = time.Now().Add(left)
		r.run(func() {
			anyiotest.Search(r, func(t testing.TB, ctx context.Context) { runs.Add(1) }, anyiotest.Schedules(math.MaxInt))
		})
		r.wantPass(t)
		r.wantLog(t, "ended early, before the deadline of go test")
		if runs.Load() == 0 {
			t.Errorf("%v before the deadline no run is made", left)
		}
	}
	r := newRecorder(t)
	r.deadline = time.Now()
	r.run(func() {
		anyiotest.Search(r, func(t testing.TB, ctx context.Context) { t.Error("wrong") })
	})
	r.wantFailure(t, "schedule 1 ", "wrong", "replay:")
	// Nothing is said of a deadline that is far away.
	r = newRecorder(t)
	r.deadline = time.Now().Add(time.Hour)
	r.run(func() {
		anyiotest.Search(r, func(t testing.TB, ctx context.Context) {}, anyiotest.Schedules(10))
	})
	r.wantPass(t)
	if strings.Contains(r.text(), "early") {
		t.Error(r.text())
	}
	setFlag(t, "anyio.search", "-1s")
	r = newRecorder(t)
	r.run(func() { anyiotest.Search(r, func(testing.TB, context.Context) {}) })
	r.wantFailure(t, "-anyio.search=-1s: a time must be positive")
}

// A run whose step does not come back holds up its own worker only, and is a failure as any
// other. There may be few of them.
func TestSearchSurvivesStepsThatDoNotComeBack(t *testing.T) {
	test := func(others *atomic.Int32) func(t testing.TB, ctx context.Context) {
		return func(t testing.TB, ctx context.Context) {
			others.Add(1)
			var mu sync.Mutex
			var n atomic.Int32
			first := func(ctx context.Context) error {
				if n.Add(1) == 1 {
					return giveWayOften(ctx, 3)
				}
				lockForGood(&mu)
				defer mu.Unlock()
				return giveWayOften(ctx, 1)
			}
			second := func(ctx context.Context) error {
				if err := giveWayOften(ctx, 2); err != nil {
					return err
				}
				lockForGood(&mu)
				defer mu.Unlock()
				return nil
			}
			together(t, ctx, first, second, first)
		}
	}
	quick := anyiotest.SimConfig(func(c *sim.Config) { c.StepTimeout = 50 * time.Millisecond })
	var others atomic.Int32
	r := newRecorder(t)
	r.run(func() { anyiotest.Search(r, test(&others), quick) })
	r.wantFailure(t, "a step did not come back", "[sync.Mutex.Lock]", "replay: ", "1 failure in ")
	r = newRecorder(t)
	r.run(func() { anyiotest.Search(r, test(&others), quick, anyiotest.CollectFailures(5)) })
	r.wantFailure(t, "failure 1 of 1, in ", "it was ended, as so many runs did not come back")
}

// With one processor, and one run at a time, all is as with many.
func TestSearchOnOneProcessor(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	for _, b := range bugs {
		r := newRecorder(t)
		r.run(func() { anyiotest.Search(r, b.test, anyiotest.Schedules(5000)) })
		r.wantFailure(t, b.words...)
	}
}

// The command that makes a run again names the subtest, whatever it is called, and nothing
// else; a shell leaves it as it is.
func TestReplayCommandOfOddNames(t *testing.T) {
	const inner = "ANYIO_TEST_INNER"
	var names []string
	for _, name := range []string{"a b", "it's", "x/y", "[z", "a|b", "(", `\d+`, "$HOME", "`date`", "ü", "tab\t\x01", "a.c", "abc", "twice", "twice", "#", "!", `"`} {
		t.Run(name, func(t *testing.T) { names = append(names, t.Name()) })
	}
	sh, err := exec.LookPath("sh")
	if err != nil || os.Getenv(inner) != "" {
		return
	}
	for _, name := range names {
		command := anyiotest.TestCommand(name)
		pattern, ok := strings.CutPrefix(strings.TrimPrefix(strings.TrimPrefix(command, "go test"), " -race"), " -run ")
		if !ok {
			t.Fatal(command)
		}
		cmd := exec.Command(sh, "-c", `exec "$0" -test.v -test.run `+pattern, os.Args[0])
		cmd.Env = append(os.Environ(), inner+"=1", "GORACE=atexit_sleep_ms=0")
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%s: %v\n%s", command, err, out)
		}
		var ran []string
		for _, m := range regexp.MustCompile(`(?m)^ *--- PASS: (\S+)`).FindAllStringSubmatch(string(out), -1) {
			if strings.Contains(m[1], "/") {
				ran = append(ran, m[1])
			}
		}
		if len(ran) != 1 || ran[0] != name {
			t.Errorf("%s runs %q, want %q", command, ran, name)
		}
	}
}
