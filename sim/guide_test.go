package sim_test

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/testkit"
	"github.com/anyio-go/anyio/sim"
)

// lines is a program of two tasks that take turns as letters say; each right one leads to
// another line. It returns how many were right.
func lines(right string) func(ctx context.Context) (int, error) {
	return func(ctx context.Context) (int, error) {
		var n atomic.Int32 // right ones so far
		var over atomic.Bool
		task := func(name byte) func(ctx context.Context) error {
			return func(ctx context.Context) error {
				for range len(right) {
					if err := stopAt(ctx, int(n.Load())); err != nil {
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
		err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			tg.Go(task('a'))
			tg.Go(task('b'))
			return nil
		})
		return int(n.Load()), err
	}
}

// stopAt lets others run, on a stack that differs by n.
func stopAt(ctx context.Context, n int) error {
	switch n % 4 {
	case 0:
		return anyio.Sleep(ctx, 0)
	case 1:
		return anyio.Sleep(ctx, 0)
	case 2:
		return anyio.Sleep(ctx, 0)
	}
	return anyio.Sleep(ctx, 0)
}

// search makes runs with the seeds from 0 on until all choices were right, and returns how
// many there were and the last one.
func search(t *testing.T, g *sim.Guide, most uint64, right string) (runs uint64, s *sim.Sim) {
	t.Helper()
	for seed := range most {
		cfg := sim.Config{Seed: seed, Strategy: sim.Random(), Guide: g}
		if seed%2 == 1 {
			cfg.Model = sim.Goroutines
		}
		s = sim.New(cfg)
		n, err := anyio.RunValue(t.Context(), lines(right), anyio.On(s))
		testkit.Must(t, err)
		if g != nil {
			g.Learn(s)
		}
		if n == len(right) {
			return seed + 1, s
		}
	}
	return most + 1, s
}

func TestGuideFindsAChainOfRightChoices(t *testing.T) {
	const right, most = "abaabbbabbaababa", 3_000
	var g sim.Guide
	runs, s := search(t, &g, most, right)
	if runs > most {
		t.Fatalf("not found by %d runs", most)
	}
	// Its schedule needs no guide.
	again := sim.New(sim.Config{Replay: s.Schedule()})
	n, err := anyio.RunValue(t.Context(), lines(right), anyio.On(again))
	testkit.Must(t, err)
	if n != len(right) || again.Hash() != s.Hash() || again.Schedule() != s.Schedule() {
		t.Errorf("made again, it has %d right choices, and the hash %x, not %x", n, again.Hash(), s.Hash())
	}
	// Others find it in the same run, as they learn the same.
	var other sim.Guide
	if n, _ := search(t, &other, most, right); n != runs {
		t.Errorf("it was found by the run %d, and by the run %d of another search", runs, n)
	}
	if n, _ := search(t, nil, most, right); n <= most {
		t.Errorf("without a guide it is found by the run %d: it was luck", n)
	}
}

// A guide learns from runs that have it, and once from runs that are alike.
func TestGuideLearnsFromItsOwnRuns(t *testing.T) {
	var g, other sim.Guide
	learn := func(cfg sim.Config) bool {
		s := sim.New(cfg)
		_, err := anyio.RunValue(t.Context(), lines("abab"), anyio.On(s))
		testkit.Must(t, err)
		return g.Learn(s)
	}
	if g.Learn(sim.New(sim.Config{Guide: &g})) {
		t.Error("it learns from a simulator that has made no run")
	}
	for name, cfg := range map[string]sim.Config{
		"without a guide":    {Strategy: sim.Random()},
		"with another guide": {Strategy: sim.Random(), Guide: &other},
		"without a strategy": {Guide: &g},
	} {
		if learn(cfg) {
			t.Errorf("it learns from a run %s", name)
		}
	}
	if !learn(sim.Config{Strategy: sim.Random(), Guide: &g}) {
		t.Error("the first run is no news")
	}
	news := 0
	for seed := range uint64(300) {
		if learn(sim.Config{Seed: seed, Strategy: sim.Random(), Guide: &g}) {
			news++
		}
	}
	if news < 2 || news > 60 {
		t.Errorf("%d of 300 runs of a small program are news", news)
	}
}

// Several simulators use a guide at the same time.
func TestGuideIsShared(t *testing.T) {
	var g sim.Guide
	var done sync.WaitGroup
	for worker := range uint64(4) {
		done.Go(func() {
			for seed := range uint64(100) {
				s := sim.New(sim.Config{Seed: 4*seed + worker, Strategy: sim.Sticky(), Guide: &g})
				if _, err := anyio.RunValue(t.Context(), lines("abaabb"), anyio.On(s)); err != nil {
					t.Error(err)
				}
				g.Learn(s)
			}
		})
	}
	done.Wait()
}
