package anyio_test

import (
	"context"
	"runtime"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/testkit"
)

// A task that has failed is never seen as ended, by whatever asks, in a group that is
// not canceled.
func TestFailureCancelsTheGroupBeforeAnyoneSeesTheEnd(t *testing.T) {
	fails := map[string]func(context.Context) error{
		"error":  func(context.Context) error { return testkit.ErrBoom },
		"panic":  func(context.Context) error { panic(testkit.ErrBoom) },
		"Goexit": func(context.Context) error { runtime.Goexit(); return nil },
	}
	sees := map[string]func(ctx context.Context, h *anyio.TaskHandle) error{
		"Wait":  func(ctx context.Context, h *anyio.TaskHandle) error { return h.Wait(ctx) },
		"Await": func(ctx context.Context, h *anyio.TaskHandle) error { _ = h.Await(ctx); return nil },
		"Select": func(ctx context.Context, h *anyio.TaskHandle) error {
			_, err := anyio.Select(ctx, anyio.OnTask(h))
			return err
		},
		"Status": func(ctx context.Context, h *anyio.TaskHandle) error {
			return until(ctx, func() bool { return h.Status() > anyio.Canceling })
		},
		"Err": func(ctx context.Context, h *anyio.TaskHandle) error {
			return until(ctx, func() bool { return h.Err() != anyio.ErrNotFinished })
		},
		"RunningTasks": func(ctx context.Context, h *anyio.TaskHandle) error {
			return until(ctx, func() bool {
				for _, info := range anyio.RunningTasks(ctx) {
					if info.Name == h.Name() {
						return false
					}
				}
				return true
			})
		},
	}
	for failName, fail := range fails {
		for seeName, see := range sees {
			t.Run(failName+"/"+seeName, func(t *testing.T) {
				testkit.OnEach(t, func(t *testing.T, run testkit.RunFunc) {
					rounds := 20
					if failName == "error" {
						rounds = 500 // where the order is the code's own
					}
					for range rounds {
						seen := false
						testkit.Exited(func(*testing.T) {
							_ = testkit.Recovered(func() {
								_ = run(func(ctx context.Context) error {
									return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
										h := tg.Go(fail, anyio.Name("failing"))
										return anyio.Shielded(ctx, anyio.Forever, func(shielded context.Context) error {
											must(t, see(shielded, h))
											seen = true
											if !tg.CancelCalled() || ctx.Err() == nil {
												t.Errorf("the task is %v, but its group is not canceled (%v, %v)", h.Status(), tg.CancelCalled(), ctx.Err())
											}
											return nil
										})
									})
								}, anyio.OnPanic(testkit.Quiet))
							})
						})
						if !seen || t.Failed() {
							t.Fatalf("end seen: %v", seen)
						}
					}
				})
			})
		}
	}
}

// until gives way until f holds.
func until(ctx context.Context, f func() bool) error {
	for !f() {
		if err := anyio.Sleep(ctx, 0); err != nil {
			return err
		}
	}
	return nil
}
