package sim_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/race"
	"github.com/anyio-go/anyio/sim"
	"github.com/anyio-go/anyio/stream"
)

// tick sleeps again and again, forever or n times.
func tick(ctx context.Context, every time.Duration, n int) error {
	for i := 0; n == 0 || i < n; i++ {
		if err := anyio.Sleep(ctx, every); err != nil {
			return err
		}
	}
	return nil
}

func runWith(cfg sim.Config, main func(ctx context.Context, tg *anyio.TaskGroup) error) (*sim.DeadlockError, error) {
	err := anyio.Run(context.Background(), func(ctx context.Context) error {
		return anyio.WithTaskGroup(ctx, main)
	}, anyio.On(sim.New(cfg)), anyio.MainName("main"))
	dead, _ := errors.AsType[*sim.DeadlockError](err)
	return dead, err
}

// Two tasks wait for each other's lock, beside a ticker that would go on forever,
// and starts a task at each tick.
func TestDeadlockBesideATickerIsReported(t *testing.T) {
	for name, maxWait := range map[string]time.Duration{"by default": 0, "after MaxWait": 10 * time.Minute} {
		t.Run(name, func(t *testing.T) {
			if race.Enabled && maxWait == 0 {
				t.Skip("makes a million steps")
			}
			dead, err := runWith(sim.Config{Seed: 1, MaxWait: maxWait}, func(ctx context.Context, tg *anyio.TaskGroup) error {
				var a, b anyio.Lock
				both := func(first, second *anyio.Lock) func(ctx context.Context) error {
					return func(ctx context.Context) error {
						return first.Do(ctx, func(ctx context.Context) error {
							if err := anyio.Sleep(ctx, time.Second); err != nil {
								return err
							}
							return second.Do(ctx, func(context.Context) error { return nil })
						})
					}
				}
				tg.Go(both(&a, &b), anyio.Name("ab"))
				tg.Go(both(&b, &a), anyio.Name("ba"))
				tg.Go(func(ctx context.Context) error {
					for {
						tg.Go(func(context.Context) error { return nil })
						if err := anyio.Sleep(ctx, time.Second); err != nil {
							return err
						}
					}
				}, anyio.Name("ticker"))
				tg.Go(anyio.SleepForever, anyio.Name("until canceled"))
				return nil
			})
			if dead == nil || dead.Livelock || dead.Stuck != nil || dead.Forgotten != 2 {
				t.Fatalf("%v", err)
			}
			for _, task := range dead.Tasks {
				if want := task.Name == "ab" || task.Name == "ba"; task.Forgotten != want {
					t.Errorf("%q: forgotten %v", task.Name, task.Forgotten)
				}
			}
			if text := dead.Error(); !strings.HasPrefix(text, "anyio: deadlock of 2 tasks (marked with *), beside others that go on (seed 1, step ") ||
				strings.Count(text, "\n *") != 2 || !strings.Contains(text, `"ab" waits for Lock.Acquire`) {
				t.Errorf("text: %v", dead)
			}
			waited := dead.Now.Sub(dead.Tasks[0].Since)
			if maxWait > 0 && (waited < maxWait || waited > 2*maxWait) {
				t.Errorf("reported after %v", waited)
			}
		})
	}
}

// None of these is a deadlock, though a task waits for long beside others that only
// sleep.
func TestLongWaitsAreNoDeadlocks(t *testing.T) {
	const long = 300 * 24 * time.Hour
	for name, main := range map[string]func(ctx context.Context, tg *anyio.TaskGroup) error{
		"a task sleeps for long, and then wakes": func(ctx context.Context, tg *anyio.TaskGroup) error {
			var ev anyio.Event
			tg.Go(ev.Wait)
			tg.Go(func(ctx context.Context) error { return tick(ctx, 20*time.Second, 1_200_000) })
			err := anyio.Sleep(ctx, long)
			ev.Set()
			return err
		},
		"a wait has a deadline": func(ctx context.Context, tg *anyio.TaskGroup) error {
			tg.Go(func(ctx context.Context) error {
				_, err := anyio.MoveOnAfter(ctx, long, new(anyio.Event).Wait)
				return err
			})
			return tick(ctx, 20*time.Second, 1_200_000)
		},
		"now and then another task is woken": func(ctx context.Context, tg *anyio.TaskGroup) error {
			send, receive := stream.Memory[int](0)
			var ev anyio.Event
			tg.Go(ev.Wait)
			tg.Go(func(ctx context.Context) error {
				for range receive.All(ctx) {
				}
				return receive.Close(ctx)
			})
			for range 3 {
				if err := tick(ctx, time.Second, 500_000); err != nil {
					return err
				}
				if err := send.Send(ctx, 1); err != nil {
					return err
				}
			}
			ev.Set()
			return send.Close(ctx)
		},
		"it is only an hour, or only a million steps": func(ctx context.Context, tg *anyio.TaskGroup) error {
			var ev anyio.Event
			tg.Go(ev.Wait)
			err := errors.Join(tick(ctx, time.Microsecond, 900_000), tick(ctx, time.Hour, 10_000))
			ev.Set()
			return err
		},
		"only the end of tasks is waited for": func(ctx context.Context, tg *anyio.TaskGroup) error {
			h := tg.Go(func(ctx context.Context) error { return tick(ctx, time.Minute, 1_100_000) })
			return h.Wait(ctx)
		},
	} {
		t.Run(name, func(t *testing.T) {
			if testing.Short() || race.Enabled {
				t.Skip("makes millions of steps")
			}
			if _, err := runWith(sim.Config{Seed: 1}, main); err != nil {
				t.Errorf("%v", err)
			}
		})
	}
}

// A goroutine outside wakes a task now and then, and might wake the other one.
func TestWhatIsWokenFromOutsideIsNotForgotten(t *testing.T) {
	if testing.Short() || race.Enabled {
		t.Skip("makes millions of steps")
	}
	_, err := runWith(sim.Config{Seed: 1}, func(ctx context.Context, tg *anyio.TaskGroup) error {
		var last anyio.Event
		tg.Go(last.Wait)
		for range 20 {
			var next anyio.Event
			h := tg.Go(next.Wait)
			if err := tick(ctx, time.Minute, 100_000); err != nil {
				return err
			}
			over := make(chan struct{})
			go func() { next.Set(); close(over) }()
			<-over
			if err := h.Wait(ctx); err != nil {
				return err
			}
		}
		last.Set()
		return nil
	})
	if err != nil {
		t.Errorf("%v", err)
	}
}

func TestNegativeMaxWaitLeavesItToMaxSteps(t *testing.T) {
	if race.Enabled {
		t.Skip("makes millions of steps")
	}
	dead, err := runWith(sim.Config{MaxWait: -1, MaxSteps: 1_600_000}, func(ctx context.Context, tg *anyio.TaskGroup) error {
		tg.Go(new(anyio.Event).Wait)
		return tick(ctx, time.Minute, 0)
	})
	if dead == nil || !dead.Livelock || dead.Forgotten != 0 {
		t.Errorf("%v", err)
	}
}

func TestMaxWaitLetsWaitsWithADeadlineBe(t *testing.T) {
	_, err := runWith(sim.Config{MaxWait: time.Minute}, func(ctx context.Context, tg *anyio.TaskGroup) error {
		tg.Go(func(ctx context.Context) error { return anyio.Sleep(ctx, time.Hour) })
		_, err := anyio.MoveOnAfter(ctx, time.Hour, new(anyio.Event).Wait)
		return errors.Join(err, tick(ctx, time.Second, 100))
	})
	if err != nil {
		t.Errorf("%v", err)
	}
}

// A task that has a deadline is not forgotten, however long it waits: it will go on.
func TestMaxWaitSparesTasksWithADeadline(t *testing.T) {
	err := anyio.Run(context.Background(), func(ctx context.Context) error {
		return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			tg.Go(func(ctx context.Context) error {
				late, err := anyio.MoveOnAfter(ctx, 10*time.Minute, new(anyio.Event).Wait)
				if err != nil || !late {
					t.Errorf("late %v, %v", late, err)
				}
				return err
			})
			for range 1000 {
				if err := anyio.Sleep(ctx, time.Second); err != nil {
					return err
				}
			}
			return nil
		})
	}, anyio.On(sim.New(sim.Config{MaxWait: time.Minute})))
	if err != nil {
		t.Error(err)
	}
}
