package anyio_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/internal/testkit"
	"github.com/anyio-go/anyio/lowlevel"
)

func TestResourceGuardRefusesTheSecond(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		for action, text := range map[string]string{
			"":             "anyio: another task is already using this resource",
			"reading from": "anyio: another task is already reading from this resource",
		} {
			guard := anyio.ResourceGuard{Action: action}
			must(t, guard.Acquire())
			group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
				tg.Go(func(context.Context) error {
					err := guard.Acquire()
					if _, ok := errors.AsType[*anyio.BusyError](err); !ok || err.Error() != text {
						t.Errorf("got error %v, want a BusyError %q", err, text)
					}
					return nil
				})
			})
			guard.Release()
			must(t, guard.Acquire())
			if guard.Acquire() == nil {
				t.Error("the same task entered twice")
			}
			guard.Release()
		}
	})
}

// Somebody is in the guarded region at any time while the others try to enter.
func TestResourceGuardLetsOneInAtATime(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		const tasks, rounds = 6, 50
		var guard anyio.ResourceGuard
		var first, refused anyio.Event
		inside, entered := 0, 0 // by whoever is in
		var busy atomic.Int64
		enter := func(ctx context.Context, linger func(context.Context) error) error {
			err := guard.Do(func() error {
				if inside++; inside != 1 {
					t.Errorf("%d are in", inside)
				}
				entered++
				err := linger(ctx)
				inside--
				return err
			})
			if _, ok := errors.AsType[*anyio.BusyError](err); ok {
				busy.Add(1)
				refused.Set()
				return nil
			}
			return err
		}
		group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
			tg.Go(func(ctx context.Context) error {
				return enter(ctx, func(ctx context.Context) error {
					first.Set()
					return refused.Wait(ctx)
				})
			})
			for range tasks {
				tg.Go(func(ctx context.Context) error {
					err := first.Wait(ctx)
					for range rounds {
						err = errors.Join(err, enter(ctx, lowlevel.Checkpoint), lowlevel.Checkpoint(ctx))
					}
					return err
				})
			}
		})
		was := entered // perhaps only once, if all others came while that one was in
		testkit.WantNil(t, "who comes when nobody is in", enter(ctx, lowlevel.Checkpoint))
		if n := int(busy.Load()); n == 0 || was < 1 || entered != was+1 || n+was != tasks*rounds+1 {
			t.Errorf("%d entered, then %d, %d were refused, of %d", was, entered, n, tasks*rounds+1)
		}
	})
}

func TestResourceGuardDo(t *testing.T) {
	var guard anyio.ResourceGuard
	err := guard.Do(func() error {
		if _, ok := errors.AsType[*anyio.BusyError](guard.Do(func() error { return nil })); !ok {
			t.Error("entered twice")
		}
		return testkit.ErrBoom
	})
	testkit.WantErr(t, err, testkit.ErrBoom)
	func() {
		defer func() { equal(t, "panic", recover(), any("ouch")) }()
		_ = guard.Do(func() error { panic("ouch") })
	}()
	must(t, guard.Acquire())
}

func TestResourceGuardReleasedInVain(t *testing.T) {
	var guard anyio.ResourceGuard
	wantPanic(t, "resource guard released without having been acquired", guard.Release)
	must(t, guard.Acquire())
	guard.Release()
	wantPanic(t, "resource guard released without having been acquired", guard.Release)
}
