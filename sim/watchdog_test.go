package sim_test

import (
	"context"
	"errors"
	"iter"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/kernel"
	"github.com/anyio-go/anyio/internal/race"
	"github.com/anyio-go/anyio/lowlevel"
	"github.com/anyio-go/anyio/sim"
)

// shortStep makes the tests below fast: what they do blocks forever, or not at all.
const shortStep = 20 * time.Millisecond

// givesUp runs main, whose task "culprit" must not come back, in a given state, from
// a step that calls doesNotComeBack.
func givesUp(t *testing.T, state string, main func(ctx context.Context) error) *sim.DeadlockError {
	t.Helper()
	err := anyio.Run(context.Background(), main, anyio.On(sim.New(sim.Config{Seed: 3, StepTimeout: shortStep})), anyio.MainName("main"))
	dead, ok := errors.AsType[*sim.DeadlockError](err)
	if !ok || dead.Stuck == nil {
		t.Fatalf("%v", err)
	}
	s := dead.Stuck
	if s.Name != "culprit" || !strings.HasPrefix(s.State, state) || s.After <= 0 || !strings.Contains(s.Stack, "doesNotComeBack") ||
		!strings.Contains(s.Source, "watchdog_test.go:") || dead.Livelock || dead.Seed != 3 || dead.Steps == 0 {
		t.Errorf("state %q, want %q:\n%v", s.State, state, err)
	}
	if text := err.Error(); !strings.HasPrefix(text, "anyio: a step did not come back for ") ||
		!strings.Contains(text, `"culprit" does not come back`) || !strings.Contains(text, "doesNotComeBack") {
		t.Errorf("text: %v", err)
	} else if strings.Contains(text, "perhaps held by a task") { // of this model that cannot be
		t.Errorf("the text has a hint: %v", err)
	}
	return dead
}

// doesNotComeBack calls f. Leaks with its name are expected, see TestMain.
//
//go:noinline
func doesNotComeBack(f func()) { f() }

// beside runs f as the task "culprit" beside one that waits.
func beside(f func(ctx context.Context) error) func(ctx context.Context) error {
	return func(ctx context.Context) error {
		return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			tg.Go(anyio.SleepForever, anyio.Name("beside"))
			tg.Go(f, anyio.Name("culprit"))
			return nil
		})
	}
}

func TestStepThatBlocksEndsTheRun(t *testing.T) {
	for name, c := range map[string]struct {
		state string
		f     func(ctx context.Context)
	}{
		"mutex":            {"sync.Mutex.Lock", func(context.Context) { var mu sync.Mutex; mu.Lock(); mu.Lock() }},
		"read-write mutex": {"sync.RWMutex.RLock", func(context.Context) { var mu sync.RWMutex; mu.Lock(); mu.RLock() }},
		"channel receive":  {"chan receive", func(context.Context) { <-make(chan int) }},
		"channel send":     {"chan send", func(context.Context) { make(chan int) <- 1 }},
		"select with ctx":  {"select", func(ctx context.Context) { selectOn(ctx, make(chan int)) }},
		"wait group":       {"sync.WaitGroup.Wait", func(context.Context) { var wg sync.WaitGroup; wg.Add(1); wg.Wait() }},
		"sync.Cond":        {"sync.Cond.Wait", func(context.Context) { c := sync.NewCond(&sync.Mutex{}); c.L.Lock(); c.Wait() }},
		"in RunBlocking":   {"chan receive", func(ctx context.Context) { _, _ = anyio.RunBlockingValue(ctx, receiveForever) }},
		"in RunVar.GetOrSet": {"chan receive", func(ctx context.Context) {
			lowlevel.NewRunVar[int]("v").GetOrSet(ctx, func() int { v, _ := receiveForever(); return v })
		}},
		"after other steps": {"chan receive", func(ctx context.Context) { _ = anyio.Sleep(ctx, time.Hour); <-make(chan int) }},
		"inside of iter.Pull": {"chan receive", func(context.Context) {
			next, stop := iter.Pull(func(yield func(int) bool) { <-make(chan int) })
			defer stop()
			next()
		}},
	} {
		t.Run(name, func(t *testing.T) {
			givesUp(t, c.state, beside(func(ctx context.Context) error {
				doesNotComeBack(func() { c.f(ctx) })
				return nil
			}))
		})
	}
}

func selectOn(ctx context.Context, c chan int) {
	select {
	case <-c:
	case <-ctx.Done():
	}
}

func receiveForever() (int, error) { return <-make(chan int), nil }

// As Go programs have it: two tasks, and a sync.Once round something that waits.
func TestOnceRoundAWaitEndsTheRun(t *testing.T) {
	var once sync.Once
	load := func(ctx context.Context) (err error) {
		doesNotComeBack(func() { once.Do(func() { err = anyio.Sleep(ctx, time.Millisecond) }) })
		return err
	}
	dead := givesUp(t, "sync.Mutex.Lock", func(ctx context.Context) error {
		return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			tg.Go(load, anyio.Name("culprit"))
			tg.Go(load, anyio.Name("culprit"))
			return nil
		})
	})
	if len(dead.Tasks) != 3 {
		t.Errorf("%d tasks, want 3: %v", len(dead.Tasks), dead)
	}
}

func TestStepThatComputesForEverEndsTheRun(t *testing.T) {
	var stop atomic.Bool
	defer stop.Store(true)
	givesUp(t, "run", beside(func(ctx context.Context) error {
		doesNotComeBack(func() {
			for !stop.Load() {
			}
		})
		return nil
	}))
}

// A function that the run calls, and that is no task's, blocks as well.
func TestCallbackThatBlocksEndsTheRun(t *testing.T) {
	for _, at := range []uint64{1, 2, 5} {
		err := anyio.Run(context.Background(), beside(func(ctx context.Context) error {
			for {
				if err := anyio.Sleep(ctx, 0); err != nil {
					return err
				}
			}
		}), anyio.On(sim.New(sim.Config{StepTimeout: shortStep, OnStep: func(s sim.Step) {
			if s.N == at {
				doesNotComeBack(func() { <-make(chan int) })
			}
		}})))
		dead, ok := errors.AsType[*sim.DeadlockError](err)
		if !ok || dead.Stuck == nil || !strings.Contains(dead.Stuck.Stack, "doesNotComeBack") {
			t.Errorf("OnStep of step %d: %v", at, err)
		}
	}
}

// A step that takes long because it computes, or because the process gets no
// processor, is let be.
func TestSlowStepIsNoStuckOne(t *testing.T) {
	err := anyio.Run(context.Background(), beside(func(ctx context.Context) error {
		for begin := time.Now(); time.Since(begin) < 3*shortStep; {
		}
		return errors.New("done")
	}), anyio.On(sim.New(sim.Config{StepTimeout: shortStep})))
	if err == nil || !strings.Contains(err.Error(), "done") {
		t.Errorf("%v", err)
	}
}

func TestRunThatWaitsForAForeignDeadlineIsNotStuck(t *testing.T) {
	err := anyio.Run(context.Background(), func(ctx context.Context) error {
		ctx, cancel := context.WithTimeout(ctx, 3*shortStep) // passes in real time
		defer cancel()
		return anyio.SleepForever(ctx)
	}, anyio.On(sim.New(sim.Config{StepTimeout: shortStep})))
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v", err)
	}
}

// A step that comes back when its run is given up gets as far as its next schedule
// point. No other task goes on.
func TestStepThatComesBackStopsAtItsNextSchedulePoint(t *testing.T) {
	type act func(ctx context.Context, tg *anyio.TaskGroup) error
	for name, next := range map[string]act{
		"sleep":      func(ctx context.Context, _ *anyio.TaskGroup) error { return anyio.Sleep(ctx, time.Second) },
		"checkpoint": func(ctx context.Context, _ *anyio.TaskGroup) error { return anyio.Sleep(ctx, 0) },
		"wait":       func(ctx context.Context, _ *anyio.TaskGroup) error { return new(anyio.Event).Wait(ctx) },
		"go, wait": func(ctx context.Context, tg *anyio.TaskGroup) error {
			return tg.Go(func(ctx context.Context) error { panic("a task was started") }).Wait(ctx)
		},
		"end":    nil,
		"goexit": func(ctx context.Context, _ *anyio.TaskGroup) error { runtime.Goexit(); return nil },
	} {
		t.Run(name, func(t *testing.T) {
			var others, after atomic.Int32
			var cameBack atomic.Bool
			release := make(chan int)
			s, before := sim.New(sim.Config{StepTimeout: shortStep}), drivers()
			err := anyio.Run(context.Background(), func(ctx context.Context) error {
				defer others.Add(1)
				return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
					var stuck anyio.Event
					tg.Go(func(ctx context.Context) error {
						defer func() {
							if next != nil && name != "goexit" {
								after.Add(1)
							}
						}()
						stuck.Set() // makes the others ready
						doesNotComeBack(func() { <-release })
						cameBack.Store(true)
						if next == nil {
							return nil
						}
						return next(ctx, tg)
					})
					for range 3 {
						tg.Go(func(ctx context.Context) error {
							defer others.Add(1)
							err := stuck.Wait(ctx)
							for err == nil && name != "" {
								err = anyio.Sleep(ctx, 0)
								if cameBack.Load() {
									others.Add(1)
								}
							}
							return err
						})
					}
					return nil
				})
			}, anyio.On(s))
			if dead, ok := errors.AsType[*sim.DeadlockError](err); !ok || dead.Stuck == nil {
				t.Fatalf("%v", err)
			}
			steps := s.Steps()
			close(release)
			awaitDrivers(before)
			if !cameBack.Load() || after.Load() != 0 || others.Load() != 0 || s.Steps() != steps {
				t.Errorf("came back: %v; then it went on %d times, others %d times, with %d steps more", cameBack.Load(), after.Load(), others.Load(), s.Steps()-steps)
			}
		})
	}
}

// drivers are the goroutines of the loops of all runs. Those without a run are told to end.
func drivers() map[int64]bool {
	kernel.EndIdle()
	ids := make(map[int64]bool)
	for id, stack := range kernel.Stacks() {
		if strings.Contains(stack, "simloop.(*driver).live") {
			ids[id] = true
		}
	}
	return ids
}

// awaitDrivers waits until there are no others than those given.
func awaitDrivers(but map[int64]bool) {
	for {
		now := drivers()
		for id := range but {
			delete(now, id)
		}
		if len(now) == 0 {
			return
		}
		runtime.Gosched()
	}
}

// The loop has a goroutine of its own; what ends it is seen by the caller of Run.
func TestEndOfTheLoopsGoroutineReachesTheCaller(t *testing.T) {
	t.Run("panic", func(t *testing.T) {
		if race.Enabled {
			t.Skip("OnStep has a goroutine of its own under -race, whose panic ends the process")
		}
		defer func() {
			pe, ok := recover().(*anyio.PanicError)
			if !ok || pe.Value != "in OnStep" || !strings.Contains(string(pe.Stack), "watchdog_test.go") {
				t.Errorf("recovered %v", pe)
			}
		}()
		_ = anyio.Run(context.Background(), anyio.SleepForever, anyio.On(sim.New(sim.Config{OnStep: func(sim.Step) { panic("in OnStep") }})))
		t.Error("Run has returned")
	})
	t.Run("Goexit", func(t *testing.T) {
		returned, exited := false, make(chan int)
		go func() {
			defer close(exited)
			_ = anyio.Run(context.Background(), beside(func(context.Context) error { runtime.Goexit(); return nil }), anyio.On(sim.New(sim.Config{})))
			returned = true
		}()
		<-exited
		if returned {
			t.Error("Run has returned")
		}
	})
}
