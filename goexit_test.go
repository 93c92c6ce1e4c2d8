package anyio_test

import (
	"context"
	"runtime"
	"testing"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/testkit"
)

func TestGoexitInATaskCancelsTheGroupAndExitsTheCallerOfRun(t *testing.T) {
	testkit.OnEach(t, func(t *testing.T, run testkit.RunFunc) {
		for _, many := range []int{1, 2, 10} {
			var ended, deferred int
			if !testkit.Exited(func(throwAway *testing.T) {
				_ = run(func(ctx context.Context) error {
					defer func() { deferred++ }()
					return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
						var gate anyio.Event
						tg.Go(func(ctx context.Context) error {
							err := anyio.SleepForever(ctx)
							ended++
							return err
						})
						for range many {
							tg.Go(func(ctx context.Context) error {
								_ = gate.Wait(ctx)
								throwAway.FailNow()
								return nil
							})
						}
						testkit.Settled(t, ctx)
						gate.Set()
						return anyio.SleepForever(ctx)
					})
				})
			}) {
				t.Errorf("%d tasks: Run returned", many)
			}
			if ended != 1 || deferred != 1 {
				t.Errorf("%d tasks: %d siblings ended, main's deferred call ran %d times", many, ended, deferred)
			}
		}
	})
}

// SkipNow in a task skips the test that called Run.
func TestSkipNowInATaskSkipsTheTest(t *testing.T) {
	reached := 0
	t.Run("skipped", func(t *testing.T) {
		testkit.OnEach(t, func(t *testing.T, run testkit.RunFunc) {
			defer func() { reached++ }()
			_ = run(func(ctx context.Context) error {
				return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
					tg.Go(func(ctx context.Context) error { t.SkipNow(); return nil })
					return anyio.SleepForever(ctx)
				})
			})
			t.Error("Run returned")
		})
	})
	if reached != 4 {
		t.Errorf("%d of 4 tests ended", reached)
	}
}

func TestGoexitOfMainExitsTheCallerOfRun(t *testing.T) {
	testkit.OnEach(t, func(t *testing.T, run testkit.RunFunc) {
		if !testkit.Exited(func(throwAway *testing.T) {
			_ = run(func(ctx context.Context) error {
				_ = anyio.Sleep(ctx, time.Millisecond)
				throwAway.FailNow()
				return nil
			})
		}) {
			t.Error("Run returned")
		}
	})
}

func TestGoexitOfTheBodyWaitsForItsTasks(t *testing.T) {
	testkit.OnEach(t, func(t *testing.T, run testkit.RunFunc) {
		ended := 0
		if !testkit.Exited(func(throwAway *testing.T) {
			_ = run(func(ctx context.Context) error {
				return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
					tg.Go(func(ctx context.Context) error {
						err := anyio.SleepForever(ctx)
						_ = anyio.Shielded(ctx, anyio.Forever, func(ctx context.Context) error { return anyio.Sleep(ctx, time.Millisecond) })
						ended++
						return err
					})
					testkit.Settled(t, ctx)
					throwAway.SkipNow()
					return nil
				})
			})
		}) || ended != 1 {
			t.Errorf("the body's exit was lost, or left %d tasks ended", ended)
		}
	})
}

// A panic is never lost, not even when another task exits its goroutine.
func TestPanicBesideGoexitIsRaised(t *testing.T) {
	testkit.OnEach(t, func(t *testing.T, run testkit.RunFunc) {
		var value any
		done := make(chan struct{})
		go func() {
			defer close(done)
			defer func() { value = recover() }()
			_ = run(func(ctx context.Context) error {
				return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
					tg.Go(func(ctx context.Context) error { _ = anyio.SleepForever(ctx); runtime.Goexit(); return nil })
					tg.Go(func(ctx context.Context) error { testkit.Settled(t, ctx); return explode(ctx) })
					return nil
				})
			}, anyio.OnPanic(testkit.Quiet))
		}()
		<-done
		if pe, ok := value.(*anyio.PanicError); !ok || pe.Value != "ouch" {
			t.Errorf("recovered %v", value)
		}
	})
}

func TestGoexitBeforeStartedReachesTheStarter(t *testing.T) {
	testkit.OnEach(t, func(t *testing.T, run testkit.RunFunc) {
		var got error
		if !testkit.Exited(func(throwAway *testing.T) {
			_ = run(func(ctx context.Context) error {
				return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
					return anyio.Shielded(ctx, anyio.Forever, func(ctx context.Context) error {
						_, got = anyio.Start(ctx, tg, func(context.Context, func(int)) error { throwAway.FailNow(); return nil })
						return nil
					})
				})
			})
		}) || got == nil {
			t.Errorf("Start: %v", got)
		}
	})
}
