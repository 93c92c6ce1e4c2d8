package race_test

import (
	"context"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/kernel"
	hidden "github.com/anyio-go/anyio/internal/quiet"
	"github.com/anyio-go/anyio/internal/testkit"
	"github.com/anyio-go/anyio/lowlevel"
	"github.com/anyio-go/anyio/portal"
	"github.com/anyio-go/anyio/sim"
	"github.com/anyio-go/anyio/stream"
)

// What a task does with one thing orders it after nobody who does something with
// another: the library's own state, which both go through, is no synchronization. So
// each pair of the operations below, one between the first access and what only the
// clock puts first, one before the second access, leaves a race for the detector.

// A raceOp does something of its own in the task's context, and in the group that it
// shares with the other task.
type raceOp struct {
	name string
	do   func(ctx context.Context, tg *anyio.TaskGroup) error
}

func nothing(context.Context) error { return nil }

func deadlineFarAway() time.Time { return time.Now().Add(1000 * time.Hour) }

// raceVars are variables of a run, one for each of the two tasks.
var raceVars = [2]*lowlevel.RunVar[int]{lowlevel.NewRunVar[int]("one"), lowlevel.NewRunVar[int]("other")}

var raceOps = []raceOp{
	{"nothing", func(context.Context, *anyio.TaskGroup) error { return nil }},
	{"yield", func(ctx context.Context, _ *anyio.TaskGroup) error { return anyio.Sleep(ctx, 0) }},
	{"sleep", func(ctx context.Context, _ *anyio.TaskGroup) error { return anyio.Sleep(ctx, time.Microsecond) }},
	{"scope", func(ctx context.Context, _ *anyio.TaskGroup) error {
		return anyio.WithCancelScope(ctx, func(ctx context.Context, _ *anyio.CancelScope) error { return anyio.Sleep(ctx, time.Microsecond) })
	}},
	{"opened scope", func(ctx context.Context, _ *anyio.TaskGroup) error {
		_, s := anyio.OpenCancelScope(ctx)
		return s.End(nil)
	}},
	{"canceled scope", func(ctx context.Context, _ *anyio.TaskGroup) error {
		return anyio.WithCancelScope(ctx, func(ctx context.Context, s *anyio.CancelScope) error {
			s.Cancel("")
			return anyio.SleepForever(ctx)
		})
	}},
	{"MoveOnAfter", func(ctx context.Context, _ *anyio.TaskGroup) error {
		_, err := anyio.MoveOnAfter(ctx, time.Hour, func(ctx context.Context) error { return anyio.Sleep(ctx, time.Microsecond) })
		return err
	}},
	{"MoveOnAfter that times out", func(ctx context.Context, _ *anyio.TaskGroup) error {
		_, err := anyio.MoveOnAfter(ctx, time.Microsecond, anyio.SleepForever)
		return err
	}},
	{"Shielded", func(ctx context.Context, _ *anyio.TaskGroup) error {
		return anyio.Shielded(ctx, time.Hour, func(ctx context.Context) error { return anyio.Sleep(ctx, time.Microsecond) })
	}},
	{"group", func(ctx context.Context, _ *anyio.TaskGroup) error {
		return anyio.WithTaskGroup(ctx, func(_ context.Context, tg *anyio.TaskGroup) error {
			tg.Go(nothing)
			return nil
		})
	}},
	{"Go in the group", func(ctx context.Context, tg *anyio.TaskGroup) error {
		tg.Go(nothing)
		return nil
	}},
	{"Await in the group", func(ctx context.Context, tg *anyio.TaskGroup) error { return tg.Go(nothing).Await(ctx) }},
	{"Start in the group", func(ctx context.Context, tg *anyio.TaskGroup) error {
		_, err := anyio.Start(ctx, tg, func(_ context.Context, started func(int)) error { started(0); return nil })
		return err
	}},
	{"canceled task", func(ctx context.Context, tg *anyio.TaskGroup) error {
		h := tg.Go(anyio.SleepForever)
		h.Cancel("")
		return h.Wait(ctx)
	}},
	{"the group's deadline", func(_ context.Context, tg *anyio.TaskGroup) error {
		tg.SetDeadline(deadlineFarAway())
		return nil
	}},
	{"Gather", func(ctx context.Context, _ *anyio.TaskGroup) error {
		one := func(context.Context) (int, error) { return 1, nil }
		_, err := anyio.Gather(ctx, one, one)
		return err
	}},
	{"Event", func(ctx context.Context, tg *anyio.TaskGroup) error {
		var e anyio.Event
		tg.Go(func(context.Context) error { e.Set(); return nil })
		return e.Wait(ctx)
	}},
	{"Lock", func(ctx context.Context, _ *anyio.TaskGroup) error {
		var l anyio.Lock
		return l.Do(ctx, func(ctx context.Context) error { return anyio.Sleep(ctx, 0) })
	}},
	{"RWLock", func(ctx context.Context, tg *anyio.TaskGroup) error {
		var l anyio.RWLock
		for range 2 {
			tg.Go(func(ctx context.Context) error { return l.DoRead(ctx, nothing) })
		}
		return l.Do(ctx, func(ctx context.Context) error { return anyio.Sleep(ctx, 0) })
	}},
	{"Semaphore", func(ctx context.Context, tg *anyio.TaskGroup) error {
		s := anyio.NewSemaphore(0)
		tg.Go(func(context.Context) error { s.Release(); return nil })
		return s.Acquire(ctx)
	}},
	{"CapacityLimiter", func(ctx context.Context, _ *anyio.TaskGroup) error {
		return anyio.NewCapacityLimiter(1).Do(ctx, nothing)
	}},
	{"Future", func(ctx context.Context, tg *anyio.TaskGroup) error {
		f := anyio.NewFuture[int]("")
		tg.Go(func(context.Context) error { return f.Set(1) })
		_, err := f.Await(ctx)
		return err
	}},
	{"TrySend and Receive", func(ctx context.Context, _ *anyio.TaskGroup) error {
		send, recv := stream.Memory[int](1)
		defer send.Close(ctx)
		defer recv.Close(ctx)
		if err := send.TrySend(1); err != nil {
			return err
		}
		_, err := recv.Receive(ctx)
		return err
	}},
	{"stream without buffer", func(ctx context.Context, tg *anyio.TaskGroup) error {
		send, recv := stream.Memory[int](0)
		defer recv.Close(ctx)
		tg.Go(func(ctx context.Context) error {
			defer send.Close(ctx)
			return send.Send(ctx, 1)
		})
		_, err := recv.Receive(ctx)
		return err
	}},
	{"Select with a timer", func(ctx context.Context, _ *anyio.TaskGroup) error {
		_, err := anyio.Select(ctx, anyio.OnTimer(time.Microsecond), anyio.OnEvent(&anyio.Event{}))
		return err
	}},
	{"RunBlocking", func(ctx context.Context, _ *anyio.TaskGroup) error {
		// Calls that share a limiter are operations of one thing.
		_, err := anyio.RunBlockingValue(ctx, func() (int, error) { return 1, nil }, anyio.Limiter(anyio.NewCapacityLimiter(1)))
		return err
	}},
	{"portal", func(ctx context.Context, _ *anyio.TaskGroup) error {
		return portal.With(ctx, func(ctx context.Context, p *portal.Portal) error {
			_, err := portal.Call(ctx, p, func(context.Context) (int, error) { return 1, nil })
			return err
		})
	}},
	{"RunVar", func(ctx context.Context, _ *anyio.TaskGroup) error {
		me := raceVars[0]
		if info, _ := anyio.CurrentTask(ctx); info.Name == "second" {
			me = raceVars[1]
		}
		me.Set(ctx, 1)
		_, err := me.Get(ctx)
		return err
	}},
	{"ParkingLot", func(ctx context.Context, tg *anyio.TaskGroup) error {
		lot := &lowlevel.ParkingLot{}
		tg.Go(func(ctx context.Context) error {
			for lot.Unpark(1) == 0 {
				if err := anyio.Sleep(ctx, time.Microsecond); err != nil {
					return err
				}
			}
			return nil
		})
		return lot.Park(ctx)
	}},
	{"derived contexts", func(ctx context.Context, _ *anyio.TaskGroup) error {
		ctx, cancel := context.WithCancel(ctx)
		stop := context.AfterFunc(ctx, func() {})
		stop()
		err := anyio.Sleep(ctx, time.Microsecond)
		cancel()
		<-ctx.Done()
		return err
	}},
	{"questions", func(ctx context.Context, tg *anyio.TaskGroup) error {
		anyio.RunningTasks(ctx)
		anyio.Now(ctx)
		anyio.EffectiveDeadline(ctx)
		kernel.Locate(context.WithValue(ctx, &raceVars, 1))
		_ = tg.CancelCalled()
		return ctx.Err()
	}},
}

var allRaceOps = slices.Concat(raceOps, builtOps)

// raceOpsBackends are the runs on which the pairs are tried.
var raceOpsBackends = map[string]func() []anyio.RunOption{
	"parallel":  func() []anyio.RunOption { return []anyio.RunOption{anyio.On(anyio.Parallel())} },
	"eventloop": func() []anyio.RunOption { return []anyio.RunOption{anyio.On(anyio.EventLoop())} },
	"sim":       func() []anyio.RunOption { return []anyio.RunOption{anyio.On(sim.New(sim.Config{Seed: 1}))} },
	"debug": func() []anyio.RunOption {
		return []anyio.RunOption{anyio.On(anyio.Parallel()), anyio.Debug(), anyio.PprofLabels()}
	},
}

// raceBetween runs the pair. The flag puts the accesses in order without telling the
// detector.
func raceBetween(after, before raceOp, opts ...anyio.RunOption) error {
	x := 0
	return anyio.Run(context.Background(), func(ctx context.Context) error {
		return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			var first hidden.Bool
			tg.Go(func(ctx context.Context) error {
				x++
				err := after.do(ctx, tg)
				first.Store(true)
				return err
			}, anyio.Name("first"))
			tg.Go(func(ctx context.Context) error {
				if err := untilSet(ctx, &first); err != nil {
					return err
				}
				err := before.do(ctx, tg)
				x++
				return err
			}, anyio.Name("second"))
			return nil
		})
	}, opts...)
}

// TestRaceOps is what the child process runs.
func TestRaceOps(t *testing.T) {
	options := raceOpsBackends[os.Getenv(raceChildVar)]
	if options == nil {
		t.Skip("only for the child process of TestOperationsOfOtherThingsHideNoRace")
	}
	for _, after := range allRaceOps {
		for _, before := range allRaceOps {
			t.Run(after.name+", "+before.name, func(t *testing.T) {
				for range 3 { // the detector forgets all accesses now and then
					testkit.WantNil(t, "run", raceBetween(after, before, options()...))
				}
			})
		}
	}
}

func TestOperationsOfOtherThingsHideNoRace(t *testing.T) {
	for name := range raceOpsBackends {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			wantRaces(t, "TestRaceOps", name, len(allRaceOps)*len(allRaceOps))
		})
	}
}
