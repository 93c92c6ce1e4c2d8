package lowlevel_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/lowlevel"
	"github.com/anyio-go/anyio/sim"
)

func TestRunVarWithoutValueOrDefaultIsALookupError(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		v := lowlevel.NewRunVar[int]("color")
		_, err := v.Get(ctx)
		if !errors.Is(err, lowlevel.ErrNotSet) || err.Error() != `anyio: run variable has no value: "color" was not set and has no default` {
			t.Error(err)
		}
		if n := v.GetOr(ctx, 3); n != 3 {
			t.Error(n)
		}
		d := lowlevel.NewRunVarDefault("size", 5)
		if n, err := d.Get(ctx); n != 5 || err != nil {
			t.Error(n, err)
		}
		if n := d.GetOr(ctx, 6); n != 6 {
			t.Error(n)
		}
		if v.String() != `RunVar("color")` {
			t.Error(v)
		}
	})
}

var shared = lowlevel.NewRunVar[string]("shared")

func TestRunVarIsSharedByTasksAndFreshInEachRun(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		if v := shared.GetOr(ctx, "fresh"); v != "fresh" {
			t.Errorf("left over from another run: %q", v)
		}
		err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			return tg.Go(func(ctx context.Context) error { shared.Set(ctx, "child's"); return nil }).Await(ctx)
		})
		if v, err2 := shared.Get(ctx); v != "child's" || err != nil || err2 != nil {
			t.Error(v, err, err2)
		}
	})
}

func TestRunVarsOfOneNameAreSeparate(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		a, b := lowlevel.NewRunVar[int]("x"), lowlevel.NewRunVar[int]("x")
		a.Set(ctx, 1)
		if _, err := b.Get(ctx); !errors.Is(err, lowlevel.ErrNotSet) {
			t.Error(err)
		}
	})
}

func TestRunVarKeepsANilInterface(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		v := lowlevel.NewRunVarDefault[error]("last error", errors.New("default"))
		v.Set(ctx, nil)
		if got, err := v.Get(ctx); got != nil || err != nil {
			t.Error(got, err)
		}
	})
}

func TestRunVarTokensRestoreOnce(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		v, other := lowlevel.NewRunVar[int]("x"), lowlevel.NewRunVar[int]("y")
		first := v.Set(ctx, 1)
		second := v.Set(ctx, 2)
		var misuse *anyio.MisuseError
		if err := other.Reset(first); !errors.As(err, &misuse) {
			t.Errorf("wrong variable: %v", err)
		}
		if err := v.Reset(second); err != nil {
			t.Error(err)
		}
		if n := v.GetOr(ctx, 0); n != 1 {
			t.Errorf("after the first reset: %d", n)
		}
		if err := v.Reset(second); !errors.As(err, &misuse) {
			t.Errorf("used twice: %v", err)
		}
		if err := first.Restore(); err != nil {
			t.Error(err)
		}
		if _, err := v.Get(ctx); !errors.Is(err, lowlevel.ErrNotSet) {
			t.Errorf("after the last reset: %v", err)
		}
	})
}

func ExampleRunVar() {
	depth := lowlevel.NewRunVarDefault("depth", 0)
	_ = anyio.Run(context.Background(), func(ctx context.Context) error {
		inner := func() {
			token := depth.Set(ctx, 1)
			defer token.Restore()
			fmt.Println(depth.Get(ctx))
		}
		inner()
		fmt.Println(depth.Get(ctx))
		return nil
	}, anyio.On(sim.New(sim.Config{})))
	// Output:
	// 1 <nil>
	// 0 <nil>
}

func TestRunVarIsMadeOnceWhoeverComesFirst(t *testing.T) {
	const tasks = 1000
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		v := lowlevel.NewRunVarDefault("limiter", (*anyio.CapacityLimiter)(nil))
		made := 0 // guarded by v
		got := make([]*anyio.CapacityLimiter, tasks)
		err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			var begin anyio.Event
			for i := range tasks {
				tg.Go(func(ctx context.Context) error {
					if err := begin.Wait(ctx); err != nil {
						return err
					}
					got[i] = v.GetOrSet(ctx, func() *anyio.CapacityLimiter { made++; return anyio.NewCapacityLimiter(2) })
					return nil
				})
			}
			begin.Set()
			return nil
		})
		if err != nil || made != 1 {
			t.Errorf("made %d times, %v", made, err)
		}
		for i, l := range got {
			if l == nil || l != got[0] {
				t.Fatalf("task %d got %p, task 0 %p", i, l, got[0])
			}
		}
		if l, err := v.Get(ctx); l != got[0] || err != nil {
			t.Errorf("Get: %p, %v", l, err)
		}
	})
}

func TestRunVarWhoseValueCannotBeMadeStaysUnset(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		v := lowlevel.NewRunVar[int]("n")
		func() {
			defer func() {
				if recover() == nil {
					t.Error("the panic is lost")
				}
			}()
			v.GetOrSet(ctx, func() int { panic("no value") })
		}()
		if n := v.GetOrSet(ctx, func() int { return 7 }); n != 7 {
			t.Error(n)
		}
		token := v.Set(ctx, 8)
		if n := v.GetOrSet(ctx, func() int { return 9 }); n != 8 {
			t.Error(n)
		}
		if err := token.Restore(); err != nil || v.GetOr(ctx, 0) != 7 {
			t.Errorf("restored: %d, %v", v.GetOr(ctx, 0), err)
		}
	})
}

// What makes a value cannot use the variable: it would wait for itself, on a loop with
// all others.
func TestGetOrSetRefusesItsOwnVariable(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		v, other := lowlevel.NewRunVar[int]("v"), lowlevel.NewRunVar[int]("other")
		token := v.Set(ctx, 1)
		if err := v.Reset(token); err != nil {
			t.Fatal(err)
		}
		for name, use := range map[string]func(){
			"Get":      func() { _, _ = v.Get(ctx) },
			"GetOr":    func() { v.GetOr(ctx, 1) },
			"Set":      func() { v.Set(ctx, 1) },
			"GetOrSet": func() { v.GetOrSet(ctx, func() int { return 1 }) },
		} {
			func() {
				defer func() {
					if _, ok := recover().(*anyio.MisuseError); !ok {
						t.Errorf("%s: no MisuseError", name)
					}
				}()
				v.GetOrSet(ctx, func() int { use(); return 2 })
			}()
		}
		if got := v.GetOrSet(ctx, func() int { return other.GetOrSet(ctx, func() int { return 3 }) }); got != 3 {
			t.Errorf("value %d", got)
		}
		if got, err := v.Get(ctx); got != 3 || err != nil {
			t.Errorf("value %d, %v", got, err)
		}
	})
}
