package storm_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/race"
	"github.com/anyio-go/anyio/internal/testkit"
	"github.com/anyio-go/anyio/lowlevel"
	"github.com/anyio-go/anyio/sim"
)

var errStorm = errors.New("storm")

// A world is what the tasks of one storm share.
type world struct {
	r              *rand.Rand // of the one who builds
	lock           anyio.Lock
	never          anyio.Event
	begun, cleaned atomic.Int64
	dead           bool // nobody outside ends it
}

// cleanup is what a task does on its way out. Each waits in a way that the end of the
// run, or nothing but the rest of the storm, must end; shielded ones with a time.
func (w *world) cleanup() func(ctx context.Context) {
	kinds := []func(ctx context.Context){
		func(context.Context) {},
		func(ctx context.Context) { _ = w.never.Wait(ctx) },
		func(ctx context.Context) {
			_ = anyio.Shielded(ctx, time.Millisecond, func(ctx context.Context) error { return w.never.Wait(ctx) })
		},
		func(ctx context.Context) {
			_ = anyio.Shielded(ctx, time.Millisecond, func(ctx context.Context) error {
				return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
					tg.Go(func(ctx context.Context) error { defer w.out(ctx, w.lock.Acquire); return w.never.Wait(ctx) })
					return errStorm
				})
			})
		},
		func(ctx context.Context) { w.out(ctx, w.lock.Acquire) },
		func(ctx context.Context) { _ = lowlevel.Checkpoint(ctx) },
		func(ctx context.Context) { _ = anyio.RunBlocking(ctx, func() error { return nil }) },
		func(context.Context) { panic("in a cleanup") },
		func(context.Context) { runtime.Goexit() },
	}
	return kinds[w.r.IntN(len(kinds))]
}

// out takes the lock, and gives it back.
func (w *world) out(ctx context.Context, acquire func(context.Context) error) {
	if acquire(ctx) == nil {
		w.lock.Release()
	}
}

// body is what a task does until something ends it.
func (w *world) body(depth int) func(ctx context.Context) error {
	var kids []func(ctx context.Context) error
	if depth > 0 {
		for range w.r.IntN(4) {
			kids = append(kids, w.body(depth-1))
		}
	}
	first, second := w.cleanup(), w.cleanup()
	wait := []func(ctx context.Context) error{
		w.never.Wait,
		anyio.SleepForever,
		func(ctx context.Context) error { return anyio.Sleep(ctx, time.Millisecond) },
		func(ctx context.Context) error {
			return w.lock.Do(ctx, func(ctx context.Context) error { return lowlevel.Checkpoint(ctx) })
		},
		func(ctx context.Context) error {
			return anyio.FailAfter(ctx, time.Millisecond, func(ctx context.Context) error { return w.never.Wait(ctx) })
		},
		func(context.Context) error { return errStorm },
		func(context.Context) error { panic("in a body") },
		func(context.Context) error { runtime.Goexit(); return nil },
	}
	most := len(wait)
	if w.dead { // nothing ends the others
		most = 2
	}
	then := wait[w.r.IntN(most)]
	return func(ctx context.Context) error {
		w.begun.Add(1)
		defer w.cleaned.Add(1)
		defer second(ctx)
		defer first(ctx)
		return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			for _, kid := range kids {
				tg.Go(kid)
			}
			return then(ctx)
		})
	}
}

// storm runs a tree of tasks on a backend; it is ended from outside after a moment,
// unless nothing shall end it. It returns how it ended.
func (w *world) storm(b anyio.Backend, seed uint64) (panicked any, exited bool, err error) {
	w.r = rand.New(rand.NewPCG(seed, 0))
	root := w.body(3)
	exited = testkit.Exited(func(*testing.T) {
		panicked = testkit.Recovered(func() {
			err = anyio.Run(context.Background(), func(ctx context.Context) error {
				if w.dead {
					return root(ctx)
				}
				_, err := anyio.MoveOnAfter(ctx, 2*time.Millisecond, root)
				return err
			}, anyio.On(b), anyio.OnPanic(testkit.Quiet), anyio.PanicGrace(anyio.Forever))
		})
	})
	return panicked, exited, err
}

var storms = flag.Uint64("storms", 0, "seeds of each storm; 0 means some")

func seeds() uint64 {
	if *storms > 0 {
		return *storms
	}
	if race.Enabled || testing.Short() {
		return 60
	}
	return 400
}

// Whatever tasks do while they are ended, the run ends, each of them has run its cleanup
// to the end, and none is left.
func TestCleanupsThatFailAreRunToTheEnd(t *testing.T) {
	backends := []func(seed uint64) anyio.Backend{
		func(uint64) anyio.Backend { return anyio.Parallel() },
		func(uint64) anyio.Backend { return anyio.EventLoop() },
		func(seed uint64) anyio.Backend { return sim.New(sim.Config{Seed: seed}) },
		func(seed uint64) anyio.Backend { return sim.New(sim.Config{Seed: seed, Model: sim.Goroutines}) },
	}
	for _, on := range backends {
		t.Run(on(0).Name(), func(t *testing.T) {
			panics := 0
			for seed := range seeds() {
				w := &world{}
				panicked, _, err := w.storm(on(seed), seed)
				if w.begun.Load() == 0 || w.begun.Load() != w.cleaned.Load() {
					t.Errorf("seed %d: %d tasks have begun, %d cleaned up: %v", seed, w.begun.Load(), w.cleaned.Load(), err)
				}
				if _, ours := panicked.(*anyio.PanicError); panicked != nil && !ours {
					t.Errorf("seed %d: panic with %v", seed, panicked)
				} else if ours {
					panics++
				}
				if err != nil && !errors.Is(err, errStorm) && !errors.Is(err, anyio.ErrTimeout) {
					t.Errorf("seed %d: %v", seed, err)
				}
			}
			if panics == 0 || panics == int(seeds()) {
				t.Errorf("%d of %d storms have panicked", panics, seeds())
			}
		})
	}
}

// A run that is dead is unwound, whatever its cleanups do, and says what it died of.
func TestCleanupsOfADeadRunHideNothing(t *testing.T) {
	for _, model := range []sim.Model{sim.EventLoop, sim.Goroutines} {
		found := 0
		for seed := range seeds() {
			w := &world{dead: true}
			panicked, exited, err := w.storm(sim.New(sim.Config{Seed: seed, Model: model}), seed)
			if e, ours := panicked.(*anyio.PanicError); ours {
				err = errors.Join(err, e)
			} else if panicked != nil {
				t.Errorf("seed %d: panic with %v", seed, panicked)
			}
			if e := (*sim.DeadlockError)(nil); errors.As(err, &e) && len(e.Tasks) > 0 {
				found++
			} else if !exited { // runtime.Goexit in a cleanup exits the caller of Run
				t.Errorf("seed %d: %s, want a deadlock", seed, fmt.Sprintf("%.300v", err))
			}
			if w.begun.Load() != w.cleaned.Load() {
				t.Errorf("seed %d: %d tasks have begun, %d cleaned up: %v", seed, w.begun.Load(), w.cleaned.Load(), err)
			}
		}
		if found == 0 {
			t.Error("no storm ended in a deadlock")
		}
	}
}
