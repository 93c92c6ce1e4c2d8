package race_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/race"
	"github.com/anyio-go/anyio/internal/testkit"
	"github.com/anyio-go/anyio/lowlevel"
	"github.com/anyio-go/anyio/portal"
	"github.com/anyio-go/anyio/sim"
	"github.com/anyio-go/anyio/stream"
)

// promisedEdges are programs in which x is handed over by what the documentation says
// to synchronize. The detector must not take that for a race, whatever the order.
var promisedEdges = []raceProgram{
	{"task start", func(ctx context.Context, tg *anyio.TaskGroup, x *int) error {
		*x++
		tg.Go(func(ctx context.Context) error {
			*x++
			tg.Go(func(context.Context) error { *x++; return nil })
			return nil
		})
		return nil
	}},
	{"started", func(ctx context.Context, tg *anyio.TaskGroup, x *int) error {
		_, err := anyio.Start(ctx, tg, func(ctx context.Context, started func(int)) error {
			_ = anyio.Sleep(ctx, time.Millisecond)
			*x++
			started(0)
			return anyio.Sleep(ctx, time.Millisecond)
		})
		*x++
		return err
	}},
	{"writers and readers", func(ctx context.Context, tg *anyio.TaskGroup, x *int) error {
		var l anyio.RWLock
		for i := range 6 {
			tg.Go(func(ctx context.Context) error {
				if i%3 == 0 {
					return l.Do(ctx, func(ctx context.Context) error { *x++; return anyio.Sleep(ctx, time.Millisecond) })
				}
				return l.DoRead(ctx, func(ctx context.Context) error { _ = *x; return anyio.Sleep(ctx, time.Millisecond) })
			})
		}
		return nil
	}},
	{"task end", func(ctx context.Context, tg *anyio.TaskGroup, x *int) error {
		for range 2 {
			h := tg.Go(func(ctx context.Context) error { _ = anyio.Sleep(ctx, time.Millisecond); *x++; return nil })
			_ = h.Await(ctx)
			*x++
		}
		return nil
	}},
	{"status of a task", func(ctx context.Context, tg *anyio.TaskGroup, x *int) error {
		h := tg.Go(func(ctx context.Context) error { *x++; return nil })
		for h.Status() == anyio.Pending {
			if err := anyio.Sleep(ctx, 0); err != nil {
				return err
			}
		}
		*x++
		return nil
	}},
	{"error of a task", func(ctx context.Context, tg *anyio.TaskGroup, x *int) error {
		err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			h := tg.Go(func(ctx context.Context) error { *x++; return fmt.Errorf("wrapped: %w", testkit.ErrBoom) })
			err := anyio.Shielded(ctx, time.Hour, h.Await)
			_ = err.Error()
			*x++
			return nil
		})
		if !errors.Is(err, testkit.ErrBoom) {
			return err
		}
		return nil
	}},
	{"value of a task", func(ctx context.Context, tg *anyio.TaskGroup, x *int) error {
		h := anyio.GoValue(tg, func(ctx context.Context) (*int, error) { *x++; return x, anyio.Sleep(ctx, 0) })
		p, err := h.Await(ctx)
		*p++
		return err
	}},
	{"group exit", func(ctx context.Context, _ *anyio.TaskGroup, x *int) error {
		for range 2 {
			_ = anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
				tg.Go(func(ctx context.Context) error { _ = anyio.Sleep(ctx, time.Millisecond); *x++; return nil })
				return nil
			})
			*x++
		}
		return nil
	}},
	{"event", func(ctx context.Context, tg *anyio.TaskGroup, x *int) error {
		var ev anyio.Event
		for range 2 {
			tg.Go(func(ctx context.Context) error { _ = ev.Wait(ctx); _ = *x; return nil })
		}
		_ = anyio.Sleep(ctx, time.Millisecond)
		*x++
		ev.Set()
		return nil
	}},
	{"event that is set already", func(ctx context.Context, tg *anyio.TaskGroup, x *int) error {
		var ev anyio.Event
		tg.Go(func(ctx context.Context) error { *x++; ev.Set(); return nil })
		_ = anyio.Sleep(ctx, time.Millisecond)
		_ = ev.Wait(ctx)
		*x++
		return nil
	}},
	{"event that is asked", func(ctx context.Context, tg *anyio.TaskGroup, x *int) error {
		var ev anyio.Event
		tg.Go(func(ctx context.Context) error { *x++; ev.Set(); return nil })
		for !ev.IsSet() {
			if err := anyio.Sleep(ctx, 0); err != nil {
				return err
			}
		}
		*x++
		return nil
	}},
	{"lock", func(_ context.Context, tg *anyio.TaskGroup, x *int) error {
		var l anyio.Lock
		for range 3 {
			tg.Go(func(ctx context.Context) error {
				for range 3 {
					err := l.Do(ctx, func(ctx context.Context) error { *x++; return anyio.Sleep(ctx, 0) })
					if err != nil {
						return err
					}
					if l.TryAcquire() == nil {
						*x++
						l.Release()
					}
				}
				return nil
			})
		}
		return nil
	}},
	{"condition", func(ctx context.Context, tg *anyio.TaskGroup, x *int) error {
		var c anyio.Condition
		tg.Go(func(ctx context.Context) error {
			return c.Do(ctx, func(context.Context) error { *x++; c.Notify(1); return nil })
		})
		return c.Do(ctx, func(ctx context.Context) error {
			return c.WaitFor(ctx, func() bool { return *x > 0 })
		})
	}},
	{"semaphore", func(_ context.Context, tg *anyio.TaskGroup, x *int) error {
		s := anyio.NewSemaphore(1)
		for range 3 {
			tg.Go(func(ctx context.Context) error {
				return s.Do(ctx, func(ctx context.Context) error { *x++; return anyio.Sleep(ctx, 0) })
			})
		}
		return nil
	}},
	{"limiter", func(_ context.Context, tg *anyio.TaskGroup, x *int) error {
		l := anyio.NewCapacityLimiter(1)
		for range 3 {
			tg.Go(func(ctx context.Context) error {
				return l.Do(ctx, func(ctx context.Context) error { *x++; return anyio.Sleep(ctx, 0) })
			})
			tg.Go(func(ctx context.Context) error {
				_, err := anyio.RunBlockingValue(ctx, func() (int, error) { *x++; return *x, nil }, anyio.Limiter(l))
				return err
			})
		}
		return nil
	}},
	{"memory stream", func(ctx context.Context, tg *anyio.TaskGroup, x *int) error {
		for _, buffer := range []int{0, 1} {
			send, recv := stream.Memory[*int](buffer)
			tg.Go(func(ctx context.Context) error {
				defer send.Close(ctx)
				_ = anyio.Sleep(ctx, time.Millisecond)
				*x++
				return send.Send(ctx, x) // x belongs to the receiver now
			})
			p, err := recv.Receive(ctx)
			if err != nil {
				return err
			}
			*p++
			recv.Close(ctx)
		}
		return nil
	}},
	{"end of a memory stream", func(ctx context.Context, tg *anyio.TaskGroup, x *int) error {
		send, recv := stream.Memory[int](0)
		defer recv.Close(ctx)
		tg.Go(func(ctx context.Context) error { *x++; return send.Close(ctx) })
		if _, err := recv.Receive(ctx); !errors.Is(err, anyio.ErrEndOfStream) {
			return fmt.Errorf("got %v", err)
		}
		*x++
		return nil
	}},
	{"select", func(ctx context.Context, tg *anyio.TaskGroup, x *int) error {
		send, recv := stream.Memory[int](0)
		defer recv.Close(ctx)
		var ev anyio.Event
		tg.Go(func(ctx context.Context) error {
			defer send.Close(ctx)
			*x++
			_, err := anyio.Select(ctx, anyio.OnSend(send, 1), anyio.OnTimer(time.Hour))
			return err
		})
		var v int
		if _, err := anyio.Select(ctx, anyio.OnReceive(recv, &v), anyio.OnEvent(&ev)); err != nil {
			return err
		}
		*x++
		return nil
	}},
	{"select of a task", func(ctx context.Context, tg *anyio.TaskGroup, x *int) error {
		h := tg.Go(func(ctx context.Context) error { *x++; return nil })
		_, err := anyio.Select(ctx, anyio.OnTask(h))
		*x++
		return err
	}},
	{"future", func(ctx context.Context, tg *anyio.TaskGroup, x *int) error {
		f := anyio.NewFuture[*int]("")
		tg.Go(func(context.Context) error { *x++; return f.Set(x) })
		p, err := f.Await(ctx)
		*p++
		return err
	}},
	{"cancel", func(ctx context.Context, tg *anyio.TaskGroup, x *int) error {
		h := tg.Go(func(ctx context.Context) error { err := anyio.SleepForever(ctx); *x++; return err })
		_ = anyio.Sleep(ctx, time.Millisecond)
		*x++
		h.Cancel("")
		return nil
	}},
	{"cancel that is asked for", func(_ context.Context, tg *anyio.TaskGroup, x *int) error {
		h := tg.Go(func(ctx context.Context) error {
			for ctx.Err() == nil {
				_ = anyio.Sleep(ctx, 0)
			}
			*x++
			return nil
		})
		*x++
		h.Cancel("")
		return nil
	}},
	{"cancel through a derived context", func(ctx context.Context, tg *anyio.TaskGroup, x *int) error {
		ctx, cancel := context.WithCancel(ctx)
		tg.Go(func(context.Context) error { err := anyio.SleepForever(ctx); *x++; _ = err.Error(); return nil })
		_ = anyio.Sleep(ctx, time.Millisecond)
		*x++
		cancel()
		return nil
	}},
	{"initialization of packages, for what nobody was told", func(ctx context.Context, _ *anyio.TaskGroup, _ *int) error {
		var left context.Context
		if _, err := anyio.MoveOnAfter(ctx, time.Microsecond, func(ctx context.Context) error {
			left = ctx
			err := anyio.SleepForever(ctx)
			_ = err.Error()
			return err
		}); err != nil {
			return err
		}
		_ = anyio.Sleep(left, 0).Error()
		foreign, cancel := context.WithTimeout(context.Background(), 0)
		defer cancel()
		_ = anyio.Sleep(foreign, time.Hour).Error()
		return nil
	}},
	{"failure", func(ctx context.Context, _ *anyio.TaskGroup, x *int) error {
		err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			tg.Go(func(ctx context.Context) error {
				err := anyio.SleepForever(ctx)
				*x++
				_ = err.Error()
				return err
			})
			tg.Go(func(context.Context) error { *x++; return fmt.Errorf("failed: %w", testkit.ErrBoom) })
			return nil
		})
		if !errors.Is(err, testkit.ErrBoom) {
			return err
		}
		return nil
	}},
	{"blocking call", func(ctx context.Context, _ *anyio.TaskGroup, x *int) error {
		for range 2 {
			*x++
			if _, err := anyio.RunBlockingValue(ctx, func() (int, error) { *x++; return 0, nil }); err != nil {
				return err
			}
		}
		*x++
		return nil
	}},
	{"portal call", func(ctx context.Context, _ *anyio.TaskGroup, x *int) error {
		return portal.With(ctx, func(ctx context.Context, p *portal.Portal) error {
			*x++
			_, err := portal.Call(ctx, p, func(context.Context) (int, error) { *x++; return 0, nil })
			*x++
			return err
		})
	}},
	{"run variable", func(ctx context.Context, tg *anyio.TaskGroup, x *int) error {
		v := lowlevel.NewRunVar[*int]("x")
		tg.Go(func(ctx context.Context) error { *x++; v.Set(ctx, x); return nil })
		for {
			if p, err := v.Get(ctx); err == nil {
				*p++
				return nil
			}
			if err := anyio.Sleep(ctx, 0); err != nil {
				return err
			}
		}
	}},
	{"parking lot", func(ctx context.Context, tg *anyio.TaskGroup, x *int) error {
		lot := &lowlevel.ParkingLot{}
		tg.Go(func(ctx context.Context) error {
			*x++
			for lot.Unpark(1) == 0 {
				if err := anyio.Sleep(ctx, time.Microsecond); err != nil {
					return err
				}
			}
			return nil
		})
		err := lot.Park(ctx)
		*x++
		return err
	}},
	{"all tasks blocked", func(ctx context.Context, _ *anyio.TaskGroup, x *int) error {
		return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			tg.Go(func(ctx context.Context) error { *x++; return nil })
			tg.Go(func(ctx context.Context) error {
				if err := anyio.Sleep(ctx, time.Microsecond); err != nil {
					return err
				}
				return anyio.SleepForever(ctx)
			})
			_ = anyio.Sleep(ctx, 10*time.Microsecond)
			if err := anyio.WaitAllTasksBlocked(ctx); err != nil {
				return err
			}
			*x++
			tg.Cancel("")
			return nil
		})
	}},
}

func TestRaceDetectorSeesNoRaceInAHandover(t *testing.T) {
	if !race.Enabled {
		t.Skip("needs -race")
	}
	seeds, rounds := 400, 100
	if testing.Short() {
		seeds, rounds = 50, 10
	}
	for _, p := range slices.Concat(promisedEdges, builtEdges) {
		t.Run(p.name, func(t *testing.T) {
			for seed := range seeds {
				cfg := sim.Config{Seed: uint64(seed)}
				if seed%10 == 0 {
					cfg.Trace = &sim.Trace{}
				}
				testkit.WantNil(t, "sim", p.run(sim.New(cfg)))
			}
			for range rounds {
				testkit.WantNil(t, "eventloop", p.run(anyio.EventLoop()))
				testkit.WantNil(t, "parallel", p.run(anyio.Parallel()))
			}
		})
	}
}
