package lowlevel_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/internal/kernel"
	"github.com/anyio-go/anyio/lowlevel"
)

func onLoop(ctx context.Context) bool {
	r := kernel.Locate(ctx).Run()
	return r.Loop && r.Loops() == nil
}

// beside runs f beside a task that sets ran as soon as it may.
func beside(t *testing.T, ctx context.Context, f func(ctx context.Context, scope *anyio.TaskGroup, ran *atomic.Bool)) {
	t.Helper()
	var ran atomic.Bool
	err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
		tg.Go(func(context.Context) error { ran.Store(true); return nil })
		f(ctx, tg, &ran)
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

func TestCheckpointLetsOthersRun(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		beside(t, ctx, func(ctx context.Context, _ *anyio.TaskGroup, ran *atomic.Bool) {
			for !ran.Load() {
				if err := lowlevel.Checkpoint(ctx); err != nil {
					t.Error(err)
				}
			}
		})
	})
}

func TestCheckpointInACanceledScopeFailsAfterOthersRan(t *testing.T) {
	err := anyio.Run(context.Background(), func(ctx context.Context) error {
		beside(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup, ran *atomic.Bool) {
			tg.Cancel("test")
			if err := lowlevel.Checkpoint(ctx); !errors.Is(err, anyio.ErrCanceled) {
				t.Error(err)
			}
			if !ran.Load() {
				t.Error("the other task did not run")
			}
		})
		return nil
	}, anyio.On(anyio.EventLoop()))
	if err != nil {
		t.Error(err)
	}
}

func TestCheckpointIfCanceledFailsWhenCanceledAndNeverGivesWay(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		beside(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup, ran *atomic.Bool) {
			stays := func(call func()) {
				before := ran.Load()
				call()
				if onLoop(ctx) && ran.Load() != before {
					t.Error("the other task ran")
				}
			}
			stays(func() {
				for range 1000 {
					if err := lowlevel.CheckpointIfCanceled(ctx); err != nil {
						t.Fatal(err)
					}
				}
			})
			tg.Cancel("test")
			stays(func() {
				if err := lowlevel.CheckpointIfCanceled(ctx); !errors.Is(err, anyio.ErrCanceled) {
					t.Error(err)
				}
			})
		})
	})
}

func TestShieldedCheckpointLetsOthersRunAndNeverFails(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		beside(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup, ran *atomic.Bool) {
			tg.Cancel("test")
			for !ran.Load() {
				lowlevel.ShieldedCheckpoint(ctx)
			}
			if err := lowlevel.CheckpointIfCanceled(ctx); err == nil {
				t.Error("the cancellation was forgotten")
			}
		})
	})
}

func TestEnterFailsInACanceledScope(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		if err := lowlevel.Enter(ctx); err != nil {
			t.Error(err)
		}
		beside(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup, _ *atomic.Bool) {
			tg.Cancel("test")
			if err := lowlevel.Enter(ctx); !errors.Is(err, anyio.ErrCanceled) {
				t.Error(err)
			}
		})
	})
}
