package anyio_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/internal/testkit"
	"github.com/anyio-go/anyio/sim"
)

type intFunc = func(context.Context) (int, error)

// after returns v once ev is set.
func after(ev *anyio.Event, v int) intFunc {
	return func(ctx context.Context) (int, error) { return v, ev.Wait(ctx) }
}

func failing(err error) intFunc {
	return func(context.Context) (int, error) { return -1, err }
}

// forever ends only by cancellation, and then counts.
func forever(canceled *anyio.Event) intFunc {
	return func(ctx context.Context) (int, error) {
		err := anyio.SleepForever(ctx)
		canceled.Set()
		return 0, err
	}
}

func mustMisuse(t *testing.T, want string, call func()) {
	t.Helper()
	defer func() {
		t.Helper()
		m, ok := recover().(*anyio.MisuseError)
		if !ok || !strings.Contains(m.Text, want) {
			t.Errorf("panic %v, want a MisuseError with %q", m, want)
		}
	}()
	call()
}

func TestGatherKeepsTheOrderOfArguments(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		var a, b anyio.Event
		var ended []int
		got, err := anyio.Gather(ctx,
			func(ctx context.Context) (int, error) {
				err := a.Wait(ctx)
				ended = append(ended, 0)
				return 1, err
			},
			func(ctx context.Context) (int, error) {
				err := b.Wait(ctx)
				ended = append(ended, 1)
				a.Set()
				return 2, err
			},
			func(context.Context) (int, error) { b.Set(); return 3, nil },
		)
		if err != nil || !slices.Equal(got, []int{1, 2, 3}) || !slices.Equal(ended, []int{1, 0}) {
			t.Errorf("%v, %v, ended %v", got, err, ended)
		}
		if none, err := anyio.Gather[int](ctx); none == nil || len(none) != 0 || err != nil {
			t.Errorf("of nothing: %v, %v", none, err)
		}
	})
}

func TestGatherErrorCancelsTheOthersAndComesInAGroup(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		boom := errors.New("boom")
		var canceled anyio.Event
		got, err := anyio.Gather(ctx, forever(&canceled), failing(boom))
		var group *anyio.GroupError
		if !errors.As(err, &group) || group.Len() != 1 || !errors.Is(err, boom) || got != nil {
			t.Errorf("%v, %v", got, err)
		}
		if !canceled.IsSet() {
			t.Error("the other function was not canceled")
		}
	})
}

func TestGather2HasTwoTypes(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		text := func(context.Context) (string, error) { return "x", nil }
		var ev anyio.Event
		ev.Set()
		n, s, err := anyio.Gather2(ctx, after(&ev, 5), text)
		if n != 5 || s != "x" || err != nil {
			t.Error(n, s, err)
		}
		boom := errors.New("boom")
		n, s, err = anyio.Gather2(ctx, failing(boom), text)
		if n != 0 || s != "" || !errors.Is(err, boom) {
			t.Error(n, s, err)
		}
	})
}

func TestConcurrencyUtilitiesBeginNothingInACanceledScope(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		called := false
		f := func(context.Context) (int, error) { called = true; return 0, nil }
		testkit.StartsNothing(t, ctx, func(ctx context.Context) error { _, err := anyio.Gather(ctx, f); return err })
		testkit.StartsNothing(t, ctx, func(ctx context.Context) error { _, _, err := anyio.Gather2(ctx, f, f); return err })
		testkit.StartsNothing(t, ctx, func(ctx context.Context) error { _, err := anyio.Race(ctx, f); return err })
		testkit.StartsNothing(t, ctx, func(ctx context.Context) error {
			_, err := anyio.Map(ctx, []int{1}, 0, func(ctx context.Context, _ int) (int, error) { return f(ctx) })
			return err
		})
		testkit.StartsNothing(t, ctx, func(ctx context.Context) error {
			return anyio.ForEach(ctx, slices.Values([]int{1}), 0, func(ctx context.Context, _ int) error { _, err := f(ctx); return err })
		})
		testkit.StartsNothing(t, ctx, func(ctx context.Context) (last error) {
			for h, err := range anyio.AsCompleted(ctx, f) {
				if h != nil {
					t.Error("a handle")
				}
				last = err
			}
			return last
		})
		if called {
			t.Error("a function was called")
		}
	})
}

func TestConcurrencyUtilitiesRefuseNilFunctions(t *testing.T) {
	ctx := context.Background()
	var f intFunc
	ok := func(context.Context) (int, error) { return 0, nil }
	mustMisuse(t, "Gather: function 1 is nil", func() { _, _ = anyio.Gather(ctx, ok, f) })
	mustMisuse(t, "Gather2", func() { _, _, _ = anyio.Gather2(ctx, ok, f) })
	mustMisuse(t, "Race: function 0 is nil", func() { _, _ = anyio.Race(ctx, f) })
	mustMisuse(t, "Map", func() { _, _ = anyio.Map[int, int](ctx, nil, 0, nil) })
	mustMisuse(t, "ForEach", func() { _ = anyio.ForEach[int](ctx, nil, 0, nil) })
	mustMisuse(t, "AsCompleted: function 0 is nil", func() {
		for range anyio.AsCompleted(ctx, f) {
			t.Error("a handle")
		}
	})
}

func TestConcurrencyUtilitiesReturnACancellationFromOutsideAsItIs(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		calls := map[string]func(ctx context.Context) error{
			"Gather": func(ctx context.Context) error {
				_, err := anyio.Gather(ctx, func(ctx context.Context) (int, error) { return 0, anyio.SleepForever(ctx) })
				return err
			},
			"Race": func(ctx context.Context) error {
				_, err := anyio.Race(ctx, func(ctx context.Context) (int, error) { return 0, anyio.SleepForever(ctx) })
				return err
			},
			"Map": func(ctx context.Context) error {
				_, err := anyio.Map(ctx, []int{1, 2, 3}, 2, func(ctx context.Context, _ int) (int, error) { return 0, anyio.SleepForever(ctx) })
				return err
			},
			"ForEach": func(ctx context.Context) error {
				return anyio.ForEach(ctx, slices.Values([]int{1, 2, 3}), 2, func(ctx context.Context, _ int) error { return anyio.SleepForever(ctx) })
			},
			"AsCompleted": func(ctx context.Context) (last error) {
				for _, err := range anyio.AsCompleted(ctx, func(ctx context.Context) (int, error) { return 0, anyio.SleepForever(ctx) }) {
					last = err
				}
				return last
			},
		}
		for name, call := range calls {
			timedOut, err := anyio.MoveOnAfter(ctx, time.Millisecond, func(ctx context.Context) error {
				err := call(ctx)
				var canceled *anyio.CanceledError
				if _, group := err.(*anyio.GroupError); group || !errors.As(err, &canceled) {
					t.Errorf("%s: %v", name, err)
				}
				return err
			})
			if !timedOut || err != nil {
				t.Errorf("%s: %v, %v", name, timedOut, err)
			}
		}
	})
}

func TestRaceReturnsTheFirstSuccess(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		var canceled, ev anyio.Event
		ev.Set()
		v, err := anyio.Race(ctx, forever(&canceled), failing(errors.New("no luck")), after(&ev, 9))
		if v != 9 || err != nil {
			t.Errorf("%d, %v", v, err)
		}
		if !canceled.IsSet() {
			t.Error("Race did not wait for the loser")
		}
		// A loser that succeeds late, or fails while it is canceled, changes nothing.
		v, err = anyio.Race(ctx, after(&ev, 1), func(ctx context.Context) (int, error) {
			_ = anyio.SleepForever(ctx)
			return 2, nil
		}, func(ctx context.Context) (int, error) {
			_ = anyio.SleepForever(ctx)
			return 3, errors.New("late")
		})
		if v != 1 || err != nil {
			t.Errorf("%d, %v", v, err)
		}
	})
}

func TestRaceWithoutWinnerReturnsAllErrors(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		a, b := errors.New("a"), errors.New("b")
		v, err := anyio.Race(ctx, failing(a), failing(b), failing(context.Canceled))
		var group *anyio.GroupError
		if !errors.As(err, &group) || group.Len() != 3 || !errors.Is(err, a) || !errors.Is(err, b) || v != 0 {
			t.Errorf("%d, %v", v, err)
		}
		var misuse *anyio.MisuseError
		if _, err := anyio.Race[int](ctx); !errors.As(err, &misuse) {
			t.Errorf("without functions: %v", err)
		}
	})
}

func TestRaceTellsOfAScopeLeftOpen(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		_, err := anyio.Race(ctx, func(ctx context.Context) (int, error) {
			anyio.OpenCancelScope(ctx)
			return 1, nil
		})
		var misuse *anyio.MisuseError
		if !errors.As(err, &misuse) {
			t.Error(err)
		}
	})
}

func TestGatherNamesTasksAfterTheFunctions(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		names, err := anyio.Gather(ctx, tellName, tellName)
		if err != nil || !strings.HasSuffix(names[0], "anyio_test.tellName") {
			t.Errorf("%q, %v", names, err)
		}
	})
}

func tellName(ctx context.Context) (string, error) {
	info, _ := anyio.CurrentTask(ctx)
	return info.Name, nil
}

func ExampleGather() {
	double := func(n int) intFunc {
		return func(ctx context.Context) (int, error) { return 2 * n, anyio.Sleep(ctx, time.Second) }
	}
	err := anyio.Run(context.Background(), func(ctx context.Context) error {
		begin := anyio.Now(ctx)
		values, err := anyio.Gather(ctx, double(1), double(2), double(3))
		fmt.Println(values, anyio.Now(ctx).Sub(begin))
		return err
	}, anyio.On(sim.New(sim.Config{})))
	fmt.Println(err)
	// Output:
	// [2 4 6] 1s
	// <nil>
}

func ExampleRace() {
	mirror := func(name string, d time.Duration) func(context.Context) (string, error) {
		return func(ctx context.Context) (string, error) { return name, anyio.Sleep(ctx, d) }
	}
	_ = anyio.Run(context.Background(), func(ctx context.Context) error {
		fastest, err := anyio.Race(ctx, mirror("far", 3*time.Second), mirror("near", time.Second))
		fmt.Println(fastest, err)
		return err
	}, anyio.On(sim.New(sim.Config{})))
	// Output: near <nil>
}

func TestJoinIsGatherWithoutValues(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		var ran [3]bool
		at := func(i int, err error) func(context.Context) error {
			return func(ctx context.Context) error {
				ran[i] = true
				if err == nil {
					return anyio.Sleep(ctx, 0)
				}
				return err
			}
		}
		if err := anyio.Join(ctx, at(0, nil), at(1, nil), at(2, nil)); err != nil || ran != [3]bool{true, true, true} {
			t.Errorf("%v, %v", ran, err)
		}
		err := anyio.Join(ctx, anyio.SleepForever, at(1, testkit.ErrBoom))
		item, ok := errors.AsType[*anyio.ItemError](err)
		if !ok || item.Index != 1 || !errors.Is(err, testkit.ErrBoom) || errors.Is(err, anyio.ErrCanceled) {
			t.Errorf("of two, of which one waits for ever: %v", err)
		}
		testkit.WantNil(t, "nothing", anyio.Join(ctx))
		testkit.StartsNothing(t, ctx, func(ctx context.Context) error {
			return anyio.Join(ctx, func(context.Context) error { t.Error("begun"); return nil })
		})
		mustMisuse(t, "Join: function 1 is nil", func() { _ = anyio.Join(ctx, anyio.SleepForever, nil) })
	})
}

func ExampleJoin() {
	err := anyio.Run(context.Background(), func(ctx context.Context) error {
		began := anyio.Now(ctx)
		err := anyio.Join(ctx,
			func(ctx context.Context) error { return anyio.Sleep(ctx, 2*time.Second) },
			func(ctx context.Context) error { return anyio.Sleep(ctx, 3*time.Second) },
		)
		fmt.Println(anyio.Now(ctx).Sub(began))
		return err
	}, anyio.On(sim.New(sim.Config{})))
	fmt.Println(err)
	// Output:
	// 3s
	// <nil>
}
