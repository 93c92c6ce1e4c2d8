package sim_test

import (
	"context"
	"errors"
	"reflect"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/sim"
)

// crowd is a program of some tasks that use a lock; then it may fail, or wait for ever.
func crowd(ctx context.Context, tasks int, fails, hangs bool) error {
	var mu anyio.Lock
	err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
		for range tasks {
			tg.Go(func(ctx context.Context) error {
				for range 3 {
					if err := mu.Acquire(ctx); err != nil {
						return err
					}
					err := anyio.Sleep(ctx, 0)
					mu.Release()
					if err != nil {
						return err
					}
				}
				return nil
			})
		}
		return nil
	})
	switch {
	case err != nil:
		return err
	case hangs:
		return new(anyio.Event).Wait(ctx)
	case fails:
		return errors.New("failed")
	}
	return nil
}

// tellings are all that a Sim tells of its last run.
func tellings(s *sim.Sim) []any {
	return []any{s.Hash(), s.Steps(), s.Schedule(), s.Diverged(), s.Profile(), s.Faults(), s.Unneeded()}
}

// A Sim that is reset makes the runs that a new one makes, whatever the one before was.
func TestResetMakesTheSameRuns(t *testing.T) {
	strategies := []sim.Strategy{sim.Random(), {}, sim.PCT(2), sim.URW(), sim.SURW(), sim.POS(), sim.Kinds(), sim.Sticky(), sim.Rounds()}
	used := sim.New(sim.Config{})
	var words []string
	var again []func() string
	for n := range 400 {
		cfg := sim.Config{Seed: uint64(n), Strategy: strategies[n%len(strategies)], Model: sim.Model(n % 2)}
		if n%10 == 7 && words[n-1] != "" {
			cfg = sim.Config{Replay: words[n-1]}
		}
		used.Reset(cfg)
		if got := tellings(used); !reflect.DeepEqual(got, tellings(sim.New(cfg))) {
			t.Fatalf("run %d: reset, and not yet run, it tells %v", n, got)
		}
		fresh := sim.New(cfg)
		var errs [2]error
		for i, s := range []*sim.Sim{used, fresh} {
			errs[i] = anyio.Run(t.Context(), func(ctx context.Context) error { return crowd(ctx, 1+n*7%20, n%5 == 3, n%7 == 5) }, anyio.On(s))
		}
		if (errs[0] == nil) != (errs[1] == nil) {
			t.Fatalf("run %d ends with %v, of a new Sim with %v", n, errs[0], errs[1])
		}
		if got, want := tellings(used), tellings(fresh); !reflect.DeepEqual(got, want) {
			t.Fatalf("run %d is\n%v\nof a new Sim\n%v", n, got, want)
		}
		words, again = append(words, used.Schedule()), append(again, fresh.Schedule)
	}
	for n, f := range again {
		if words[n] != f() {
			t.Fatalf("the schedule of run %d was %s, and now is %s", n, words[n], f())
		}
	}
}

// Contexts outlive their runs. Whoever uses one in a later run finds it over, and what that
// does to the later one does not depend on which Sim the context comes from.
func TestResetLeavesOldContextsAlone(t *testing.T) {
	for seed := range uint64(100) {
		watched := sim.Config{Seed: seed, Strategy: sim.SURW(), Model: sim.Goroutines}
		run := func(s *sim.Sim, old context.Context) (ctx context.Context, tells []any) {
			err := anyio.Run(t.Context(), func(c context.Context) error {
				ctx = c
				if old != nil {
					useOld(t, old)
				}
				return crowd(c, 3, false, false)
			}, anyio.On(s))
			if err != nil {
				t.Fatal(err)
			}
			return ctx, tellings(s)
		}
		used, other := sim.New(watched), sim.New(watched)
		ofUsed, _ := run(used, nil)
		ofOther, _ := run(other, nil)
		used.Reset(watched)
		_, got := run(used, ofUsed)
		_, want := run(sim.New(watched), ofOther)
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("with a context of the Sim's last run, seed %d is\n%v\nwith one of another's\n%v", seed, got, want)
		}
	}
}

// useOld uses a context whose run is over in all ways that have to do with the simulator.
func useOld(t *testing.T, old context.Context) {
	t.Helper()
	if err := anyio.Sleep(old, 0); err == nil {
		t.Error("a sleep in a scope of a run that is over returned nil")
	}
	anyio.Rand(old).Uint64()
	anyio.Now(old)
	var mu anyio.Lock
	if err := mu.Acquire(old); err == nil {
		t.Error("a lock was taken in a scope of a run that is over")
	}
	stop := context.AfterFunc(old, func() {})
	stop()
}
