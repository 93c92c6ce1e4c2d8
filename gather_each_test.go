package anyio_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/internal/testkit"
	"github.com/anyio-go/anyio/sim"
)

// A gauge counts how many are inside, and how many were at most.
type gauge struct {
	mu       sync.Mutex
	now, max int
}

func (g *gauge) enter() {
	g.mu.Lock()
	g.now++
	g.max = max(g.max, g.now)
	g.mu.Unlock()
}

func (g *gauge) leave() {
	g.mu.Lock()
	g.now--
	g.mu.Unlock()
}

func upTo(n int) []int {
	s := make([]int, n)
	for i := range s {
		s[i] = i
	}
	return s
}

func TestMapKeepsOrderAndLimit(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		for _, limit := range []int{0, 1, 3, 100} {
			var g gauge
			got, err := anyio.Map(ctx, upTo(20), limit, func(ctx context.Context, n int) (string, error) {
				g.enter()
				defer g.leave()
				return fmt.Sprint(n), anyio.Sleep(ctx, time.Duration(20-n)*time.Microsecond)
			})
			if err != nil || len(got) != 20 {
				t.Fatal(got, err)
			}
			for i, s := range got {
				if s != fmt.Sprint(i) {
					t.Fatalf("limit %d: %q", limit, got)
				}
			}
			if limit > 0 && g.max > limit {
				t.Errorf("limit %d: %d at once", limit, g.max)
			}
		}
		if got, err := anyio.Map(ctx, []int{}, 0, func(context.Context, int) (int, error) { return 0, nil }); got == nil || len(got) != 0 || err != nil {
			t.Errorf("of nothing: %v, %v", got, err)
		}
	})
}

func TestMapUnlimitedRunsAllAtOnceAndLimitedRunsThatMany(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		for _, c := range []struct{ limit, want int }{{0, 10}, {4, 4}} {
			var ev anyio.Event
			err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
				tg.Go(func(ctx context.Context) error {
					_, err := anyio.Map(ctx, upTo(10), c.limit, func(ctx context.Context, n int) (int, error) { return n, ev.Wait(ctx) })
					return err
				})
				testkit.Settled(t, ctx)
				if n := ev.TasksWaiting(); n != c.want {
					t.Errorf("limit %d: %d at once", c.limit, n)
				}
				ev.Set()
				return nil
			})
			if err != nil {
				t.Error(err)
			}
		}
	})
}

func TestMapErrorEndsAll(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		boom := errors.New("boom")
		for _, limit := range []int{0, 2} {
			begun := &gauge{}
			got, err := anyio.Map(ctx, upTo(100), limit, func(ctx context.Context, n int) (int, error) {
				begun.enter()
				if n == 1 {
					return 0, boom
				}
				return n, anyio.SleepForever(ctx)
			})
			var group *anyio.GroupError
			if !errors.As(err, &group) || group.Len() != 1 || !errors.Is(err, boom) || got != nil {
				t.Errorf("limit %d: %v, %v", limit, got, err)
			}
			if limit > 0 && begun.now > limit {
				t.Errorf("%d items begun", begun.now)
			}
		}
	})
}

func TestMapStopsBetweenItemsThatNeverBlock(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		begun := &gauge{}
		err := anyio.WithCancelScope(ctx, func(ctx context.Context, scope *anyio.CancelScope) error {
			_, err := anyio.Map(ctx, upTo(1000), 1, func(context.Context, int) (int, error) {
				begun.enter()
				scope.Cancel("enough")
				return 0, nil
			})
			return err
		})
		if err != nil || begun.now != 1 {
			t.Errorf("%d items begun, %v", begun.now, err)
		}
	})
}

func TestForEachTakesItemsOnlyAsFastAsItMay(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		var ev anyio.Event
		var g gauge
		taken, done := 0, &gauge{}
		items := func(yield func(int) bool) {
			for taken = 1; taken <= 50 && yield(taken); taken++ {
			}
		}
		err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			tg.Go(func(ctx context.Context) error {
				return anyio.ForEach(ctx, items, 3, func(ctx context.Context, n int) error {
					g.enter()
					defer g.leave()
					done.enter()
					return ev.Wait(ctx)
				})
			})
			testkit.Settled(t, ctx)
			if n := ev.TasksWaiting(); n != 3 {
				t.Errorf("%d at once", n)
			}
			var waits []string
			for _, task := range anyio.RunningTasks(ctx) {
				waits = append(waits, task.WaitsFor)
			}
			if !slices.Contains(waits, "ForEach: waiting for a running item to end") {
				t.Errorf("%q", waits)
			}
			ev.Set()
			return nil
		})
		if err != nil || done.now != 50 || g.max > 3 {
			t.Errorf("%d done, %d at once, %v", done.now, g.max, err)
		}
	})
}

func TestForEachEndsAtTheFirstError(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		boom := errors.New("boom")
		endless := func(yield func(int) bool) {
			for i := 0; yield(i); i++ {
			}
		}
		for _, limit := range []int{0, 2} {
			err := anyio.ForEach(ctx, endless, limit, func(ctx context.Context, n int) error {
				if n == 5 {
					return boom
				}
				return nil
			})
			var group *anyio.GroupError
			if !errors.As(err, &group) || !errors.Is(err, boom) {
				t.Errorf("limit %d: %v", limit, err)
			}
		}
	})
}

func TestAMillionItemsAreNotAMillionTasks(t *testing.T) {
	const n = 1_000_000
	err := anyio.Run(context.Background(), func(ctx context.Context) error {
		var once sync.Once
		most := 0
		got, err := anyio.Map(ctx, make([]struct{}, n), 4, func(ctx context.Context, _ struct{}) (int8, error) {
			once.Do(func() { most = len(anyio.RunningTasks(ctx)) })
			return 1, nil
		})
		if len(got) != n || most == 0 || most > 5 {
			t.Errorf("%d results, %d tasks", len(got), most)
		}
		return err
	}, anyio.On(anyio.EventLoop()))
	if err != nil {
		t.Error(err)
	}
}

func ExampleMap() {
	_ = anyio.Run(context.Background(), func(ctx context.Context) error {
		begin := anyio.Now(ctx)
		lengths, err := anyio.Map(ctx, []string{"a", "bb", "ccc", "dddd"}, 2, func(ctx context.Context, s string) (int, error) {
			return len(s), anyio.Sleep(ctx, time.Second)
		})
		fmt.Println(lengths, err, anyio.Now(ctx).Sub(begin))
		return err
	}, anyio.On(sim.New(sim.Config{})))
	// Output: [1 2 3 4] <nil> 2s
}

func ExampleForEach() {
	_ = anyio.Run(context.Background(), func(ctx context.Context) error {
		var total int
		err := anyio.ForEach(ctx, slices.Values([]int{1, 2, 3}), 1, func(ctx context.Context, n int) error {
			total += n
			return anyio.Sleep(ctx, time.Second)
		})
		fmt.Println(total, err)
		return err
	}, anyio.On(sim.New(sim.Config{})))
	// Output: 6 <nil>
}
