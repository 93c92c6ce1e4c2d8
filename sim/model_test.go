package sim_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/race"
	"github.com/anyio-go/anyio/lowlevel"
	"github.com/anyio-go/anyio/sim"
	"github.com/anyio-go/anyio/stream"
)

// errFound is what the programs below return when their mistake shows.
var errFound = errors.New("the mistake shows")

// A mistake is a program that is right where tasks give way only in calls that may
// wait, and wrong where they run in parallel.
type mistake struct {
	name string
	run  func(ctx context.Context, tg *anyio.TaskGroup) error
}

// when is a task that calls f once ev is set.
func when(ev *anyio.Event, f func() error) func(ctx context.Context) error {
	return func(ctx context.Context) error {
		if err := ev.Wait(ctx); err != nil {
			return err
		}
		return f()
	}
}

// foundUnless fails if a condition does not hold.
func foundUnless(holds *bool) func() error {
	return func() error {
		if !*holds {
			return errFound
		}
		return nil
	}
}

var mistakes = []mistake{
	{"an event is looked at and then set", func(ctx context.Context, tg *anyio.TaskGroup) error {
		var done anyio.Event
		n := 0
		for range 2 {
			tg.Go(func(ctx context.Context) error {
				if done.IsSet() {
					return nil
				}
				done.Set()
				if n++; n > 1 {
					return errFound
				}
				return nil
			})
		}
		return nil
	}},
	{"two slots are taken one by one", func(ctx context.Context, tg *anyio.TaskGroup) error {
		slots := anyio.NewSemaphore(2)
		for range 2 {
			tg.Go(func(ctx context.Context) error {
				if slots.TryAcquire() != nil {
					return nil
				}
				if slots.TryAcquire() != nil {
					slots.Release()
					return errFound // on a loop one of the two always gets both
				}
				slots.Release()
				slots.Release()
				return nil
			})
		}
		return nil
	}},
	{"what is told of is done afterwards", func(ctx context.Context, tg *anyio.TaskGroup) error {
		var ev anyio.Event
		ready := false
		tg.Go(when(&ev, foundUnless(&ready)))
		tg.Go(func(ctx context.Context) error { ev.Set(); ready = true; return nil })
		return nil
	}},
	{"a future is set before what belongs to it", func(ctx context.Context, tg *anyio.TaskGroup) error {
		var f anyio.Future[int]
		ready := false
		tg.Go(func(ctx context.Context) error {
			if err := f.Wait(ctx); err != nil {
				return err
			}
			return foundUnless(&ready)()
		})
		_ = f.Set(1)
		ready = true
		return nil
	}},
	{"a task is started before what it needs is there", func(ctx context.Context, tg *anyio.TaskGroup) error {
		ready := false
		tg.Go(func(ctx context.Context) error { return foundUnless(&ready)() })
		ready = true
		return nil
	}},
	{"started is called too early", func(ctx context.Context, tg *anyio.TaskGroup) error {
		ready := false
		_, err := anyio.Start(ctx, tg, func(ctx context.Context, started func(int)) error {
			started(1)
			ready = true
			return nil
		})
		if err != nil {
			return err
		}
		return foundUnless(&ready)()
	}},
	{"a lock is released too early", func(ctx context.Context, tg *anyio.TaskGroup) error {
		var mu anyio.Lock
		n := 0
		add := func(ctx context.Context) error {
			if err := mu.Acquire(ctx); err != nil {
				return err
			}
			old := n
			mu.Release()
			n = old + 1
			return nil
		}
		if _, err := anyio.Gather(ctx, values(add), values(add)); err != nil {
			return err
		}
		if n != 2 {
			return errFound
		}
		return nil
	}},
	{"a lock is known as taken before its owner is", func(ctx context.Context, tg *anyio.TaskGroup) error {
		var mu anyio.Lock
		owner := ""
		for _, name := range []string{"a", "b"} {
			tg.Go(func(ctx context.Context) error {
				if mu.TryAcquire() != nil {
					if owner == "" {
						return errFound
					}
					return nil
				}
				owner = name
				defer func() { owner = ""; mu.Release() }()
				return anyio.Sleep(ctx, 0)
			})
		}
		return nil
	}},
	{"an item is sent before what it stands for", func(ctx context.Context, tg *anyio.TaskGroup) error {
		send, receive := stream.Memory[int](1)
		defer send.Close(ctx)
		ready := false
		tg.Go(func(ctx context.Context) error {
			defer receive.Close(ctx)
			if _, err := receive.Receive(ctx); err != nil {
				return err
			}
			return foundUnless(&ready)()
		})
		err := send.Send(ctx, 1)
		ready = true
		return err
	}},
	{"it is canceled before the reason is written", func(ctx context.Context, tg *anyio.TaskGroup) error {
		ready := false
		h := tg.Go(func(ctx context.Context) error {
			err := anyio.SleepForever(ctx)
			if found := foundUnless(&ready)(); found != nil {
				return found
			}
			return err
		})
		if err := anyio.Sleep(ctx, time.Second); err != nil {
			return err
		}
		h.Cancel("enough")
		ready = true
		return nil
	}},
	{"a run variable is read and then set", func(ctx context.Context, tg *anyio.TaskGroup) error {
		v := lowlevel.NewRunVarDefault("n", 0)
		add := func(ctx context.Context) error {
			n, err := v.Get(ctx)
			v.Set(ctx, n+1)
			return err
		}
		if _, err := anyio.Gather(ctx, values(add), values(add)); err != nil {
			return err
		}
		if n, err := v.Get(ctx); err != nil || n != 2 {
			return errFound
		}
		return nil
	}},
}

// values gives a function a value that nobody asks for.
func values(f func(ctx context.Context) error) func(ctx context.Context) (int, error) {
	return func(ctx context.Context) (int, error) { return 0, f(ctx) }
}

// try runs the mistake with a seed and reports whether it shows.
func (m mistake) try(t *testing.T, model sim.Model, seed uint64) (found bool, hash uint64) {
	t.Helper()
	s := sim.New(sim.Config{Seed: seed, Model: model})
	err := anyio.Run(context.Background(), func(ctx context.Context) error {
		return anyio.WithTaskGroup(ctx, m.run)
	}, anyio.On(s))
	if err != nil && !errors.Is(err, errFound) {
		t.Fatalf("seed %d: %v", seed, err)
	}
	return err != nil, s.Hash()
}

func TestMistakesOfParallelProgramsShowOnlyInTheModelOfGoroutines(t *testing.T) {
	const seeds = 300
	for _, m := range mistakes {
		t.Run(m.name, func(t *testing.T) {
			if race.Enabled {
				t.Skip("these are data races, too, which the detector reports")
			}
			first := uint64(0)
			for seed := uint64(1); seed <= seeds; seed++ {
				if found, _ := m.try(t, sim.EventLoop, seed); found {
					t.Fatalf("seed %d shows it on an event loop", seed)
				}
				found, hash := m.try(t, sim.Goroutines, seed)
				if found && first == 0 {
					first = seed
				}
				if again, hashAgain := m.try(t, sim.Goroutines, seed); again != found || hashAgain != hash {
					t.Fatalf("seed %d gives two traces", seed)
				}
			}
			if first == 0 {
				t.Fatalf("none of %d seeds shows it", seeds)
			}
			t.Logf("seed %d shows it", first)
		})
	}
}

// What is called inside one step, and functions of the simulator's own, find no
// task to interrupt.
func TestCallbacksAreNotInterrupted(t *testing.T) {
	for seed := range uint64(50) {
		var ev anyio.Event
		made, judged := 0, 0
		cfg := sim.Config{Seed: seed, Model: sim.Goroutines, OnStep: func(sim.Step) { ev.Set() }}
		err := anyio.Run(context.Background(), func(ctx context.Context) error {
			net := sim.NetworkOf(ctx)
			net.OnPacket(func(*sim.Packet) sim.Verdict { judged++; ev.Set(); return sim.Verdict{} })
			v := lowlevel.NewRunVar[int]("v")
			if err := net.AddHost("db1", sim.HostConfig{}); err != nil {
				return err
			}
			return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
				for range 3 {
					tg.Go(func(ctx context.Context) error {
						v.GetOrSet(ctx, func() int { made++; ev.Set(); return made })
						c, err := dial(ctx, "db1", 1) // nobody listens
						if err == nil {
							return errors.Join(errors.New("connected"), c.Close())
						}
						return nil
					})
				}
				return nil
			})
		}, anyio.On(sim.New(cfg)))
		if err != nil || made != 1 || judged == 0 {
			t.Fatalf("seed %d: %v; the value was made %d times, %d packets judged", seed, err, made, judged)
		}
	}
}

// A notification that comes while the lock is being given up is not lost.
func TestConditionLosesNoNotificationInTheModelOfGoroutines(t *testing.T) {
	for seed := range uint64(200) {
		var c anyio.Condition
		ready := false
		err := anyio.Run(context.Background(), func(ctx context.Context) error {
			return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
				for range 2 {
					tg.Go(func(ctx context.Context) error {
						return c.Do(ctx, func(ctx context.Context) error {
							return c.WaitFor(ctx, func() bool { return ready })
						})
					})
				}
				return c.Do(ctx, func(context.Context) error {
					ready = true
					c.NotifyAll()
					return nil
				})
			})
		}, anyio.On(sim.New(sim.Config{Seed: seed, Model: sim.Goroutines})))
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
	}
}

// A sync.Mutex across a call that others can notice blocks the simulation.
func TestMutexAcrossAnOperationIsReported(t *testing.T) {
	reported := false
	for seed := uint64(0); seed < 100 && !reported; seed++ {
		var mu sync.Mutex
		var ev anyio.Event
		dead, err := runWith(sim.Config{Seed: seed, Model: sim.Goroutines, StepTimeout: 50 * time.Millisecond},
			func(ctx context.Context, tg *anyio.TaskGroup) error {
				for range 3 {
					tg.Go(func(ctx context.Context) error {
						doesNotComeBack(mu.Lock)
						defer mu.Unlock()
						ev.Set()
						return nil
					})
				}
				return nil
			})
		if reported = dead != nil && dead.Stuck != nil && strings.HasPrefix(dead.Stuck.State, "sync.Mutex") &&
			strings.Contains(err.Error(), "make that call after Unlock"); !reported && err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
	}
	if !reported {
		t.Error("no seed shows it")
	}
}

func TestModelThatThereIsNotIsRefused(t *testing.T) {
	err := anyio.Run(context.Background(), anyio.SleepForever, anyio.On(sim.New(sim.Config{Model: 7})))
	if _, ok := errors.AsType[*anyio.MisuseError](err); !ok || !strings.Contains(fmt.Sprint(err), "Model(7)") {
		t.Errorf("%v, want a *MisuseError", err)
	}
}
