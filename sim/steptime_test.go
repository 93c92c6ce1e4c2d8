package sim_test

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/testkit"
	"github.com/anyio-go/anyio/sim"
)

// A task that polls beside a timer never lets time pass, unless steps take time.
func TestTimePassesWhileTasksAreReady(t *testing.T) {
	poll := func(ctx context.Context, tg *anyio.TaskGroup) error {
		var done atomic.Bool
		tg.Go(func(ctx context.Context) error {
			err := anyio.Sleep(ctx, 10*time.Millisecond)
			done.Store(true)
			return err
		})
		for !done.Load() {
			if err := anyio.Sleep(ctx, 0); err != nil {
				return err
			}
		}
		return nil
	}
	if dead, err := runWith(sim.Config{MaxSteps: 10_000}, poll); dead == nil || !dead.Livelock {
		t.Errorf("steps take no time: %v", err)
	}
	for seed := range uint64(10) {
		if _, err := runWith(sim.Config{Seed: seed, MaxSteps: 100_000, StepTime: sim.Range{Min: time.Microsecond, Max: 20 * time.Microsecond}}, poll); err != nil {
			t.Errorf("seed %d: %v", seed, err)
		}
	}
}

// A step lasts from Min to Max, every duration of a small range comes, and a timer
// fires before the first step that begins when it is due.
func TestStepTimeIsDrawnFromItsRange(t *testing.T) {
	took := make(map[time.Duration]bool)
	var last time.Time
	var due time.Time
	late := false
	trace := func(seed uint64) (hash uint64) {
		last, due = time.Time{}, time.Time{}
		cfg := sim.Config{Seed: seed, StepTime: sim.Range{Min: 3, Max: 5}, OnStep: func(s sim.Step) {
			if !last.IsZero() && s.Task != "sleeper" {
				took[s.Now.Sub(last)] = true
			}
			last = s.Now
		}}
		s := sim.New(cfg)
		err := anyio.Run(context.Background(), func(ctx context.Context) error {
			return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
				for range 2 {
					tg.Go(func(ctx context.Context) error {
						for range 100 {
							if err := anyio.Sleep(ctx, 0); err != nil {
								return err
							}
						}
						return nil
					})
				}
				due = anyio.Now(ctx).Add(100)
				_, err := anyio.MoveOnAfter(ctx, 100, anyio.SleepForever) //anyiovet:ignore duration of the virtual clock
				late = late || anyio.Now(ctx).Sub(due) > 3*5*5            // of three ready tasks it is chosen soon
				return err
			})
		}, anyio.On(s))
		testkit.WantNil(t, "run", err)
		return s.Hash()
	}
	first, again, other := trace(1), trace(1), trace(2)
	if first != again || first == other {
		t.Error("the same seed gives another trace, or another seed the same")
	}
	if fmt.Sprint(took) != "map[3ns:true 4ns:true 5ns:true]" || late {
		t.Errorf("steps took %v, a timer was late: %v", took, late)
	}
}

func TestStepTimeThatIsNoRangeIsRefused(t *testing.T) {
	for _, r := range []sim.Range{{Min: 2, Max: 1}, {Min: -1, Max: 1}, {Max: -1}} {
		err := anyio.Run(context.Background(), anyio.SleepForever, anyio.On(sim.New(sim.Config{StepTime: r})))
		if m, ok := errors.AsType[*anyio.MisuseError](err); !ok {
			t.Errorf("%+v: %v, want a *MisuseError, %v", r, err, m)
		}
	}
}
