package sim_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/testkit"
	"github.com/anyio-go/anyio/sim"
)

// strategies are all there are, with a profile of the program where it helps.
var strategies = []sim.Strategy{sim.Random(), sim.PCT(1), sim.PCT(3), sim.URW(), sim.POS(), sim.SURW(), sim.Kinds(), sim.Sticky(), sim.Rounds(), sim.Choices([]byte("any bytes, as a fuzzer has them"))}

// transfers is a program with a lost update, streams, time and a cancellation. It returns
// its outcome as text.
func transfers(cfg sim.Config) (outcome string, s *sim.Sim) {
	s = sim.New(cfg)
	var log strings.Builder
	var balance atomic.Int32
	err := anyio.Run(context.Background(), func(ctx context.Context) error {
		return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			var lock anyio.Lock
			for i := range 3 {
				tg.Go(func(ctx context.Context) error {
					for range 2 {
						if err := lock.Acquire(ctx); err != nil {
							return err
						}
						fmt.Fprintf(&log, "%d at %v draws %d\n", i, anyio.Now(ctx).UnixNano(), anyio.Rand(ctx).IntN(100))
						lock.Release()
						old := balance.Load()
						if err := anyio.Sleep(ctx, time.Duration(i)*time.Millisecond); err != nil {
							return err
						}
						balance.Store(old + 1)
					}
					return nil
				})
			}
			_, err := anyio.MoveOnAfter(ctx, time.Millisecond, anyio.SleepForever)
			return err
		})
	}, anyio.On(s))
	fmt.Fprintf(&log, "balance %d, %v, %d steps", balance.Load(), err, s.Steps())
	return log.String(), s
}

func TestEachStrategyReplays(t *testing.T) {
	for _, model := range []sim.Model{sim.EventLoop, sim.Goroutines} {
		for _, st := range strategies {
			t.Run(fmt.Sprint(model, st), func(t *testing.T) {
				outcomes := map[string]bool{}
				_, first := transfers(sim.Config{Strategy: st, Model: model})
				for seed := range uint64(20) {
					cfg := sim.Config{Seed: seed, Strategy: st, Model: model, Profile: first.Profile()}
					if seed%2 == 1 {
						cfg.StepTime = sim.Range{Max: time.Millisecond}
					}
					want, s := transfers(cfg)
					outcomes[want] = true
					if again, _ := transfers(cfg); again != want {
						t.Fatalf("the seed %d makes two runs:\n%s\n%s", seed, want, again)
					}
					got, r := transfers(sim.Config{Replay: s.Schedule()})
					if got != want || r.Schedule() != s.Schedule() || r.Hash() != s.Hash() {
						t.Fatalf("%s is replayed as %s:\n%s\n%s", s.Schedule(), r.Schedule(), want, got)
					}
				}
				if len(outcomes) < 5 {
					t.Errorf("20 seeds have %d outcomes", len(outcomes))
				}
			})
		}
	}
}

// What the program was when the schedule was taken is not what it is now: that is told by
// another schedule.
func TestReplayOfAnotherProgram(t *testing.T) {
	run := func(cfg sim.Config, tasks int) *sim.Sim {
		s := sim.New(cfg)
		testkit.Must(t, anyio.Run(context.Background(), func(ctx context.Context) error {
			return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
				for range tasks {
					tg.Go(func(ctx context.Context) error { return anyio.Sleep(ctx, 0) })
				}
				return nil
			})
		}, anyio.On(s)))
		return s
	}
	orders := map[uint64]bool{}
	for seed := range uint64(20) {
		orders[run(sim.Config{Seed: seed, Strategy: sim.Random()}, 4).Hash()] = true
	}
	if len(orders) < 15 {
		t.Errorf("20 seeds choose %d orders", len(orders))
	}
	word := run(sim.Config{Seed: 5, Strategy: sim.Random()}, 4).Schedule()
	if again := run(sim.Config{Replay: word}, 4).Schedule(); again != word {
		t.Errorf("the same program: %s became %s", word, again)
	}
	if again := run(sim.Config{Replay: word}, 3).Schedule(); again == word {
		t.Error("with a task less the run is said to be the same")
	}
}

func TestWrongStrategiesAreRefused(t *testing.T) {
	for want, cfg := range map[string]sim.Config{
		"sim.PCT(0): the depth must be at least 1":                                                  {Strategy: sim.PCT(0)},
		`sim.Config: Replay: schedule "x": it does not begin with "s1.", "s2.", "s3." or "s4.", as`: {Replay: "x"},
		`sim.Config: Replay: schedule "s1.AAAA": it is not complete, or was changed`:                {Replay: "s1.AAAA"},
	} {
		err := anyio.Run(context.Background(), func(context.Context) error { return nil }, anyio.On(sim.New(cfg)))
		var misuse *anyio.MisuseError
		if !errors.As(err, &misuse) || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}

// Without a strategy there is nothing but the seed to tell.
func TestScheduleOfAPlainRunIsItsSeed(t *testing.T) {
	_, s := transfers(sim.Config{Seed: 1})
	if s.Schedule() != "" || s.Profile() != nil || sim.New(sim.Config{Strategy: sim.Random()}).Schedule() != "" {
		t.Errorf("schedule %q, profile %v", s.Schedule(), s.Profile())
	}
}

// Tasks that run the same function are of one kind, whatever they are called.
func TestKindsAreFunctions(t *testing.T) {
	const seeds = 400
	first := 0
	for seed := range uint64(seeds) {
		var begun atomic.Int32
		err := anyio.Run(t.Context(), func(ctx context.Context) error {
			return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
				for i := range 20 {
					tg.Go(func(context.Context) error {
						begun.Add(1)
						return nil
					}, anyio.Name(fmt.Sprint(i)))
				}
				tg.Go(func(context.Context) error {
					if begun.Load() == 0 {
						first++
					}
					return nil
				})
				return nil
			})
		}, anyio.On(sim.New(sim.Config{Seed: seed, Strategy: sim.Kinds()})))
		testkit.Must(t, err)
	}
	if first < seeds*2/5 || first > seeds*3/5 {
		t.Errorf("the one of its kind is first in %d of %d runs, want half of them", first, seeds)
	}
}

// Who polls for another task does not do so for ever, whatever the strategy is, and also if
// the run begins as another one did.
func TestNoStrategyKeepsWaitingForWhomSomebodyPolls(t *testing.T) {
	poll := func(ctx context.Context) error {
		var done anyio.Event
		return anyio.Join(ctx, func(ctx context.Context) error {
			for !done.IsSet() {
				if err := anyio.Sleep(ctx, 0); err != nil {
					return err
				}
			}
			return nil
		}, func(context.Context) error { done.Set(); return nil })
	}
	for _, s := range append(strategies, sim.Choices(nil)) {
		for _, model := range []sim.Model{sim.EventLoop, sim.Goroutines} {
			for _, guide := range []*sim.Guide{nil, {}} {
				var known *sim.Profile
				for seed := range uint64(12) {
					cfg := sim.Config{Seed: seed, Strategy: s, Model: model, Profile: known, MaxSteps: 50_000}
					if cfg.Guide = guide; seed == 0 {
						cfg.Guide = nil
					}
					b := sim.New(cfg)
					if err := anyio.Run(t.Context(), poll, anyio.On(b)); err != nil {
						t.Fatalf("%v, %v, seed %d, guided: %t: %v", s, model, seed, guide != nil, err)
					}
					if seed == 0 {
						known = b.Profile()
					} else if guide != nil {
						guide.Learn(b)
					}
				}
			}
		}
	}
}
