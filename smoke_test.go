package anyio_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/sim"
)

func each(t *testing.T, f func(t *testing.T, ctx context.Context) error) {
	for _, b := range []anyio.Backend{anyio.Parallel(), anyio.EventLoop(), sim.New(sim.Config{Seed: 1}), sim.New(sim.Config{Seed: 2})} {
		t.Run(b.Name(), func(t *testing.T) {
			if err := anyio.Run(context.Background(), func(ctx context.Context) error { return f(t, ctx) }, anyio.On(b)); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestSmokeGroup(t *testing.T) {
	each(t, func(t *testing.T, ctx context.Context) error {
		n := 0
		var ev anyio.Event
		err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			for range 100 {
				tg.Go(func(ctx context.Context) error { return ev.Wait(ctx) })
			}
			h := anyio.Spawn(tg, func(ctx context.Context) (int, error) { return 42, anyio.Sleep(ctx, time.Millisecond) })
			var err error
			n, err = h.Await(ctx)
			ev.Set()
			v, err2 := anyio.Start(ctx, tg, func(ctx context.Context, started func(string)) error { started("x"); return nil })
			if v != "x" || err2 != nil {
				t.Error(v, err2)
			}
			return err
		})
		if n != 42 {
			t.Error(n)
		}
		return err
	})
}

func TestSmokeCancel(t *testing.T) {
	boom := errors.New("boom")
	each(t, func(t *testing.T, ctx context.Context) error {
		err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			for range 10 {
				tg.Go(anyio.SleepForever)
			}
			tg.Go(func(ctx context.Context) error { anyio.Sleep(ctx, time.Millisecond); return boom }, anyio.Name("bomb"))
			err := anyio.SleepForever(ctx)
			fmt.Println(err, context.Cause(ctx))
			return err
		})
		if !errors.Is(err, boom) {
			t.Error(err)
		}
		fmt.Printf("%+v\n", err)
		var timedOut bool
		timedOut, err = anyio.MoveOnAfter(ctx, 3*time.Millisecond, anyio.SleepForever)
		if !timedOut || err != nil {
			t.Error(timedOut, err)
		}
		err = anyio.FailAfter(ctx, 3*time.Millisecond, func(ctx context.Context) error {
			ctx, cancel := context.WithTimeout(ctx, time.Hour)
			defer cancel()
			return anyio.SleepForever(ctx)
		})
		if !errors.Is(err, anyio.ErrTimeout) {
			t.Error(err)
		}
		return nil
	})
}

func TestSmokeDeadlock(t *testing.T) {
	err := anyio.Run(context.Background(), func(ctx context.Context) error {
		return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			var ev anyio.Event
			tg.Go(ev.Wait, anyio.Name("a"))
			tg.Go(func(ctx context.Context) error { return anyio.Shielded(ctx, 0, ev.Wait) }, anyio.Name("b"))
			return nil
		})
	}, anyio.On(sim.New(sim.Config{})))
	var d *anyio.DeadlockError
	if !errors.As(err, &d) {
		t.Fatal(err)
	}
	fmt.Println(err)
}

func TestSmokePanic(t *testing.T) {
	each(t, func(t *testing.T, ctx context.Context) error {
		defer func() {
			var pe *anyio.PanicError
			if v := recover(); v == nil || !errors.As(v.(error), &pe) || pe.Value != "ouch" {
				t.Error(v)
			}
		}()
		return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			tg.Go(func(ctx context.Context) error { panic("ouch") })
			return anyio.SleepForever(ctx)
		})
	})
	done := 0
	t.Run("goexit", func(t *testing.T) {
		each(t, func(t *testing.T, ctx context.Context) error {
			defer func() { done++ }()
			return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
				for range 5 {
					tg.Go(anyio.SleepForever)
				}
				tg.Go(func(ctx context.Context) error { t.SkipNow(); return nil })
				return anyio.SleepForever(ctx)
			})
		})
	})
	if done != 4 {
		t.Error(done)
	}
}
