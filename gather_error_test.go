package anyio_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/internal/testkit"
	"github.com/anyio-go/anyio/sim"
)

// itemErrors are the items that a *GroupError tells of, and their errors.
func itemErrors(t *testing.T, err error) (indexes []int, errs []error) {
	t.Helper()
	group, ok := err.(*anyio.GroupError)
	if !ok {
		t.Errorf("got %T %v, want a *GroupError", err, err)
		return nil, nil
	}
	for i := range group.Len() {
		name, err := group.At(i)
		item, ok := err.(*anyio.ItemError)
		if !ok || name == "" {
			t.Errorf("error %d of %q is %T, want an *ItemError of a task", i, name, err)
			continue
		}
		indexes, errs = append(indexes, item.Index), append(errs, item.Err)
	}
	return indexes, errs
}

// oddFails waits as many milliseconds as are left to ten, and fails for odd numbers.
func oddFails(ctx context.Context, n int) (string, error) {
	if err := anyio.Sleep(ctx, time.Duration(10-n)*time.Millisecond); err != nil {
		return "", err
	}
	if n%2 == 1 {
		return "no value", fmt.Errorf("odd %d: %w", n, testkit.ErrBoom)
	}
	return fmt.Sprint(n), nil
}

func TestAllFormsGoOnAfterAnErrorAndTellWhichItems(t *testing.T) {
	want := []string{"0", "", "2", "", "4", ""}
	calls := map[string]func(ctx context.Context, limit int) ([]string, error){
		"MapAll": func(ctx context.Context, limit int) ([]string, error) {
			return anyio.MapAll(ctx, upTo(6), limit, oddFails)
		},
		"GatherAll": func(ctx context.Context, _ int) ([]string, error) {
			var fns []func(context.Context) (string, error)
			for i := range 6 {
				fns = append(fns, func(ctx context.Context) (string, error) { return oddFails(ctx, i) })
			}
			return anyio.GatherAll(ctx, fns...)
		},
		"ForEachAll": func(ctx context.Context, limit int) ([]string, error) {
			got := make([]string, 6)
			return got, anyio.ForEachAll(ctx, slices.Values(upTo(6)), limit, func(ctx context.Context, n int) error {
				s, err := oddFails(ctx, n)
				if err == nil {
					got[n] = s
				}
				return err
			})
		},
	}
	for name, call := range calls {
		t.Run(name, func(t *testing.T) {
			anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
				for _, limit := range []int{0, 1, 2, 10} {
					got, err := call(ctx, limit)
					indexes, errs := itemErrors(t, err)
					if !slices.Equal(got, want) || !slices.Equal(indexes, []int{1, 3, 5}) {
						t.Errorf("limit %d: %q, items %v", limit, got, indexes)
					}
					for i, err := range errs {
						if !errors.Is(err, testkit.ErrBoom) || err.Error() != fmt.Sprintf("odd %d: boom", indexes[i]) {
							t.Errorf("limit %d: item %d: %v", limit, indexes[i], err)
						}
					}
				}
			})
		})
	}
}

// What is canceled from outside ends, with what it has: the results, the failures of
// items before, and the scope knows that it was canceled.
func TestAllFormsCanceledFromOutsideReturnWhatTheyHave(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		item := func(ctx context.Context, n int) (int, error) {
			switch n {
			case 0:
				return 7, nil
			case 1:
				return 0, testkit.ErrBoom
			}
			return 0, anyio.SleepForever(ctx)
		}
		for _, withFailure := range []bool{false, true} {
			items := []int{0, 2, 2}
			if withFailure {
				items[1] = 1
			}
			for name, call := range map[string]func(ctx context.Context) ([]int, error){
				"MapAll": func(ctx context.Context) ([]int, error) { return anyio.MapAll(ctx, items, 0, item) },
				"GatherAll": func(ctx context.Context) ([]int, error) {
					var fns []intFunc
					for _, n := range items {
						fns = append(fns, func(ctx context.Context) (int, error) { return item(ctx, n) })
					}
					return anyio.GatherAll(ctx, fns...)
				},
				"ForEachAll": func(ctx context.Context) ([]int, error) {
					return []int{7, 0, 0}, anyio.ForEachAll(ctx, slices.Values(items), 0, func(ctx context.Context, n int) error {
						_, err := item(ctx, n)
						return err
					})
				},
			} {
				var got []int
				var inner error
				err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
					tg.Go(func(ctx context.Context) error { got, inner = call(ctx); return inner })
					testkit.Settled(t, ctx)
					tg.Cancel("enough")
					return nil
				})
				if !slices.Equal(got, []int{7, 0, 0}) {
					t.Errorf("%s: %v", name, got)
				}
				if !withFailure {
					testkit.WantNil(t, name, err)
					testkit.WantCanceled(t, name, inner)
					continue
				}
				indexes, _ := itemErrors(t, inner)
				if !slices.Equal(indexes, []int{1}) || errors.Is(inner, anyio.ErrCanceled) || !errors.Is(err, testkit.ErrBoom) {
					t.Errorf("%s: %v, in all %v", name, inner, err)
				}
			}
			// By a deadline: it was one, though the error is that of an item.
			timedOut, err := anyio.MoveOnAfter(ctx, 5*time.Millisecond, func(ctx context.Context) error {
				_, err := anyio.MapAll(ctx, items, 0, item)
				return err
			})
			if !timedOut || withFailure != errors.Is(err, testkit.ErrBoom) {
				t.Errorf("timed out %v, %v", timedOut, err)
			}
		}
	})
}

// A cancellation of something else, in a scope that is not canceled, is a failure like
// any other.
func TestAllFormsKeepCancellationsOfOthers(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		got, err := anyio.MapAll(ctx, upTo(3), 1, func(ctx context.Context, n int) (int, error) {
			if n == 1 {
				return 0, context.Canceled
			}
			return n, nil
		})
		indexes, _ := itemErrors(t, err)
		if !slices.Equal(got, []int{0, 0, 2}) || !slices.Equal(indexes, []int{1}) {
			t.Errorf("%v, %v", got, err)
		}
	})
}

// Those that stop at the first error say which item it was as well.
func TestFirstErrorTellsTheItem(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		third := func(_ context.Context, n int) (int, error) {
			if n == 2 {
				return 0, testkit.ErrBoom
			}
			return n, nil
		}
		one := func(context.Context) (int, error) { return 1, nil }
		onlyErr := func(ctx context.Context, n int) error { _, err := third(ctx, n); return err }
		byMap := func(limit int) error { _, err := anyio.Map(ctx, upTo(3), limit, third); return err }
		_, byGather := anyio.Gather(ctx, one, one, failing(testkit.ErrBoom))
		for name, err := range map[string]error{
			"Map": byMap(0), "Map with a limit": byMap(1), "Gather": byGather,
			"ForEach": anyio.ForEach(ctx, slices.Values(upTo(9)), 1, onlyErr),
			"ForEach2": anyio.ForEach2(ctx, slices.All(upTo(9)), 1, func(ctx context.Context, i, n int) error {
				equal(t, "index", i, n)
				return onlyErr(ctx, n)
			}),
		} {
			indexes, errs := itemErrors(t, err)
			if len(indexes) != 1 || indexes[0] != 2 || errs[0] != testkit.ErrBoom {
				t.Errorf("%s: %v", name, err)
			}
		}
		_, _, err := anyio.Gather2(ctx, one, failing(testkit.ErrBoom))
		if indexes, _ := itemErrors(t, err); !slices.Equal(indexes, []int{1}) {
			t.Errorf("Gather2: %v", err)
		}
	})
}

func TestForEach2TakesPairs(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		want := map[string]int{"a": 1, "b": 2, "c": 3}
		got := map[string]int{}
		var mu anyio.Lock
		err := anyio.ForEach2(ctx, maps.All(want), 0, func(ctx context.Context, k string, v int) error {
			return mu.Do(ctx, func(context.Context) error { got[k] = v; return nil })
		})
		if err != nil || !maps.Equal(got, want) {
			t.Errorf("%v, %v", got, err)
		}
	})
	mustMisuse(t, "ForEach2: the sequence or the function is nil", func() {
		_ = anyio.ForEach2[int, int](context.Background(), nil, 0, nil)
	})
	mustMisuse(t, "ForEachAll: the sequence or the function is nil", func() {
		_ = anyio.ForEachAll[int](context.Background(), nil, 0, nil)
	})
	mustMisuse(t, "MapAll: the function is nil", func() { _, _ = anyio.MapAll[int, int](context.Background(), nil, 0, nil) })
	mustMisuse(t, "GatherAll: function 0 is nil", func() { _, _ = anyio.GatherAll[int](context.Background(), nil) })
}

// A panic is no error of an item: it ends all.
func TestAllFormsPassPanicsOn(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		testkit.WantPanicError(t, "ouch", func() {
			_, _ = anyio.MapAll(ctx, upTo(3), 0, func(ctx context.Context, n int) (int, error) {
				if n == 1 {
					panic("ouch")
				}
				return 0, anyio.SleepForever(ctx)
			})
		})
	})
}

func ExampleMapAll() {
	_ = anyio.Run(context.Background(), func(ctx context.Context) error {
		lengths, err := anyio.MapAll(ctx, []string{"a", "", "ccc"}, 2, func(ctx context.Context, s string) (int, error) {
			if s == "" {
				return 0, errors.New("nothing there")
			}
			return len(s), anyio.Sleep(ctx, time.Second)
		})
		item, _ := errors.AsType[*anyio.ItemError](err)
		fmt.Println(lengths, item)
		return nil
	}, anyio.On(sim.New(sim.Config{})))
	// Output: [1 0 3] item 1: nothing there
}
