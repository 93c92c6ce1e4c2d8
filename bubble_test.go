package anyio_test

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/testkit"
	"github.com/anyio-go/anyio/portal"
	"github.com/anyio-go/anyio/sim"
	"github.com/anyio-go/anyio/socket"
	"github.com/anyio-go/anyio/stream"
)

// inBubbles is what must work in a bubble of testing/synctest: each takes a second
// of the bubble's time.
var inBubbles = map[string]func(ctx context.Context) error{
	"Sleep":      func(ctx context.Context) error { return anyio.Sleep(ctx, time.Second) },
	"SleepUntil": func(ctx context.Context) error { return anyio.SleepUntil(ctx, time.Now().Add(time.Second)) },
	"FailAfter": func(ctx context.Context) error {
		if err := anyio.FailAfter(ctx, time.Second, anyio.SleepForever); !errors.Is(err, anyio.ErrTimeout) {
			return errors.New("no timeout")
		}
		return nil
	},
	"MoveOnAt": func(ctx context.Context) error {
		_, err := anyio.MoveOnAt(ctx, anyio.Now(ctx).Add(time.Second), anyio.SleepForever)
		return err
	},
	"context.WithTimeout": func(ctx context.Context) error {
		ctx, cancel := context.WithTimeout(ctx, time.Second)
		defer cancel()
		if err := anyio.SleepForever(ctx); !errors.Is(err, context.DeadlineExceeded) {
			return err
		}
		return nil
	},
	"a context derived from a scope": func(ctx context.Context) error {
		_, err := anyio.MoveOnAfter(ctx, time.Second, func(ctx context.Context) error {
			ctx, cancel := context.WithCancel(ctx)
			defer cancel()
			<-ctx.Done()
			return ctx.Err()
		})
		return err
	},
	"Event": func(ctx context.Context) error {
		var e anyio.Event
		time.AfterFunc(time.Second, e.Set)
		return e.Wait(ctx)
	},
	"TaskGroup": func(ctx context.Context) error {
		return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			for range 10 {
				tg.Go(func(context.Context) error { <-time.After(time.Second); return nil })
			}
			tg.Go(func(ctx context.Context) error { return anyio.Sleep(ctx, time.Second) })
			return nil
		})
	},
	"Run": func(ctx context.Context) error {
		return anyio.Run(ctx, func(ctx context.Context) error { return anyio.Sleep(ctx, time.Second) })
	},
	"a task that panics": func(ctx context.Context) (err error) {
		defer func() {
			if _, ok := recover().(*anyio.PanicError); !ok {
				err = errors.New("no PanicError")
			}
		}()
		return anyio.Run(ctx, func(ctx context.Context) error {
			return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
				tg.Go(func(context.Context) error { panic("ouch") })
				return anyio.Shielded(ctx, time.Minute, func(ctx context.Context) error { return anyio.Sleep(ctx, time.Second) })
			})
		}, anyio.OnPanic(func(*anyio.PanicError) {}))
	},
	"Lock": func(ctx context.Context) error {
		var mu anyio.Lock
		return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			for range 4 {
				tg.Go(func(ctx context.Context) error {
					if err := mu.Acquire(ctx); err != nil {
						return err
					}
					defer mu.Release()
					return anyio.Sleep(ctx, time.Second/4)
				})
			}
			return nil
		})
	},
	"memory streams and Select": func(ctx context.Context) error {
		send, recv := stream.Memory[int](0)
		defer recv.Close(ctx)
		return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			tg.Go(func(ctx context.Context) error {
				defer send.Close(ctx)
				for i := range 3 {
					if err := send.Send(ctx, i); err != nil {
						return err
					}
				}
				return nil
			})
			for range 3 {
				if _, err := recv.Receive(ctx); err != nil {
					return err
				}
			}
			var e anyio.Event
			i, err := anyio.Select(ctx, anyio.OnEvent(&e), anyio.OnTimer(time.Second))
			if err == nil && i != 1 {
				err = errors.New("the event was not set")
			}
			return err
		})
	},
	"RunBlocking": func(ctx context.Context) error {
		_, err := anyio.RunBlockingValue(ctx, func() (int, error) { <-time.After(time.Second); return 0, nil })
		return err
	},
	"RunBlocking that is left behind": func(ctx context.Context) error {
		_, err := anyio.MoveOnAfter(ctx, time.Second/2, func(ctx context.Context) error {
			_, err := anyio.RunBlockingValue(ctx, func() (int, error) { <-time.After(time.Second); return 0, nil }, anyio.AbandonOnCancel())
			return err
		})
		<-time.After(time.Second / 2) // a bubble ends with all of its goroutines
		return err
	},
	"a portal": func(ctx context.Context) error {
		return portal.With(ctx, func(ctx context.Context, p *portal.Portal) error {
			_, err := portal.Call(context.Background(), p, func(ctx context.Context) (int, error) { return 0, anyio.Sleep(ctx, time.Second) })
			return err
		})
	},
	"a socket over net.Pipe": func(ctx context.Context) error {
		a, b := net.Pipe()
		c := socket.FromConn(a)
		defer c.Close(ctx)
		defer b.Close()
		if _, err := anyio.MoveOnAfter(ctx, time.Second/2, func(ctx context.Context) error { _, err := c.Receive(ctx, make([]byte, 1)); return err }); err != nil {
			return err
		}
		return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			tg.Go(func(ctx context.Context) error { return c.Send(ctx, []byte("hello")) })
			<-time.After(time.Second / 2)
			_, err := io.ReadFull(b, make([]byte, 5))
			return err
		})
	},
	"a net.Conn over a pipe": func(ctx context.Context) error {
		a, b := stream.Pipe(0)
		defer a.Close(ctx)
		defer b.Close(ctx)
		c := stream.NetConn(ctx, a)
		if err := c.SetReadDeadline(time.Now().Add(time.Second)); err != nil {
			return err
		}
		if _, err := c.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
			return err
		}
		return c.Close()
	},
}

// TestBubbles runs all of it in bubbles, one after the other, so that what one has
// left in the process's pools is at hand for the next, and outside in between.
func TestBubbles(t *testing.T) {
	for range 3 {
		for name, f := range inBubbles {
			if err := anyio.FailAfter(t.Context(), time.Microsecond, anyio.SleepForever); !errors.Is(err, anyio.ErrTimeout) {
				t.Errorf("outside: %v", err)
			}
			synctest.Test(t, func(t *testing.T) {
				begin := time.Now()
				if err := f(t.Context()); err != nil {
					t.Errorf("%s: %v", name, err)
				}
				if took := time.Since(begin); took != time.Second {
					t.Errorf("%s took %v of the bubble's time, want a second", name, took)
				}
			})
		}
	}
}

// TestBubblesSeeThatTasksWait demands that synctest.Wait returns while tasks wait: a
// bubble counts only waits of its own channels as such.
func TestBubblesSeeThatTasksWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var e anyio.Event
		var mu anyio.Lock
		send, recv := stream.Memory[int](0)
		defer func() { _, _ = send.Close(t.Context()), recv.Close(t.Context()) }()
		err := anyio.WithTaskGroup(t.Context(), func(ctx context.Context, tg *anyio.TaskGroup) error {
			if err := mu.Acquire(ctx); err != nil {
				return err
			}
			defer mu.Release()
			waits := []func(context.Context) error{
				e.Wait, mu.Acquire, anyio.SleepForever,
				func(ctx context.Context) error { _, err := recv.Receive(ctx); return err },
			}
			var tasks []*anyio.TaskHandle
			for _, wait := range waits {
				tasks = append(tasks, tg.Go(wait))
			}
			synctest.Wait()
			e.Set()
			synctest.Wait()
			for i, h := range tasks {
				if over := !errors.Is(h.Err(), anyio.ErrNotFinished); over != (i == 0) {
					t.Errorf("task %d has ended: %t", i, over)
				}
			}
			tg.Cancel("seen")
			synctest.Wait()
			for i, h := range tasks {
				if errors.Is(h.Err(), anyio.ErrNotFinished) {
					t.Errorf("task %d goes on after it was canceled", i)
				}
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	})
}

// TestBubblesAtOnce has bubbles and tasks outside use the same pools at the same time.
func TestBubblesAtOnce(t *testing.T) {
	for range 4 {
		t.Run("", func(t *testing.T) {
			t.Parallel()
			for range 50 {
				synctest.Test(t, func(t *testing.T) {
					for _, name := range []string{"Sleep", "FailAfter", "TaskGroup", "Lock", "memory streams and Select"} {
						if err := inBubbles[name](t.Context()); err != nil {
							t.Errorf("%s: %v", name, err)
						}
					}
				})
				if _, err := anyio.MoveOnAfter(t.Context(), 10*time.Microsecond, anyio.SleepForever); err != nil {
					t.Error(err)
				}
			}
		})
	}
}

// TestBubblesAndLoops: the simulator, which has a clock of its own, works in a bubble;
// an event loop, which would wait in the system, is refused.
func TestBubblesAndLoops(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		err := anyio.Run(t.Context(), func(ctx context.Context) error { return anyio.Sleep(ctx, time.Hour) }, anyio.On(sim.New(sim.Config{Seed: 1})))
		if err != nil || time.Since(begin) != 0 {
			t.Errorf("simulator: %v after %v of the bubble's time, want nil at once", err, time.Since(begin))
		}
		testkit.WantMisuse(t, "event loop", anyio.Run(t.Context(), func(context.Context) error { return nil }, anyio.On(anyio.EventLoop())))
	})
}
