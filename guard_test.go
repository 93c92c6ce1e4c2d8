package anyio_test

import (
	"context"
	"errors"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
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

func TestResourceGuardDo(t *testing.T) {
	var guard anyio.ResourceGuard
	err := guard.Do(func() error {
		if _, ok := errors.AsType[*anyio.BusyError](guard.Do(func() error { return nil })); !ok {
			t.Error("entered twice")
		}
		return errBoom
	})
	wantErr(t, err, errBoom)
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
