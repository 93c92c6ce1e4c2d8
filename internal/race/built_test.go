package race_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/anyio-go/anyio"
	hidden "github.com/anyio-go/anyio/internal/quiet"
	"github.com/anyio-go/anyio/internal/testkit"
	"github.com/anyio-go/anyio/lowlevel"
	"github.com/anyio-go/anyio/portal"
	"github.com/anyio-go/anyio/stream"
)

// What is built of tasks and primitives hides no race between those who use it, nor
// between the functions that it runs.

func two(context.Context) (int, error) { return 2, nil }

// oneAfterTheOther runs two tasks, the second after the first has ended, of which the
// detector learns nothing.
func oneAfterTheOther(tg *anyio.TaskGroup, first, second func(ctx context.Context) error) error {
	var ended hidden.Bool
	tg.Go(func(ctx context.Context) error {
		defer ended.Store(true)
		return first(ctx)
	})
	tg.Go(func(ctx context.Context) error {
		if err := untilSet(ctx, &ended); err != nil {
			return err
		}
		return second(ctx)
	})
	return nil
}

// untilSet waits for a flag without being told by who sets it. It looks less and less
// often: under -race a timer costs goroutines, and when 64 others have ended since a
// goroutine has, the detector has no stack of that one left and reports none of its races.
func untilSet(ctx context.Context, flag *hidden.Bool) error {
	for pause := time.Microsecond; !flag.Load(); pause *= 2 {
		if err := anyio.Sleep(ctx, pause); err != nil {
			return err
		}
	}
	return nil
}

// withCallback gives f to context.AfterFunc and waits until it was called, of which the
// detector learns nothing.
func withCallback(f func()) func(ctx context.Context) error {
	return func(ctx context.Context) error {
		var ran hidden.Bool
		err := anyio.WithCancelScope(ctx, func(ctx context.Context, s *anyio.CancelScope) error {
			context.AfterFunc(ctx, func() { f(); ran.Store(true) })
			s.Cancel("")
			return nil
		})
		if err != nil {
			return err
		}
		return untilSet(ctx, &ran)
	}
}

// builtRaces have a race, whatever the order.
var builtRaces = []raceProgram{
	{"items of Map in different tasks", func(ctx context.Context, _ *anyio.TaskGroup, x *int) error {
		var second, third hidden.Bool // they have begun
		var fourth anyio.Event
		_, err := anyio.Map(ctx, []int{0, 1, 2, 3}, 2, func(ctx context.Context, i int) (int, error) {
			switch i {
			case 0: // one task goes on with item 2 when the other has item 1
				*x++
				return i, untilSet(ctx, &second)
			case 1: // and the other with item 3 then
				second.Store(true)
				return i, untilSet(ctx, &third)
			case 2:
				third.Store(true)
				return i, fourth.Wait(ctx)
			}
			*x++
			fourth.Set()
			return i, nil
		})
		return err
	}},
	{"loop over AsCompleted and a function that has ended", func(ctx context.Context, _ *anyio.TaskGroup, x *int) error {
		var ended, other hidden.Bool
		first := true
		for _, err := range anyio.AsCompleted(ctx, func(context.Context) (int, error) { ended.Store(true); return 0, nil },
			func(ctx context.Context) (int, error) {
				err := untilSet(ctx, &ended)
				*x++
				other.Store(true)
				return 0, err
			}) {
			if err == nil && first {
				err = untilSet(ctx, &other)
				*x++
			}
			if first = false; err != nil {
				return err
			}
		}
		return nil
	}},
	{"users of scopes that were left", func(_ context.Context, tg *anyio.TaskGroup, x *int) error {
		use := func(ctx context.Context) error {
			left, s := anyio.OpenCancelScope(ctx)
			done := left.Done()
			if err := s.End(nil); err != nil {
				return err
			}
			never, s := anyio.OpenCancelScope(ctx) // of which nobody asks before
			if err := s.End(nil); err != nil {
				return err
			}
			<-done
			for _, ctx := range []context.Context{left, never} {
				if ctx.Err() == nil || context.Cause(ctx) == nil || anyio.Sleep(ctx, time.Hour) == nil {
					return testkit.ErrBoom
				}
				<-ctx.Done()
			}
			return nil
		}
		return oneAfterTheOther(tg, func(ctx context.Context) error { *x++; return use(ctx) },
			func(ctx context.Context) error { err := use(ctx); *x++; return err })
	}},
	{"writers of errors' texts", func(_ context.Context, tg *anyio.TaskGroup, x *int) error {
		text := func(ctx context.Context) error {
			left, s := anyio.OpenCancelScope(ctx)
			if err := s.End(nil); err != nil {
				return err
			}
			_ = anyio.Sleep(left, time.Hour).Error()
			return anyio.WithCancelScope(ctx, func(ctx context.Context, s *anyio.CancelScope) error {
				s.Cancel("enough")
				err := anyio.SleepForever(ctx)
				_ = err.Error()
				return err
			})
		}
		return oneAfterTheOther(tg, func(ctx context.Context) error { *x++; return text(ctx) },
			func(ctx context.Context) error { err := text(ctx); *x++; return err })
	}},
	{"functions of Gather", func(ctx context.Context, _ *anyio.TaskGroup, x *int) error {
		f := func(context.Context) (int, error) { *x++; return 0, nil }
		_, err := anyio.Gather(ctx, f, f)
		return err
	}},
	{"functions of Race", func(ctx context.Context, _ *anyio.TaskGroup, x *int) error {
		f := func(context.Context) (int, error) { *x++; return 0, testkit.ErrBoom }
		if _, err := anyio.Race(ctx, f, f); !errors.Is(err, testkit.ErrBoom) {
			return err
		}
		return nil
	}},
	{"tasks that wait for the same tick", func(ctx context.Context, tg *anyio.TaskGroup, x *int) error {
		t := anyio.NewTicker(ctx, time.Millisecond)
		for range 2 {
			tg.Go(func(ctx context.Context) error { _, err := t.Wait(ctx); *x++; return err })
		}
		return nil
	}},
	{"tasks that wait for ticks one after the other", func(ctx context.Context, tg *anyio.TaskGroup, x *int) error {
		t := anyio.NewTicker(ctx, time.Microsecond)
		return oneAfterTheOther(tg, func(ctx context.Context) error { *x++; _, err := t.Wait(ctx); return err },
			func(ctx context.Context) error {
				_, err := anyio.Select(ctx, anyio.OnTick(t))
				*x++
				return err
			})
	}},
	{"tasks that call through a portal one after the other", func(ctx context.Context, _ *anyio.TaskGroup, x *int) error {
		return portal.With(ctx, func(ctx context.Context, p *portal.Portal) error {
			return anyio.WithTaskGroup(ctx, func(_ context.Context, tg *anyio.TaskGroup) error {
				return oneAfterTheOther(tg, func(ctx context.Context) error { *x++; _, err := portal.Call(ctx, p, two); return err },
					func(ctx context.Context) error {
						_, err := portal.Call(ctx, p, two)
						if err == nil {
							_, err = portal.Go(p, two)
						}
						*x++
						return err
					})
			})
		})
	}},
	{"functions that are called through a portal", func(ctx context.Context, _ *anyio.TaskGroup, x *int) error {
		return portal.With(ctx, func(ctx context.Context, p *portal.Portal) error {
			return anyio.WithTaskGroup(ctx, func(_ context.Context, tg *anyio.TaskGroup) error {
				call := func(ctx context.Context) error {
					_, err := portal.Call(ctx, p, func(context.Context) (int, error) { *x++; return 0, nil })
					return err
				}
				return oneAfterTheOther(tg, call, call)
			})
		})
	}},
	{"functions of RunBlocking", func(ctx context.Context, tg *anyio.TaskGroup, x *int) error {
		call := func(ctx context.Context) error {
			_, err := anyio.RunBlockingValue(ctx, func() (int, error) { *x++; return 0, nil })
			return err
		}
		return oneAfterTheOther(tg, call, call)
	}},
	{"functions of AfterFunc", func(ctx context.Context, tg *anyio.TaskGroup, x *int) error {
		call := withCallback(func() { *x++ })
		return oneAfterTheOther(tg, call, call)
	}},
	{"sequence that is pulled and another task", func(ctx context.Context, tg *anyio.TaskGroup, x *int) error {
		return oneAfterTheOther(tg, func(ctx context.Context) error { *x++; return nil }, func(ctx context.Context) error {
			next, stop := stream.Pull(func(yield func(int, error) bool) {
				err := anyio.Sleep(ctx, time.Microsecond)
				*x++
				yield(0, err)
			})
			defer stop()
			_, err, _ := next()
			return err
		})
	}},
}

// builtOps are further operations for pairs.
var builtOps = []raceOp{
	{"Once", func(ctx context.Context, _ *anyio.TaskGroup) error { var o anyio.Once; return o.Do(ctx, nothing) }},
	{"Map", func(ctx context.Context, _ *anyio.TaskGroup) error {
		_, err := anyio.Map(ctx, []int{1, 2, 3}, 2, func(ctx context.Context, i int) (int, error) { return i, nil })
		return err
	}},
	{"ForEach", func(ctx context.Context, _ *anyio.TaskGroup) error {
		return anyio.ForEach(ctx, slices.Values([]int{1, 2, 3}), 2, func(ctx context.Context, i int) error { return nil })
	}},
	{"AsCompleted", func(ctx context.Context, _ *anyio.TaskGroup) error {
		for _, err := range anyio.AsCompleted(ctx, two, two) {
			if err != nil {
				return err
			}
		}
		return nil
	}},
	{"Pull of AsCompleted", func(ctx context.Context, _ *anyio.TaskGroup) error {
		next, stop := stream.Pull(anyio.AsCompleted(ctx, two, two))
		defer stop()
		_, err, _ := next()
		return err
	}},
	{"Race", func(ctx context.Context, _ *anyio.TaskGroup) error { _, err := anyio.Race(ctx, two, two); return err }},
	{"Ticker", func(ctx context.Context, _ *anyio.TaskGroup) error {
		_, err := anyio.NewTicker(ctx, time.Microsecond).Wait(ctx)
		return err
	}},
	{"Condition", func(ctx context.Context, tg *anyio.TaskGroup) error {
		var c anyio.Condition
		ok := false
		tg.Go(func(ctx context.Context) error {
			return c.Do(ctx, func(context.Context) error { ok = true; c.NotifyAll(); return nil })
		})
		return c.Do(ctx, func(ctx context.Context) error { return c.WaitFor(ctx, func() bool { return ok }) })
	}},
	{"Broadcast", func(ctx context.Context, tg *anyio.TaskGroup) error {
		b := stream.Broadcast[int](stream.BroadcastConfig{})
		r := b.Subscribe()
		defer r.Close(ctx)
		tg.Go(func(ctx context.Context) error { defer b.Close(ctx); return b.Send(ctx, 1) })
		_, err := r.Receive(ctx)
		return err
	}},
	{"Pipe", func(ctx context.Context, tg *anyio.TaskGroup) error {
		a, b := stream.Pipe(10)
		defer a.Close(ctx)
		tg.Go(func(ctx context.Context) error { defer b.Close(ctx); return b.Send(ctx, []byte("hello")) })
		_, err := stream.NewBufferedReceiver(a).ReceiveExactly(ctx, 5)
		return err
	}},
	{"portal.Start", func(ctx context.Context, _ *anyio.TaskGroup) error {
		return portal.With(ctx, func(ctx context.Context, p *portal.Portal) error {
			_, t, err := portal.Start(ctx, p, func(ctx context.Context, started func(int)) (int, error) { started(1); return 1, nil })
			if err != nil {
				return err
			}
			_, err = t.Await(ctx)
			return err
		})
	}},
	{"portal.Open", func(ctx context.Context, _ *anyio.TaskGroup) error {
		return portal.With(ctx, func(ctx context.Context, p *portal.Portal) error {
			_, leave, err := portal.Open(ctx, p, func(ctx context.Context, body func(context.Context, int) error) error { return body(ctx, 1) })
			if err != nil {
				return err
			}
			return leave(ctx, nil)
		})
	}},
	{"RunIn", func(ctx context.Context, _ *anyio.TaskGroup) error {
		_, err := anyio.RunBlockingValue(ctx, func() (int, error) { return anyio.RunIn(ctx, two) }, anyio.Limiter(anyio.NewCapacityLimiter(1)))
		return err
	}},
	{"OpenTaskGroup", func(ctx context.Context, _ *anyio.TaskGroup) error {
		_, tg := anyio.OpenTaskGroup(ctx)
		tg.Go(nothing)
		return tg.End(nil)
	}},
	{"shield and deadline", func(ctx context.Context, _ *anyio.TaskGroup) error {
		return anyio.WithCancelScope(ctx, func(ctx context.Context, s *anyio.CancelScope) error {
			s.SetShield(true)
			s.SetDeadline(time.Now().Add(time.Hour))
			s.SetShield(false)
			return lowlevel.Checkpoint(ctx)
		})
	}},
	{"places of tasks", func(ctx context.Context, _ *anyio.TaskGroup) error {
		for _, t := range anyio.RunningTasks(ctx) {
			t.Sources()
		}
		return nil
	}},
	{"TryAcquire", func(ctx context.Context, _ *anyio.TaskGroup) error {
		var l anyio.Lock
		if err := l.TryAcquire(); err != nil {
			return err
		}
		l.Release()
		return nil
	}},
	{"ResourceGuard", func(ctx context.Context, _ *anyio.TaskGroup) error {
		var g anyio.ResourceGuard
		return g.Do(func() error { return nil })
	}},
	{"failing group", func(ctx context.Context, _ *anyio.TaskGroup) error {
		err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			tg.Go(func(context.Context) error { return testkit.ErrBoom })
			return anyio.SleepForever(ctx)
		})
		if !errors.Is(err, testkit.ErrBoom) {
			return fmt.Errorf("no: %w", err)
		}
		return nil
	}},
}
