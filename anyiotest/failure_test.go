//anyiovet:ignore scopeend what is left open is found out

package anyiotest_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/internal/testkit"
)

// A wrong is an error with some number.
type wrong struct{ n int }

func (w wrong) Error() string {
	return fmt.Sprintf("wrong %d after %v", w.n, time.Duration(w.n)*1234567)
}

// waitFor waits for an event on one of two lines.
func waitFor(ctx context.Context, ev *anyio.Event, line int) error {
	if line == 1 {
		return ev.Wait(ctx)
	}
	return ev.Wait(ctx)
}

// fail panics on one of two lines.
func fail(line int, v any) {
	if line == 1 {
		panic(v)
	}
	panic(v)
}

// Two runs that fail in the variants 1 and 2 of a way have the same bug, or not.
func TestWhichFailuresAreTheSame(t *testing.T) {
	task := func(f func(ctx context.Context) error) func(t testing.TB, ctx context.Context) {
		return func(t testing.TB, ctx context.Context) { together(t, ctx, f) }
	}
	for _, c := range []struct {
		name    string
		same    bool
		variant func(v int) func(t testing.TB, ctx context.Context)
	}{
		{"another value on the same line", true, func(v int) func(t testing.TB, ctx context.Context) {
			return func(t testing.TB, ctx context.Context) { t.Errorf("the balance is %d of %q", v, fmt.Sprint(v)) }
		}},
		{"a printed value on the same line", true, func(v int) func(t testing.TB, ctx context.Context) {
			return func(t testing.TB, ctx context.Context) { t.Error("the order is", rand.Perm(10*v)) }
		}},
		{"another line", false, func(v int) func(t testing.TB, ctx context.Context) {
			return func(t testing.TB, ctx context.Context) {
				if v == 1 {
					t.Error("x")
				} else {
					t.Error("x")
				}
			}
		}},
		{"another format in one helper", false, func(v int) func(t testing.TB, ctx context.Context) {
			return func(t testing.TB, ctx context.Context) { t.Errorf([]string{"", "lost %d", "doubled %d"}[v], 7) }
		}},
		{"a helper on another line", false, func(v int) func(t testing.TB, ctx context.Context) {
			return func(t testing.TB, ctx context.Context) {
				helper := func() { t.Helper(); t.Error("x") }
				if v == 1 {
					helper()
				} else {
					helper()
				}
			}
		}},
		{"an error with another number", true, func(v int) func(t testing.TB, ctx context.Context) {
			return task(func(context.Context) error { return wrong{v * 1000} })
		}},
		{"another error", false, func(v int) func(t testing.TB, ctx context.Context) {
			return task(func(context.Context) error { return []error{nil, io.EOF, io.ErrUnexpectedEOF}[v] })
		}},
		{"a wrapped error", false, func(v int) func(t testing.TB, ctx context.Context) {
			return task(func(context.Context) error { return fmt.Errorf("%s: %w", []string{"", "read", "write"}[v], io.EOF) })
		}},
		{"a group in another order", true, func(v int) func(t testing.TB, ctx context.Context) {
			errs := [][]error{nil, {io.EOF, wrong{1}}, {wrong{22}, io.EOF}}[v]
			return func(t testing.TB, ctx context.Context) {
				err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
					for _, err := range errs {
						tg.Go(func(ctx context.Context) error {
							_ = anyio.Shielded(ctx, anyio.Forever, func(ctx context.Context) error { return anyio.Sleep(ctx, 0) })
							return err
						})
					}
					return nil
				})
				testkit.Must(t, fmt.Errorf("all of it: %w", err))
			}
		}},
		{"joined errors, of which there are more", true, func(v int) func(t testing.TB, ctx context.Context) {
			return task(func(context.Context) error { return errors.Join(io.EOF, wrong{v}, []error{nil, nil, wrong{v + 1}}[v]) })
		}},
		{"joined errors with another one", false, func(v int) func(t testing.TB, ctx context.Context) {
			return task(func(context.Context) error { return errors.Join(io.EOF, []error{nil, nil, wrong{v}}[v]) })
		}},
		{"another text around a group", false, func(v int) func(t testing.TB, ctx context.Context) {
			return func(t testing.TB, ctx context.Context) {
				t.Error(fmt.Errorf("%s: %w", []string{"", "read", "write"}[v], errors.Join(io.EOF, wrong{v})))
			}
		}},
		{"a deadlock", true, func(v int) func(t testing.TB, ctx context.Context) {
			return func(t testing.TB, ctx context.Context) {
				var ev anyio.Event
				var fs []func(ctx context.Context) error
				for range v { // how many wait there says nothing
					fs = append(fs, func(ctx context.Context) error { return ev.Wait(ctx) })
				}
				together(t, ctx, fs...)
			}
		}},
		{"a deadlock on another line", false, func(v int) func(t testing.TB, ctx context.Context) {
			return task(func(ctx context.Context) error { return waitFor(ctx, new(anyio.Event), v) })
		}},
		{"a deadlock by way of another line", false, func(v int) func(t testing.TB, ctx context.Context) {
			return task(func(ctx context.Context) error {
				if v == 1 {
					return waitFor(ctx, new(anyio.Event), 1)
				}
				return waitFor(ctx, new(anyio.Event), 1)
			})
		}},
		{"a deadlock of two, with others beside it", true, func(v int) func(t testing.TB, ctx context.Context) {
			return func(t testing.TB, ctx context.Context) {
				var a, b anyio.Lock
				both := func(first, second *anyio.Lock) func(ctx context.Context) error {
					return func(ctx context.Context) error {
						return first.Do(ctx, func(ctx context.Context) error {
							_ = giveWayOften(ctx, 20)
							return second.Do(ctx, func(ctx context.Context) error { return nil })
						})
					}
				}
				fs := []func(ctx context.Context) error{both(&a, &b), both(&b, &a)}
				if v == 2 {
					fs = append(fs, func(ctx context.Context) error {
						_ = giveWayOften(ctx, 10)
						return a.Do(ctx, func(ctx context.Context) error { return nil })
					}, func(ctx context.Context) error { return waitFor(ctx, new(anyio.Event), 1) })
				}
				together(t, ctx, fs...)
			}
		}},
		{"a deadlock that is told by several", true, func(v int) func(t testing.TB, ctx context.Context) {
			return func(t testing.TB, ctx context.Context) {
				var ev anyio.Event
				wait := func(ctx context.Context) error {
					if err := ev.Wait(ctx); err != nil && v == 1 {
						t.Error(err)
					} else if err != nil {
						t.Error("the event does not come")
					}
					return nil
				}
				together(t, ctx, wait, wait)
			}
		}},
		{"a failure before a deadlock", false, func(v int) func(t testing.TB, ctx context.Context) {
			return func(t testing.TB, ctx context.Context) {
				if v == 1 {
					t.Error("something else")
				}
				_ = waitFor(ctx, new(anyio.Event), 1)
			}
		}},
		{"a livelock, wherever the tasks are", true, func(v int) func(t testing.TB, ctx context.Context) {
			return func(t testing.TB, ctx context.Context) {
				poll := func(ctx context.Context) error {
					for {
						if err := giveWayOften(ctx, 1); err != nil {
							return err
						}
					}
				}
				fs := []func(ctx context.Context) error{poll, func(ctx context.Context) error { return waitFor(ctx, new(anyio.Event), v) }}
				together(t, ctx, fs...)
			}
		}},
		{"a step that does not come back", true, func(v int) func(t testing.TB, ctx context.Context) {
			return func(t testing.TB, ctx context.Context) {
				var mu sync.Mutex
				lock := func(ctx context.Context) error {
					lockForGood(&mu)
					defer mu.Unlock()
					return anyio.Sleep(ctx, 0)
				}
				fs := []func(ctx context.Context) error{lock, lock}
				for range v {
					fs = append(fs, func(ctx context.Context) error { return waitFor(ctx, new(anyio.Event), v) })
				}
				together(t, ctx, fs...)
			}
		}},
		{"a panic with another number", true, func(v int) func(t testing.TB, ctx context.Context) {
			return task(func(context.Context) error { fail(1, fmt.Sprintf("no %d", v*10)); return nil })
		}},
		{"a panic on another line", false, func(v int) func(t testing.TB, ctx context.Context) {
			return task(func(context.Context) error { fail(v, "no"); return nil })
		}},
		{"another panic on the same line", false, func(v int) func(t testing.TB, ctx context.Context) {
			return task(func(context.Context) error { fail(1, []any{nil, "one", io.EOF}[v]); return nil })
		}},
		{"a panic of the runtime on another line", false, func(v int) func(t testing.TB, ctx context.Context) {
			return func(t testing.TB, ctx context.Context) {
				var none []int
				if v == 1 {
					none[v] = v
				}
				none[v] = v
			}
		}},
		{"a panic with nil", true, func(v int) func(t testing.TB, ctx context.Context) {
			return task(func(context.Context) error { panic(nil) })
		}},
		{"tasks that are left", true, func(v int) func(t testing.TB, ctx context.Context) {
			return func(t testing.TB, ctx context.Context) {
				_, tg := anyio.OpenTaskGroup(ctx)
				for range v {
					tg.Go(func(ctx context.Context) error { return anyio.Sleep(ctx, time.Hour) }, anyio.Name("left"))
				}
			}
		}},
		{"other tasks that are left", false, func(v int) func(t testing.TB, ctx context.Context) {
			return func(t testing.TB, ctx context.Context) {
				_, tg := anyio.OpenTaskGroup(ctx)
				tg.Go(func(ctx context.Context) error { return anyio.Sleep(ctx, time.Hour) }, anyio.Name(fmt.Sprint("left ", v)))
			}
		}},
		{"left tasks that wait for something else", false, func(v int) func(t testing.TB, ctx context.Context) {
			return func(t testing.TB, ctx context.Context) {
				_, tg := anyio.OpenTaskGroup(ctx)
				tg.Go(func(ctx context.Context) error {
					if v == 1 {
						return anyio.Sleep(ctx, time.Hour)
					}
					return new(anyio.Event).Wait(ctx)
				}, anyio.Name("left"))
				_ = giveWayOften(ctx, 20)
			}
		}},
		{"Fail, or FailNow in a task", false, func(v int) func(t testing.TB, ctx context.Context) {
			return func(t testing.TB, ctx context.Context) {
				if v == 1 {
					t.Fail()
				}
				together(t, ctx, func(context.Context) error { t.FailNow(); return nil })
			}
		}},
		{"Goexit", true, func(v int) func(t testing.TB, ctx context.Context) {
			return func(t testing.TB, ctx context.Context) { runtime.Goexit() }
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			one, other := anyiotest.FailureKey(t, c.variant(1)), anyiotest.FailureKey(t, c.variant(2))
			if one == "" || other == "" || (one == other) != c.same {
				t.Errorf("want the same: %v; got\n%q\n%q", c.same, one, other)
			}
		})
	}
}

// With CollectFailures a search tells each bug once, with a command that shows it again.
func TestSearchCollectsFailuresThatDiffer(t *testing.T) {
	test := func(t testing.TB, ctx context.Context) {
		var n atomic.Int32
		first := int32(0)
		var fs []func(ctx context.Context) error
		for i := range int32(4) {
			fs = append(fs, func(ctx context.Context) error {
				if err := giveWayOften(ctx, 2); err != nil {
					return err
				}
				if n.Add(1) == 1 {
					first = i
				}
				return nil
			})
		}
		together(t, ctx, fs...)
		switch first {
		case 1:
			t.Errorf("the second one in %d runs", rand.Int()) //anyiovet:ignore loopblock each run is to tell another number
		case 2:
			fail(1, "the third")
		case 3:
			_ = waitFor(ctx, new(anyio.Event), 1)
		}
	}
	r := newRecorder(t)
	r.run(func() { anyiotest.Search(r, test, anyiotest.CollectFailures(10), anyiotest.Schedules(2000)) })
	r.wantFailure(t, "failure 1 of 3, in ", "failure 2 of 3, in ", "failure 3 of 3, in ", " of 2000 runs: schedule ", "made simpler by",
		"the second one in", "panic: the third", "deadlock", "3 failures in 2000 schedules, ")
	seen, last := 0, 0
	for _, m := range regexp.MustCompile(`, in (\d+) of 2000 runs: schedule (\d+) of`).FindAllStringSubmatch(r.text(), -1) {
		runs, _ := strconv.Atoi(m[1])
		first, _ := strconv.Atoi(m[2])
		if seen += runs; first <= last || runs < 2 {
			t.Errorf("%s, after schedule %d", m[0], last)
		}
		last = first
	}
	if seen < 500 || seen > 2000 {
		t.Errorf("%d runs have failed:\n%s", seen, r.text())
	}
	tokens := replayToken.FindAllStringSubmatch(r.text(), -1)
	if len(tokens) != 3 {
		t.Fatalf("%d commands:\n%s", len(tokens), r.text())
	}
	shown := map[string]bool{}
	for _, m := range tokens {
		setFlag(t, "anyio.replay", m[1])
		again := newRecorder(t)
		again.run(func() { anyiotest.Search(again, test, anyiotest.CollectFailures(10)) })
		again.wantFailure(t)
		for _, what := range []string{"the second one in", "panic: the third", "deadlock"} {
			if got := again.text(); len(got) > 0 && strings.Contains(got, what) {
				shown[what] = true
			}
		}
	}
	if len(shown) != 3 {
		t.Errorf("made again are %v", shown)
	}
	setFlag(t, "anyio.replay", "")
	r = newRecorder(t)
	r.run(func() { anyiotest.Search(r, test, anyiotest.CollectFailures(2)) })
	r.wantFailure(t, "failure 1 of 2, in ", "failure 2 of 2, in ", "2 failures in ")
	if strings.Contains(r.text(), "failure 3") || strings.Contains(r.text(), "of 3, in") || strings.Contains(r.text(), " in 1000 schedules") || strings.Contains(r.text(), " in 10000 schedules") {
		t.Errorf("it goes on after two:\n%s", r.text())
	}
	r = newRecorder(t)
	r.run(func() { anyiotest.Search(r, test, anyiotest.CollectFailures(0)) })
	r.wantFailure(t, "CollectFailures(0): at least one must be wanted")
}
