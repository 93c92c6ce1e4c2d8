package anyiotest_test

import (
	"context"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/sim"
)

// inOrder fails if two tasks take their turns as letters say. A wrong one ends it.
func inOrder(right string) func(t testing.TB, ctx context.Context) {
	return func(t testing.TB, ctx context.Context) {
		var n atomic.Int32 // right ones so far
		var over atomic.Bool
		task := func(name byte) func(ctx context.Context) error {
			return func(ctx context.Context) error {
				for range len(right) {
					if err := anyio.Sleep(ctx, 0); err != nil {
						return err
					}
					if over.Load() || right[n.Load()] != name {
						over.Store(true)
						return nil
					}
					over.Store(int(n.Add(1)) == len(right))
				}
				return nil
			}
		}
		together(t, ctx, task('a'), task('b'))
		if int(n.Load()) == len(right) {
			t.Error("all were right")
		}
	}
}

// A search finds what luck does not, and the same each time on one processor; with strategies
// of the test's own it is left to these.
func TestSearchIsGuided(t *testing.T) {
	const right, most = "abaabbbabbaababa", 5_000
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	search := func(opts ...anyiotest.Option) *recorder {
		r := newRecorder(t)
		r.run(func() { anyiotest.Search(r, inOrder(right), append(opts, anyiotest.Schedules(most))...) })
		return r
	}
	first := search()
	first.wantFailure(t, "all were right", "replay: go test")
	head, _, _ := strings.Cut(first.text(), ";")
	if again := search(); !strings.HasPrefix(again.text(), head) {
		t.Errorf("first %q, then %q", head, again.text())
	}
	search(anyiotest.Strategies(sim.Random(), sim.Sticky())).wantPass(t)
}
