package anyio_test

import (
	"context"
	"errors"
	"reflect"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/loop"
	"github.com/anyio-go/anyio/internal/testkit"
	"github.com/anyio-go/anyio/sim"
)

func TestDeadlockNamesEveryTask(t *testing.T) {
	var inMain, inA, inB, aboveB string
	var unwound atomic.Int32
	d, err := testkit.DeadlockOf(t, sim.Config{Seed: 7}, func(ctx context.Context) error {
		var ev anyio.Event
		inMain = testkit.Line(1)
		return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			tg.Go(func(ctx context.Context) error {
				_ = anyio.Sleep(ctx, 90*time.Second)
				inA = testkit.Line(1)
				err := ev.Wait(ctx)
				testkit.WantCanceled(t, "wait in a dead run", err)
				testkit.WantCanceled(t, "later wait", anyio.Shielded(ctx, anyio.Forever, func(ctx context.Context) error { return anyio.Sleep(ctx, 0) }))
				unwound.Add(1)
				return err
			}, anyio.Name("a"))
			tg.Go(func(ctx context.Context) error {
				aboveB = testkit.Line(1)
				return anyio.Shielded(ctx, anyio.Forever, func(ctx context.Context) error {
					inB = testkit.Line(1)
					err := anyio.SleepForever(ctx)
					unwound.Add(1)
					return err
				})
			}, anyio.Name("b"))
			return nil
		})
	})
	if unwound.Load() != 2 {
		t.Errorf("%d tasks were told", unwound.Load())
	}
	if errors.Is(err, loop.ErrStuck) || d.Livelock || d.Seed != 7 || d.Steps == 0 || len(d.Tasks) != 3 {
		t.Fatalf("%+v", d)
	}
	begin := d.Tasks[0].Since
	want := []sim.BlockedTask{
		{ID: 1, Name: "main", Depth: 0, WaitsFor: "TaskGroup exit: waiting for its tasks", Source: inMain, Since: begin},
		{ID: 2, Name: "a", Depth: 1, WaitsFor: "Event.Wait", Source: inA, Since: begin.Add(90 * time.Second)},
		{ID: 3, Name: "b", Depth: 1, WaitsFor: "SleepForever", Source: inB, Callers: []string{aboveB}, Since: begin},
	}
	for i, w := range want {
		if !reflect.DeepEqual(d.Tasks[i], w) {
			t.Errorf("task %d:\n got %+v\nwant %+v", i, d.Tasks[i], w)
		}
	}
	if !d.Now.Equal(begin.Add(90 * time.Second)) {
		t.Errorf("now: %v", d.Now)
	}
	lines := strings.Split(d.Error(), "\n")
	if len(lines) != 4 || !strings.HasPrefix(lines[0], "anyio: deadlock: every task waits and no timer is pending (seed 7, step ") ||
		lines[2] != `    task 2 "a" waits for Event.Wait at `+inA+" since 00:01:30.000" {
		t.Errorf("text:\n%v", d)
	}
}

// A time of day alone would tell nothing of a run of 231 days.
func TestDeadlockOfALongRunTellsTheDate(t *testing.T) {
	d, _ := testkit.DeadlockOf(t, sim.Config{}, func(ctx context.Context) error {
		return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			tg.Go(func(ctx context.Context) error {
				_ = anyio.Sleep(ctx, 24*time.Hour-time.Millisecond)
				return anyio.SleepForever(ctx)
			})
			_ = anyio.Sleep(ctx, 231*24*time.Hour)
			return anyio.SleepForever(ctx)
		})
	})
	lines := strings.Split(d.Error(), "\n")
	if len(lines) != 3 || !strings.HasSuffix(lines[0], ", virtual time 2000-08-19 00:00:00.000)") ||
		!strings.HasSuffix(lines[1], " since 2000-08-19 00:00:00.000") || !strings.HasSuffix(lines[2], " since 23:59:59.999") {
		t.Errorf("text:\n%v", d)
	}
}

// All waits are told, also those under shields in scopes that were canceled
// before, and those with a context from elsewhere.
func TestDeadlockReachesBelowShieldsAndForeignContexts(t *testing.T) {
	var unwound atomic.Int32
	_, err := testkit.DeadlockOf(t, sim.Config{}, func(ctx context.Context) error {
		return anyio.WithCancelScope(ctx, func(ctx context.Context, s *anyio.CancelScope) error {
			return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
				s.Cancel("before the deadlock")
				for _, f := range []func(ctx context.Context) error{
					func(ctx context.Context) error { return anyio.Shielded(ctx, anyio.Forever, anyio.SleepForever) },
					func(ctx context.Context) error {
						return anyio.Shielded(ctx, anyio.Forever, func(ctx context.Context) error {
							return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
								tg.Go(anyio.SleepForever)
								return nil
							})
						})
					},
					func(ctx context.Context) error { return anyio.SleepForever(context.WithoutCancel(ctx)) },
					func(ctx context.Context) error { return anyio.SleepForever(context.Background()) },
					func(context.Context) error {
						ctx, cancel := context.WithCancel(context.Background())
						defer cancel()
						return anyio.SleepForever(ctx)
					},
				} {
					tg.Go(func(ctx context.Context) error {
						err := f(ctx)
						unwound.Add(1)
						return err
					})
				}
				return nil
			})
		})
	})
	if unwound.Load() != 5 || errors.Is(err, loop.ErrStuck) {
		t.Errorf("%d of 5 tasks were told: %v", unwound.Load(), err)
	}
}

func TestTasksThatIgnoreTheEndAreAbandoned(t *testing.T) {
	for name, f := range map[string]func(ctx context.Context){
		"ignores the error": func(ctx context.Context) {
			for {
				_ = anyio.SleepForever(ctx) //anyiovet:ignore swallow what never ends is found out
			}
		},
		"yields for ever": func(ctx context.Context) {
			_ = anyio.SleepForever(ctx)
			for {
				_ = anyio.Sleep(ctx, 0) //anyiovet:ignore swallow what never ends is found out
			}
		},
		"sleeps under a shield": func(ctx context.Context) {
			for {
				_ = anyio.Shielded(ctx, anyio.Forever, func(ctx context.Context) error { return anyio.Sleep(ctx, time.Second) })
				_ = anyio.SleepForever(context.WithoutCancel(ctx))
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := testkit.DeadlockOf(t, sim.Config{}, func(ctx context.Context) error {
				return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
					tg.Go(func(ctx context.Context) error { f(ctx); return nil })
					return nil
				})
			})
			if !errors.Is(err, loop.ErrStuck) {
				t.Errorf("run: %v", err)
			}
		})
	}
}

func TestLivelockIsFound(t *testing.T) {
	d, err := testkit.DeadlockOf(t, sim.Config{MaxSteps: 1000}, func(ctx context.Context) error {
		return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			for range 2 {
				tg.Go(func(ctx context.Context) error {
					for {
						if err := anyio.Sleep(ctx, time.Millisecond); err != nil {
							return err
						}
					}
				}, anyio.Name("spinner"))
			}
			return nil
		})
	})
	if !d.Livelock || d.Steps != 1000 || len(d.Tasks) != 3 || errors.Is(err, loop.ErrStuck) {
		t.Errorf("%v", err)
	}
	if !strings.HasPrefix(d.Error(), "anyio: livelock: the run made 1000 steps and is not done (seed 0, step 1000, virtual time 00:00:0") {
		t.Errorf("text: %v", d)
	}
}

func TestMoreStepsThanTheLimitInVain(t *testing.T) {
	_, err := testkit.DeadlockOf(t, sim.Config{MaxSteps: 100}, func(ctx context.Context) error {
		for {
			_ = anyio.Sleep(ctx, time.Millisecond) //anyiovet:ignore swallow what never ends is found out
		}
	})
	if !errors.Is(err, loop.ErrStuck) {
		t.Errorf("run: %v", err)
	}
}

func TestNegativeMaxStepsIsNoLimit(t *testing.T) {
	s := sim.New(sim.Config{MaxSteps: -1})
	testkit.WantNil(t, "run", anyio.Run(context.Background(), func(ctx context.Context) error {
		for range 1000 {
			if err := anyio.Sleep(ctx, 0); err != nil {
				return err
			}
		}
		return nil
	}, anyio.On(s)))
}

// A panic that follows a deadlock is not hidden by it.
func TestPanicAfterADeadlockIsRaised(t *testing.T) {
	pe := testkit.WantPanicError(t, "in cleanup", func() {
		_ = anyio.Run(context.Background(), func(ctx context.Context) error {
			_ = anyio.SleepForever(ctx)
			panic("in cleanup")
		}, anyio.On(sim.New(sim.Config{})))
	})
	if _, ok := errors.AsType[*sim.DeadlockError](pe.Group); !ok {
		t.Errorf("the deadlock is lost: %v", pe.Group)
	}
}
