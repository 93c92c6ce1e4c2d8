package sim_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/testkit"
	"github.com/anyio-go/anyio/sim"
	"github.com/anyio-go/anyio/stream"
)

// What is over leaves no timer behind: the clock would go on to it before the run is seen
// to be dead, and programs would wake for nothing.
func TestNoTimerIsLeftBehind(t *testing.T) {
	waitFor := func(ctx context.Context, ev *anyio.Event) error { return ev.Wait(ctx) }
	calls := map[string]func(ctx context.Context, ev *anyio.Event) error{
		"Select of a timer": func(ctx context.Context, ev *anyio.Event) error {
			i, err := anyio.Select(ctx, anyio.OnTimer(time.Hour), anyio.OnEvent(ev))
			if i != 1 {
				return errors.Join(errors.New("not the event"), err)
			}
			return err
		},
		"Select of a deadline": func(ctx context.Context, ev *anyio.Event) error {
			_, err := anyio.Select(ctx, anyio.OnDeadline(anyio.Now(ctx).Add(time.Hour)), anyio.OnEvent(ev))
			return err
		},
		"Select of a ticker": func(ctx context.Context, ev *anyio.Event) error {
			_, err := anyio.Select(ctx, anyio.OnTick(anyio.NewTicker(ctx, time.Hour)), anyio.OnEvent(ev))
			return err
		},
		"FailAfter": func(ctx context.Context, ev *anyio.Event) error {
			return anyio.FailAfter(ctx, time.Hour, func(ctx context.Context) error { return waitFor(ctx, ev) })
		},
		"a deadline that is taken back": func(ctx context.Context, ev *anyio.Event) error {
			return anyio.WithCancelScope(ctx, func(ctx context.Context, s *anyio.CancelScope) error {
				s.SetDeadline(anyio.Now(ctx).Add(time.Hour))
				err := waitFor(ctx, ev)
				s.SetDeadline(time.Time{})
				return errors.Join(err, waitFor(ctx, &anyio.Event{}))
			})
		},
		"the deadline of a scope that is canceled": func(ctx context.Context, ev *anyio.Event) error {
			return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
				tg.SetDeadline(anyio.Now(ctx).Add(time.Hour))
				tg.Go(func(ctx context.Context) error { return anyio.Sleep(ctx, time.Hour) })
				err := waitFor(ctx, ev)
				tg.Cancel("test")
				return err
			})
		},
		"NetConn": func(ctx context.Context, ev *anyio.Event) error {
			a, _ := stream.Pipe(1)
			c := stream.NetConn(ctx, a)
			if err := c.SetDeadline(anyio.Now(ctx).Add(time.Hour)); err != nil {
				return err
			}
			return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
				tg.Go(func(context.Context) error { _, _ = c.Read(make([]byte, 1)); return nil })
				tg.Go(func(context.Context) error { _, _ = c.Write(make([]byte, 2)); return nil })
				return errors.Join(waitFor(ctx, ev), c.Close())
			})
		},
		"a task that is canceled while it sleeps": func(ctx context.Context, ev *anyio.Event) error {
			return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
				h := tg.Go(func(ctx context.Context) error { return anyio.Sleep(ctx, time.Hour) })
				err := waitFor(ctx, ev)
				h.Cancel("test")
				return err
			})
		},
	}
	for name, call := range calls {
		var began time.Time
		dead, err := runWith(sim.Config{}, func(ctx context.Context, tg *anyio.TaskGroup) error {
			began = anyio.Now(ctx)
			var ev anyio.Event
			tg.Go(func(ctx context.Context) error {
				testkit.Settled(t, ctx)
				ev.Set()
				return nil
			})
			if err := call(ctx, &ev); err != nil {
				return err
			}
			return new(anyio.Event).Wait(ctx)
		})
		if dead == nil {
			t.Errorf("%s: %v, want a deadlock", name, err)
		} else if after := dead.Now.Sub(began); after != 0 {
			t.Errorf("%s: the run ended only after %v", name, after)
		}
	}
}
