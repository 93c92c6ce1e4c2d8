package cache_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/cache"
	"github.com/anyio-go/anyio/internal/testkit"
)

// counting returns a function that doubles, and the keys that it was called for.
func counting() (load func(ctx context.Context, key int) (int, error), calls *[]int) {
	calls = new([]int)
	return func(ctx context.Context, key int) (int, error) {
		*calls = append(*calls, key)
		return 2 * key, anyio.Sleep(ctx, 0)
	}, calls
}

func wantCalls[K comparable](t *testing.T, got []K, want ...K) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("called for %v, want %v", got, want)
	}
}

func TestValuesAreKeptByKey(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		load, calls := counting()
		c := cache.New(load, cache.Options{})
		for range 3 {
			wantValue(t, ctx, c, 1, 2)
			wantValue(t, ctx, c, 2, 4)
		}
		wantCalls(t, *calls, 1, 2)
		wantStatistics(t, ctx, c, cache.Statistics{Hits: 4, Misses: 2, Size: 2})
		testkit.Must(t, anyio.WithCancelScope(ctx, func(ctx context.Context, scope *anyio.CancelScope) error {
			scope.Cancel("test")
			_, err := c.Get(ctx, 1)
			testkit.WantCanceled(t, "Get of what is there", err)
			return nil
		}))
		if c.Options() != (cache.Options{}) {
			t.Error(c.Options())
		}
	})
}

func TestLeastRecentlyUsedMakesRoom(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		load, calls := counting()
		c := cache.New(load, cache.Options{MaxSize: 2})
		for _, key := range []int{1, 2, 1, 3, 1, 2, 3} {
			wantValue(t, ctx, c, key, 2*key)
		}
		wantCalls(t, *calls, 1, 2, 3, 2, 3)
		wantStatistics(t, ctx, c, cache.Statistics{Hits: 2, Misses: 5, Size: 2})
	})
}

func TestNothingIsKeptWithANegativeSizeOrTime(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		for _, opts := range []cache.Options{{MaxSize: -1}, {TTL: -1}} {
			load, calls := counting()
			c := cache.New(load, opts)
			wantValue(t, ctx, c, 1, 2)
			wantValue(t, ctx, c, 1, 2)
			wantCalls(t, *calls, 1, 1)
			wantStatistics(t, ctx, c, cache.Statistics{Misses: 2})
		}
	})
}

func TestValuesExpire(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		load, calls := counting()
		c := cache.New(func(ctx context.Context, key int) (int, error) {
			if err := anyio.Sleep(ctx, time.Hour); err != nil { // does not count
				return 0, err
			}
			return load(ctx, key)
		}, cache.Options{TTL: time.Minute})
		wantValue(t, ctx, c, 1, 2)
		testkit.Must(t, anyio.Sleep(ctx, 59*time.Second))
		wantValue(t, ctx, c, 1, 2)
		wantCalls(t, *calls, 1)
		testkit.Must(t, anyio.Sleep(ctx, time.Second))
		wantStatistics(t, ctx, c, cache.Statistics{Hits: 1, Misses: 1, Size: 1})
		wantValue(t, ctx, c, 1, 2)
		wantCalls(t, *calls, 1, 1)
		wantStatistics(t, ctx, c, cache.Statistics{Hits: 1, Misses: 2, Size: 1})
	}, anyiotest.Only("sim"))
}

func TestErrorsAreNotKept(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		fails := 3
		c := cache.New(func(ctx context.Context, key string) (int, error) {
			if fails > 0 {
				fails--
				return 1, testkit.ErrBoom
			}
			return len(key), nil
		}, cache.Options{MaxSize: 1})
		for range 3 {
			v, err := c.Get(ctx, "abc")
			testkit.WantErr(t, err, testkit.ErrBoom)
			if v != 0 {
				t.Errorf("%d beside an error", v)
			}
			wantStatistics(t, ctx, c, cache.Statistics{Misses: 3 - fails})
		}
		wantValue(t, ctx, c, "abc", 3)
	})
}

func TestForgetAndClear(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		load, calls := counting()
		c := cache.New(load, cache.Options{})
		for _, key := range []int{1, 2} {
			wantValue(t, ctx, c, key, 2*key)
		}
		c.Forget(ctx, 1)
		c.Forget(ctx, 9)
		wantStatistics(t, ctx, c, cache.Statistics{Misses: 2, Size: 1})
		for _, key := range []int{1, 2} {
			wantValue(t, ctx, c, key, 2*key)
		}
		wantCalls(t, *calls, 1, 2, 1)
		c.Clear(ctx)
		wantStatistics(t, ctx, c, cache.Statistics{})
		wantValue(t, ctx, c, 2, 4)
		wantCalls(t, *calls, 1, 2, 1, 2)
	})
}

// Those who wait when the value is forgotten get it; those who come later do not.
func TestCallThatIsForgottenIsNotKept(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		for name, forget := range map[string]func(c *cache.Cache[string, int]){
			"Forget": func(c *cache.Cache[string, int]) { c.Forget(ctx, "a") },
			"Clear":  func(c *cache.Cache[string, int]) { c.Clear(ctx) },
		} {
			var answers [2]anyio.Event
			calls := 0
			c := cache.New(func(ctx context.Context, _ string) (int, error) {
				calls++
				n := calls
				return n, answers[n-1].Wait(ctx)
			}, cache.Options{})
			group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
				before := get(tg, c, "a")
				testkit.Settled(t, ctx)
				forget(c)
				after := get(tg, c, "a")
				testkit.Settled(t, ctx)
				answers[1].Set()
				if o, err := after.Await(ctx); o.value != 2 || o.err != nil || err != nil {
					t.Errorf("%s: later: %v, %v", name, o, err)
				}
				answers[0].Set()
				if o, err := before.Await(ctx); o.value != 1 || o.err != nil || err != nil {
					t.Errorf("%s: before: %v, %v", name, o, err)
				}
			})
			wantValue(t, ctx, c, "a", 2)
			if s := c.Statistics(ctx); s.Size != 1 || s.Loading != 0 {
				t.Errorf("%s: %+v", name, s)
			}
		}
	})
}

var package_ = cache.New(func(_ context.Context, key int) (*int, error) { return &key, nil }, cache.Options{})

func TestEachRunHasItsOwnValues(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		wantStatistics(t, ctx, package_, cache.Statistics{})
		inside, err := package_.Get(ctx, 1)
		testkit.Must(t, err)
		again, err := package_.Get(ctx, 1)
		if inside != again || err != nil {
			t.Error("the run has two values")
		}
	})
	// Contexts of no run share one cache.
	a, err := package_.Get(t.Context(), 1)
	testkit.Must(t, err)
	b, err := package_.Get(context.Background(), 1)
	if a != b || err != nil {
		t.Error("outside of runs there are two values")
	}
	package_.Clear(context.Background())
}

func TestFunctionSeesTheValuesOfItsCaller(t *testing.T) {
	type key struct{}
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		c := cache.New(func(ctx context.Context, _ int) (any, error) {
			if _, ok := ctx.Deadline(); ok {
				t.Error("the caller's deadline")
			}
			return ctx.Value(key{}), nil
		}, cache.Options{})
		testkit.Must(t, anyio.FailAfter(context.WithValue(ctx, key{}, "mine"), time.Hour, func(ctx context.Context) error {
			v, err := c.Get(ctx, 1)
			if v != "mine" {
				t.Error(v)
			}
			return err
		}))
	})
}

func TestFunctionThatAsksForItsOwnValueIsRefused(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		var c *cache.Cache[int, int]
		c = cache.New(func(ctx context.Context, key int) (int, error) {
			if key == 5 {
				return 5, nil
			}
			return c.Get(ctx, (key+1)%3)
		}, cache.Options{})
		_, err := c.Get(ctx, 0) // asks for 1, which asks for 2, which asks for 0
		if m, ok := errors.AsType[*anyio.MisuseError](err); !ok || m.Text != "cache: the function asks for the value of the key that it is called for, and would wait for itself" {
			t.Error(err)
		}
		wantStatistics(t, ctx, c, cache.Statistics{Misses: 3, Hits: 1})
		c = cache.New(func(ctx context.Context, n int) (int, error) {
			if n < 2 {
				return n, nil
			}
			a, err := c.Get(ctx, n-1)
			if err != nil {
				return 0, err
			}
			b, err := c.Get(ctx, n-2)
			return a + b, err
		}, cache.Options{})
		wantValue(t, ctx, c, 30, 832040)
		wantStatistics(t, ctx, c, cache.Statistics{Misses: 31, Hits: 28, Size: 31})
	})
	defer func() {
		if _, ok := recover().(*anyio.MisuseError); !ok {
			t.Error("a cache without a function")
		}
	}()
	cache.New[int, int](nil, cache.Options{})
}

func TestHitsAllocateNothing(t *testing.T) {
	c := cache.New(func(_ context.Context, key int) (string, error) { return fmt.Sprint(key), nil }, cache.Options{MaxSize: 10, TTL: time.Hour})
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		wantValue(t, ctx, c, 7, "7")
		if n := testing.AllocsPerRun(100, func() { _, _ = c.Get(ctx, 7) }); n != 0 {
			t.Errorf("%v allocations", n)
		}
	}, anyiotest.Only("parallel"))
}

func TestCacheThatNewHasNotMade(t *testing.T) {
	var c cache.Cache[int, int]
	_, err := c.Get(t.Context(), 1)
	testkit.WantMisuseText(t, err, "New has not made")
}
