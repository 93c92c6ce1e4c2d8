package anyio_test

import (
	"context"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/sim"
	"github.com/anyio-go/anyio/stream"
)

// A simulated task never runs at the same time as another, and yet the race
// detector must see what would be a race on all cores, and nothing else.

// racePrograms share x between tasks.
var racePrograms = []struct {
	name string
	racy bool
	main func(ctx context.Context, tg *anyio.TaskGroup, x *int) error
}{
	{"two writers", true, func(ctx context.Context, tg *anyio.TaskGroup, x *int) error {
		for range 2 {
			tg.Go(func(context.Context) error { *x++; return nil })
		}
		return nil
	}},
	{"writers that slept before", true, func(ctx context.Context, tg *anyio.TaskGroup, x *int) error {
		for i := range 2 {
			tg.Go(func(ctx context.Context) error {
				_ = anyio.Sleep(ctx, time.Duration(i+1)*time.Millisecond)
				*x++
				return nil
			})
		}
		return nil
	}},
	{"writers that sleep in between", true, func(ctx context.Context, tg *anyio.TaskGroup, x *int) error {
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
	{"writers that give way", true, func(ctx context.Context, tg *anyio.TaskGroup, x *int) error {
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
	{"host that does not wait", true, func(ctx context.Context, tg *anyio.TaskGroup, x *int) error {
		tg.Go(func(ctx context.Context) error { *x++; return anyio.Sleep(ctx, time.Millisecond) })
		_ = anyio.Sleep(ctx, 5*time.Millisecond)
		*x++
		return nil
	}},
	{"writer after the event was set", true, func(ctx context.Context, tg *anyio.TaskGroup, x *int) error {
		var ev anyio.Event
		tg.Go(func(ctx context.Context) error { _ = ev.Wait(ctx); *x++; return nil })
		_ = anyio.Sleep(ctx, time.Millisecond)
		ev.Set()
		*x++
		return nil
	}},
	{"task start", false, func(ctx context.Context, tg *anyio.TaskGroup, x *int) error {
		*x++
		tg.Go(func(ctx context.Context) error {
			*x++
			tg.Go(func(context.Context) error { *x++; return nil })
			return nil
		})
		return nil
	}},
	{"event", false, func(ctx context.Context, tg *anyio.TaskGroup, x *int) error {
		var ev anyio.Event
		for range 2 {
			tg.Go(func(ctx context.Context) error { _ = ev.Wait(ctx); _ = *x; return nil })
		}
		_ = anyio.Sleep(ctx, time.Millisecond)
		*x++
		ev.Set()
		return nil
	}},
	{"event that is set already", false, func(ctx context.Context, tg *anyio.TaskGroup, x *int) error {
		var ev anyio.Event
		tg.Go(func(ctx context.Context) error { *x++; ev.Set(); return nil })
		_ = anyio.Sleep(ctx, time.Millisecond)
		_ = ev.Wait(ctx)
		*x++
		return nil
	}},
	{"started", false, func(ctx context.Context, tg *anyio.TaskGroup, x *int) error {
		_, err := anyio.Start(ctx, tg, func(ctx context.Context, started func(int)) error {
			_ = anyio.Sleep(ctx, time.Millisecond)
			*x++
			started(0)
			return anyio.Sleep(ctx, time.Millisecond)
		})
		*x++
		return err
	}},
	{"task end", false, func(ctx context.Context, tg *anyio.TaskGroup, x *int) error {
		for range 2 {
			h := tg.Go(func(ctx context.Context) error { _ = anyio.Sleep(ctx, time.Millisecond); *x++; return nil })
			_ = h.Await(ctx)
			*x++
		}
		return nil
	}},
	{"group exit", false, func(ctx context.Context, _ *anyio.TaskGroup, x *int) error {
		for range 2 {
			_ = anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
				tg.Go(func(ctx context.Context) error { _ = anyio.Sleep(ctx, time.Millisecond); *x++; return nil })
				return nil
			})
			*x++
		}
		return nil
	}},
	{"memory stream", false, func(ctx context.Context, tg *anyio.TaskGroup, x *int) error {
		send, recv := stream.Memory[int](1)
		defer recv.Close(ctx)
		tg.Go(func(ctx context.Context) error {
			defer send.Close(ctx)
			_ = anyio.Sleep(ctx, time.Millisecond)
			*x++
			return send.Send(ctx, *x) // x belongs to the receiver now
		})
		_, err := recv.Receive(ctx)
		*x++
		return err
	}},
	{"cancel", false, func(ctx context.Context, tg *anyio.TaskGroup, x *int) error {
		h := tg.Go(func(ctx context.Context) error { err := anyio.SleepForever(ctx); *x++; return err })
		_ = anyio.Sleep(ctx, time.Millisecond)
		*x++
		h.Cancel("")
		return nil
	}},
}

var raceBackends = []func() anyio.Backend{
	anyio.EventLoop,
	func() anyio.Backend { return sim.New(sim.Config{Seed: 1}) },
	func() anyio.Backend { return sim.New(sim.Config{Seed: 2}) },
	anyio.Parallel,
}

// raceProgramVar selects the program of the child process.
const raceProgramVar = "ANYIO_TEST_RACE_PROGRAM"

func runRaceProgram(i int, b anyio.Backend) error {
	x := 0
	return anyio.Run(context.Background(), func(ctx context.Context) error {
		return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			return racePrograms[i].main(ctx, tg, &x)
		})
	}, anyio.On(b))
}

// TestRaceProgram is what the child process runs.
func TestRaceProgram(t *testing.T) {
	name := os.Getenv(raceProgramVar)
	if name == "" {
		t.Skip("only for the child process of TestRaceDetectorSeesRacesOnALoop")
	}
	program, backend, _ := strings.Cut(name, "/")
	for i, p := range racePrograms {
		if p.name == program {
			wantNil(t, "run", runRaceProgram(i, raceBackends[backend[0]-'0']()))
		}
	}
}

func TestRaceDetectorSeesNoRaceInAHandover(t *testing.T) {
	if !raceEnabled {
		t.Skip("needs -race")
	}
	for i, p := range racePrograms {
		for _, b := range raceBackends {
			if !p.racy {
				t.Run(p.name, func(t *testing.T) { wantNil(t, "run", runRaceProgram(i, b())) })
			}
		}
	}
}

func TestRaceDetectorSeesRacesOnALoop(t *testing.T) {
	if !raceEnabled {
		t.Skip("needs -race")
	}
	for _, p := range racePrograms {
		if !p.racy {
			continue
		}
		for b, mk := range raceBackends[:3] {
			t.Run(p.name+"/"+mk().Name(), func(t *testing.T) {
				cmd := exec.Command(os.Args[0], "-test.run=^TestRaceProgram$", "-test.shuffle=off")
				cmd.Env = append(slices.Clone(os.Environ()), raceProgramVar+"="+p.name+"/"+string(rune('0'+b)))
				out, err := cmd.CombinedOutput()
				if err == nil || !strings.Contains(string(out), "WARNING: DATA RACE") {
					t.Errorf("the race was not reported: %v\n%s", err, out)
				}
			})
		}
	}
}
