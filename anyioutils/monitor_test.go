package anyioutils_test

import (
	"context"
	"testing"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/anyioutils"
	"github.com/anyio-go/anyio/internal/testkit"
)

func TestMonitorMeasuresAndStops(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		m := anyioutils.Monitor{Period: time.Millisecond}
		if m.Result() != 0 {
			t.Errorf("before: %v", m.Result())
		}
		err := m.Do(ctx, func(ctx context.Context) error {
			for m.Result() == 0 {
				if err := anyio.Sleep(ctx, time.Millisecond); err != nil {
					return err
				}
			}
			return testkit.ErrBoom
		})
		if err != testkit.ErrBoom {
			t.Errorf("the body's error became %v", err)
		}
		if r := m.Result(); r < 1 || testkit.Simulated(ctx) && r != 1 {
			t.Errorf("result: %v", r)
		}
		if n := len(anyio.RunningTasks(ctx)); n != 1 {
			t.Errorf("%d tasks are left", n)
		}
	})
}

// A task that holds its loop for three periods is seen.
func TestMonitorSeesASaturatedLoop(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		m := anyioutils.Monitor{Period: 10 * time.Millisecond}
		err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			monitor := tg.Go(m.Run)
			testkit.Settled(t, ctx)
			for begin := time.Now(); time.Since(begin) < 30*time.Millisecond; {
			}
			for m.Result() == 0 {
				if err := anyio.Sleep(ctx, 1); err != nil {
					return err
				}
			}
			monitor.Cancel("test")
			return monitor.Wait(ctx)
		})
		testkit.WantNil(t, "group", err)
		if m.Result() < 2 {
			t.Errorf("result: %v", m.Result())
		}
	}, anyiotest.Only("eventloop"))
}

func TestMonitorIsCanceled(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		var m anyioutils.Monitor // with the default period
		cut, err := anyio.MoveOnAfter(ctx, 25*time.Millisecond, func(ctx context.Context) error {
			return m.Do(ctx, anyio.SleepForever)
		})
		if !cut || err != nil {
			t.Errorf("%t, %v", cut, err)
		}
		if r := m.Result(); testkit.Simulated(ctx) && r != 1 {
			t.Errorf("result: %v", r)
		}
	})
}
