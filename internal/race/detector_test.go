package race_test

import (
	"context"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/race"
	"github.com/anyio-go/anyio/internal/testkit"
	"github.com/anyio-go/anyio/sim"
)

// A simulated task never runs at the same time as another, and yet the race
// detector must see what would be a race on all cores, and nothing else.

// A raceProgram shares x between tasks.
type raceProgram struct {
	name string
	main func(ctx context.Context, tg *anyio.TaskGroup, x *int) error
}

func (p raceProgram) run(b anyio.Backend) error {
	x := 0
	return anyio.Run(context.Background(), func(ctx context.Context) error {
		return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			return p.main(ctx, tg, &x)
		})
	}, anyio.On(b))
}

// racePrograms have a race, whatever the order.
var racePrograms = []raceProgram{
	{"two writers", func(ctx context.Context, tg *anyio.TaskGroup, x *int) error {
		for range 2 {
			tg.Go(func(context.Context) error { *x++; return nil })
		}
		return nil
	}},
	{"writers that slept before", func(ctx context.Context, tg *anyio.TaskGroup, x *int) error {
		for i := range 2 {
			tg.Go(func(ctx context.Context) error {
				_ = anyio.Sleep(ctx, time.Duration(i+1)*time.Millisecond)
				*x++
				return nil
			})
		}
		return nil
	}},
	{"writers that sleep in between", func(ctx context.Context, tg *anyio.TaskGroup, x *int) error {
		for i := range 2 {
			tg.Go(func(ctx context.Context) error {
				for range 3 {
					*x++
					_ = anyio.Sleep(ctx, time.Duration(2+i)*time.Millisecond)
				}
				return nil
			})
		}
		return nil
	}},
	{"writers under a lock for readers", func(ctx context.Context, tg *anyio.TaskGroup, x *int) error {
		var l anyio.RWLock
		for range 2 {
			tg.Go(func(ctx context.Context) error {
				err := l.AcquireRead(ctx)
				*x++
				l.ReleaseRead()
				return err
			})
		}
		return nil
	}},
	{"items of Map with a limit", func(ctx context.Context, _ *anyio.TaskGroup, x *int) error {
		_, err := anyio.Map(ctx, make([]int, 5), 2, func(ctx context.Context, _ int) (int, error) {
			err := anyio.Sleep(ctx, time.Millisecond)
			*x++
			return 0, err
		})
		return err
	}},
	{"writers that give way", func(ctx context.Context, tg *anyio.TaskGroup, x *int) error {
		for range 2 {
			tg.Go(func(ctx context.Context) error {
				for range 100 {
					*x++
					_ = anyio.Sleep(ctx, 0)
				}
				return nil
			})
		}
		return nil
	}},
	{"host that does not wait", func(ctx context.Context, tg *anyio.TaskGroup, x *int) error {
		tg.Go(func(ctx context.Context) error { *x++; return anyio.Sleep(ctx, time.Millisecond) })
		_ = anyio.Sleep(ctx, 5*time.Millisecond)
		*x++
		return nil
	}},
	{"writer after the event was set", func(ctx context.Context, tg *anyio.TaskGroup, x *int) error {
		var ev anyio.Event
		tg.Go(func(ctx context.Context) error { _ = ev.Wait(ctx); *x++; return nil })
		_ = anyio.Sleep(ctx, time.Millisecond)
		ev.Set()
		*x++
		return nil
	}},
	{"host between two starts", func(_ context.Context, tg *anyio.TaskGroup, x *int) error {
		tg.Go(func(context.Context) error { _ = *x; return nil })
		*x = 1
		tg.Go(nothing)
		return nil
	}},
	{"host that gives way", func(ctx context.Context, tg *anyio.TaskGroup, x *int) error {
		tg.Go(func(context.Context) error { _ = *x; return nil })
		*x = 1
		return anyio.Sleep(ctx, 0)
	}},
	{"host that waits for another task", func(ctx context.Context, tg *anyio.TaskGroup, x *int) error {
		var ev anyio.Event
		tg.Go(func(context.Context) error { _ = *x; return nil })
		tg.Go(func(context.Context) error { ev.Set(); return nil })
		*x = 1
		return ev.Wait(ctx)
	}},
	{"host before a nested group", func(ctx context.Context, tg *anyio.TaskGroup, x *int) error {
		tg.Go(func(context.Context) error { _ = *x; return nil })
		*x = 1
		return anyio.WithTaskGroup(ctx, func(_ context.Context, tg *anyio.TaskGroup) error {
			tg.Go(nothing)
			return nil
		})
	}},
	{"task that ends before another is started", func(_ context.Context, tg *anyio.TaskGroup, x *int) error {
		var ev anyio.Event
		tg.Go(func(ctx context.Context) error {
			err := ev.Wait(ctx)
			tg.Go(func(context.Context) error { _ = *x; return nil })
			return err
		})
		tg.Go(func(context.Context) error { ev.Set(); *x = 1; return nil })
		return nil
	}},
	{"task that ends before a nested group begins", func(_ context.Context, tg *anyio.TaskGroup, x *int) error {
		var ev anyio.Event
		tg.Go(func(ctx context.Context) error {
			if err := ev.Wait(ctx); err != nil {
				return err
			}
			return anyio.WithTaskGroup(ctx, func(_ context.Context, tg *anyio.TaskGroup) error {
				tg.Go(func(context.Context) error { _ = *x; return nil })
				return nil
			})
		})
		tg.Go(func(context.Context) error { ev.Set(); *x = 1; return nil })
		return nil
	}},
	{"waiter that goes on after a write behind Set", func(_ context.Context, tg *anyio.TaskGroup, x *int) error {
		var ev anyio.Event
		tg.Go(func(ctx context.Context) error { err := ev.Wait(ctx); _ = *x; return err })
		tg.Go(func(context.Context) error { ev.Set(); *x = 1; return nil })
		return nil
	}},
	{"waiter that writes before it waits", func(ctx context.Context, tg *anyio.TaskGroup, x *int) error {
		var ev anyio.Event
		tg.Go(func(ctx context.Context) error { *x = 1; return ev.Wait(ctx) })
		_ = anyio.Sleep(ctx, time.Millisecond)
		ev.Set()
		_ = *x
		return nil
	}},
	{"tasks that a deadline ends", func(ctx context.Context, _ *anyio.TaskGroup, x *int) error {
		_, err := anyio.MoveOnAfter(ctx, time.Millisecond, func(ctx context.Context) error {
			return anyio.WithTaskGroup(ctx, func(_ context.Context, tg *anyio.TaskGroup) error {
				for range 2 {
					tg.Go(func(ctx context.Context) error { err := anyio.SleepForever(ctx); *x++; return err })
				}
				return nil
			})
		})
		return err
	}},
	{"tasks that are canceled together", func(ctx context.Context, tg *anyio.TaskGroup, x *int) error {
		for range 2 {
			tg.Go(func(ctx context.Context) error {
				err := anyio.SleepForever(ctx)
				*x++
				_ = err.Error()
				return err
			})
		}
		_ = anyio.Sleep(ctx, time.Millisecond)
		tg.Cancel("enough")
		return nil
	}},
}

var allRaces = slices.Concat(racePrograms, builtRaces)

var raceBackends = []func() anyio.Backend{anyio.EventLoop, anyio.Parallel}

func init() {
	for seed := range uint64(12) {
		raceBackends = append(raceBackends, func() anyio.Backend {
			cfg := sim.Config{Seed: seed}
			if seed%3 == 0 {
				cfg.Trace = &sim.Trace{}
			}
			return sim.New(cfg)
		})
	}
}

// raceChildVar tells the child process what to run.
const raceChildVar = "ANYIO_TEST_RACE_CHILD"

// TestRacePrograms is what the child process runs.
func TestRacePrograms(t *testing.T) {
	if os.Getenv(raceChildVar) != "programs" {
		t.Skip("only for the child process of TestRaceDetectorSeesEveryRace")
	}
	for _, p := range allRaces {
		for _, b := range raceBackends {
			t.Run(p.name+"/"+b().Name(), func(t *testing.T) {
				for range 3 { // the detector forgets all accesses now and then
					testkit.WantNil(t, "run", p.run(b()))
				}
			})
		}
	}
}

func TestRaceDetectorSeesEveryRace(t *testing.T) {
	wantRaces(t, "TestRacePrograms", "programs", len(allRaces)*len(raceBackends))
}

// The first thing that is called for somebody else in a process must not know more than
// the initialization of packages. So each backend has a process of its own here, and ""
// is what has no run.
func TestRaceOfTheFirstCallbacks(t *testing.T) {
	name, ok := strings.CutPrefix(os.Getenv(raceChildVar), "first ")
	if !ok {
		t.Skip("only for the child processes of TestFirstCallbackHidesNoRace")
	}
	x := 0
	main := func(ctx context.Context) error {
		return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			first := withCallback(func() {})
			return oneAfterTheOther(tg, func(ctx context.Context) error { x++; return first(ctx) }, withCallback(func() { x++ }))
		})
	}
	t.Run("race", func(t *testing.T) {
		if name == "" {
			testkit.WantNil(t, "group", main(context.Background()))
			return
		}
		b, err := anyio.BackendByName(name)
		testkit.WantNil(t, "backend", err)
		testkit.WantNil(t, "run", anyio.Run(context.Background(), main, anyio.On(b)))
	})
}

func TestFirstCallbackHidesNoRace(t *testing.T) {
	for _, backend := range []string{"", "parallel", "eventloop", "sim"} {
		wantRaces(t, "TestRaceOfTheFirstCallbacks", "first "+backend, 1)
	}
}

// wantRaces runs a test in a child process. Each of its n subtests must be reported to
// have a race.
func wantRaces(t *testing.T, test, child string, n int) {
	t.Helper()
	if !race.Enabled {
		t.Skip("needs -race")
	}
	cmd := exec.Command(os.Args[0], "-test.run=^"+test+"$", "-test.v", "-test.shuffle=off", "-test.count=1")
	cmd.Env = append(slices.Clone(os.Environ()), raceChildVar+"="+child, "GORACE=suppress_equal_stacks=0 suppress_equal_addresses=0")
	out, _ := cmd.CombinedOutput()
	for _, line := range strings.Split(string(out), "\n") {
		if name, hidden := strings.CutPrefix(line, "    --- PASS: "+test+"/"); hidden {
			t.Errorf("%s: no race was reported: %s", child, name)
		}
	}
	failed := strings.Count(string(out), "\n    --- FAIL: "+test+"/")
	if reports := strings.Count(string(out), "race detected during execution of test"); failed != n || reports < n {
		t.Errorf("%s: %d subtests of %d failed, %d had a race:\n%.3000s", child, failed, n, reports, out)
	}
}
