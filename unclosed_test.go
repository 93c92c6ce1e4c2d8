//anyiovet:ignore scopeend what is left open is found out

package anyio_test

import (
	"context"
	"errors"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
)

func TestTaskThatLeavesAGroupOpenLeavesNoTaskBehind(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		var ended anyio.Event
		leave := func(ctx context.Context) error {
			ctx, _ = anyio.OpenCancelScope(ctx)
			_, tg := anyio.OpenTaskGroup(ctx)
			tg.Go(func(ctx context.Context) error {
				defer ended.Set()
				return anyio.SleepForever(ctx)
			})
			return nil
		}
		err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			tg.Go(leave)
			return nil
		})
		var misuse *anyio.MisuseError
		if !errors.As(err, &misuse) {
			t.Errorf("got %v, want a *MisuseError", err)
		}
		if !ended.IsSet() {
			t.Error("the task of the open group still runs")
		}
	})
}

func TestMainThatLeavesAGroupOpenLeavesNoTaskBehind(t *testing.T) {
	for _, name := range anyio.Backends() {
		t.Run(name, func(t *testing.T) {
			b, err := anyio.BackendByName(name)
			if err != nil {
				t.Fatal(err)
			}
			var ended anyio.Event
			err = anyio.Run(context.Background(), func(ctx context.Context) error {
				_, tg := anyio.OpenTaskGroup(ctx)
				tg.Go(func(ctx context.Context) error {
					defer ended.Set()
					return anyio.SleepForever(ctx)
				})
				return nil
			}, anyio.On(b))
			var misuse *anyio.MisuseError
			if !errors.As(err, &misuse) {
				t.Errorf("got %v, want a *MisuseError", err)
			}
			if !ended.IsSet() {
				t.Error("the task of the open group still runs")
			}
		})
	}
}
