package simloop_test

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/asyncio"
	"github.com/anyio-go/anyio/internal/coro"
	"github.com/anyio-go/anyio/internal/kernel"
	"github.com/anyio-go/anyio/internal/simloop"
	"github.com/anyio-go/anyio/internal/testkit"
	"github.com/anyio-go/anyio/sim"
)

// several is a run of several tasks with timers.
func several(ctx context.Context) error {
	return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
		for i := range 20 {
			tg.Go(func(ctx context.Context) error {
				for range 5 {
					if err := anyio.Sleep(ctx, time.Duration(i%3)*time.Millisecond); err != nil {
						return err
					}
				}
				return nil
			})
		}
		return nil
	})
}

// Only a run in which no code of users has run on the loop's goroutine, and that has ended
// as it should, leaves the goroutine to the next.
func TestDriversAreUsedAgainIfNothingIsLeft(t *testing.T) {
	if !coro.Pooled {
		t.Skip("nothing is used again here")
	}
	foreign := func(ctx context.Context) error {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		return anyio.Sleep(ctx, time.Hour)
	}
	for name, c := range map[string]struct {
		main func(ctx context.Context) error
		cfg  sim.Config
		left int
	}{
		"tasks and timers":   {main: several, left: 1},
		"no limit of a step": {main: several, cfg: sim.Config{StepTimeout: -1}}, // it runs on the caller's
		"goroutines":         {main: several, cfg: sim.Config{Model: sim.Goroutines}, left: 1},
		"error of main":      {main: func(context.Context) error { return testkit.ErrBoom }, left: 1},
		"OnStep":             {main: several, cfg: sim.Config{OnStep: func(sim.Step) {}}},
		"Trace":              {main: several, cfg: sim.Config{Trace: &sim.Trace{}}},
		"foreign context":    {main: foreign},
		"callback":           {main: callback},
		"deadlock":           {main: anyio.SleepForever},
		"stuck":              {main: stuck, cfg: sim.Config{StepTimeout: 10 * time.Millisecond}},
		"Goexit": {main: func(ctx context.Context) error {
			return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
				tg.Go(func(context.Context) error { runtime.Goexit(); return nil })
				return nil
			})
		}},
	} {
		t.Run(name, func(t *testing.T) {
			kernel.EndIdle()
			ended := make(chan struct{})
			go func() { // which Goexit may exit
				defer close(ended)
				_ = anyio.Run(context.Background(), c.main, anyio.On(sim.New(c.cfg)))
			}()
			<-ended
			if n := simloop.Idle(); n != c.left {
				t.Errorf("%d drivers are left, want %d", n, c.left)
			}
		})
	}
}

// callback lets the loop call a function between two steps.
func callback(ctx context.Context) error {
	l, err := asyncio.RunningLoop(ctx)
	if err != nil {
		return err
	}
	called := anyio.Event{}
	l.CallSoon(func() { called.Set() })
	return called.Wait(ctx)
}

// stuck does not come back before the run was given up.
func stuck(ctx context.Context) error {
	runtime.LockOSThread() // which nobody must get
	select {}
}

// A run is the same on a goroutine and coroutines of its own and on those of others.
func TestRunsDoNotDependOnThoseBefore(t *testing.T) {
	hash := func(seed uint64, main func(ctx context.Context) error) uint64 {
		s := sim.New(sim.Config{Seed: seed})
		testkit.WantNil(t, "run", anyio.Run(context.Background(), main, anyio.On(s)))
		return s.Hash()
	}
	for seed := range uint64(20) {
		kernel.EndIdle()
		alone := hash(seed, several)
		for range 3 {
			hash(seed+1, func(ctx context.Context) error { return anyio.Sleep(ctx, time.Hour) })
			if h := hash(seed, several); h != alone {
				t.Errorf("seed %d: hash %x, at first %x", seed, h, alone)
			}
		}
	}
}

// Who calls may be locked to a thread, or not.
func TestLockedAndFreeCallersShareDrivers(t *testing.T) {
	for range 3 {
		testkit.WantNil(t, "free", anyio.Run(context.Background(), several, anyio.On(sim.New(sim.Config{}))))
		runtime.LockOSThread()
		err := anyio.Run(context.Background(), several, anyio.On(sim.New(sim.Config{StepTimeout: -1})))
		runtime.UnlockOSThread()
		testkit.WantNil(t, "locked", err)
	}
}

// A bubble gets none of the goroutines outside, and leaves none.
func TestBubblesHaveTheirOwnDrivers(t *testing.T) {
	kernel.EndIdle()
	testkit.WantNil(t, "outside", anyio.Run(context.Background(), several, anyio.On(sim.New(sim.Config{}))))
	before := simloop.Idle()
	synctest.Test(t, func(t *testing.T) {
		for range 3 {
			testkit.WantNil(t, "in the bubble", anyio.Run(context.Background(), several, anyio.On(sim.New(sim.Config{}))))
		}
	})
	if n := simloop.Idle(); n > before {
		t.Errorf("%d drivers are left, %d before", n, before)
	}
}

// made are the goroutines of drivers, and their coroutines, that are not among others.
func made(others map[int64]bool) map[int64]bool {
	ids := map[int64]bool{}
	for id, stack := range kernel.Stacks() {
		if (strings.Contains(stack, "/internal/simloop.(*driver).live") || strings.Contains(stack, "/internal/coro.New.func")) && !others[id] {
			ids[id] = true
		}
	}
	return ids
}

// end waits until no goroutines are made but others.
func end(t *testing.T, others map[int64]bool) {
	t.Helper()
	for begin := time.Now(); len(made(others)) > 0; runtime.Gosched() {
		if time.Since(begin) > time.Minute {
			t.Fatalf("%d goroutines are left, %d drivers", len(made(others)), simloop.Idle())
		}
	}
}

// What no run needs any more is given back by itself, coroutines as well.
func TestIdleDriversEnd(t *testing.T) {
	kernel.EndIdle()
	before := made(nil)
	testkit.WantNil(t, "run", anyio.Run(context.Background(), several, anyio.On(sim.New(sim.Config{}))))
	if n := len(made(before)); coro.Pooled && n < 10 {
		t.Errorf("%d goroutines are kept", n)
	}
	end(t, before)
}

var errLate = errors.New("late")

// A driver whose run was given up is not used again when its step comes back after all.
func TestStepThatComesBackLateEndsItsDriver(t *testing.T) {
	kernel.EndIdle()
	before := made(nil)
	back := make(chan struct{})
	err := anyio.Run(context.Background(), func(ctx context.Context) error {
		<-back
		return errLate
	}, anyio.On(sim.New(sim.Config{StepTimeout: 10 * time.Millisecond})))
	if dead, ok := errors.AsType[*sim.DeadlockError](err); !ok || dead.Stuck == nil {
		t.Fatalf("%v, want a stuck step", err)
	}
	if n := simloop.Idle(); n != 0 {
		t.Errorf("%d drivers are left", n)
	}
	close(back)
	end(t, before)
}
