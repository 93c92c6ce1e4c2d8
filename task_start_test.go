//anyiovet:ignore started some tasks end without having started

package anyio_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/internal/testkit"
)

func TestStartReturnsTheValueGivenToStarted(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			ended := false
			v, h, err := anyio.StartHandle(ctx, tg, func(ctx context.Context, started func(string)) error {
				testkit.Settled(t, ctx)
				started("ready")
				ended = anyio.Sleep(ctx, time.Millisecond) == nil
				return nil
			}, anyio.Name("server"))
			if v != "ready" || err != nil || h.Name() != "server" {
				t.Errorf("Start: %q, %v, %v", v, h, err)
			}
			testkit.WantNil(t, "await", h.Await(ctx))
			if !ended {
				t.Error("the task did not go on")
			}
			return nil
		})
		testkit.WantNil(t, "group", err)
	})
}

func TestErrorBeforeStartedGoesToTheStarterAlone(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			_, err := anyio.Start(ctx, tg, func(ctx context.Context, started func(int)) error {
				_ = anyio.Sleep(ctx, 0)
				return testkit.ErrBoom
			})
			if err != testkit.ErrBoom {
				t.Errorf("Start: %v, want the bare error", err)
			}
			if tg.CancelCalled() {
				t.Error("the group was canceled")
			}
			return anyio.Sleep(ctx, 0)
		})
		testkit.WantNil(t, "group", err)
	})
}

func TestErrorAfterStartedGoesToTheGroup(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			v, err := anyio.Start(ctx, tg, func(ctx context.Context, started func(int)) error {
				started(7)
				return testkit.ErrBoom
			})
			if v != 7 || err != nil {
				t.Errorf("Start: %d, %v", v, err)
			}
			return nil
		})
		if ge, ok := errors.AsType[*anyio.GroupError](err); !ok || ge.Len() != 1 || !errors.Is(err, testkit.ErrBoom) {
			t.Errorf("group: %v", err)
		}
	})
}

func TestTaskThatNeverCallsStartedIsAnError(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			_, err := anyio.Start(ctx, tg, func(context.Context, func(int)) error { return nil }, anyio.Name("mute"))
			if err == nil || !strings.Contains(err.Error(), `"mute" ended without calling started`) {
				t.Errorf("Start: %v", err)
			}
			return nil
		})
		testkit.WantNil(t, "group", err)
	})
}

func TestStartedTwicePanicsInTheTask(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			_, err := anyio.Start(ctx, tg, func(_ context.Context, started func(int)) error {
				started(1)
				testkit.WantMisuse(t, "second call", testkit.Recovered(func() { started(2) }))
				return nil
			})
			return err
		})
		testkit.WantNil(t, "group", err)
	})
}

func TestPanicBeforeStartedReachesStarterAndGroup(t *testing.T) {
	err := anyio.Run(context.Background(), func(ctx context.Context) error {
		testkit.WantPanicError(t, "early", func() {
			_ = anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
				_, err := anyio.Start(ctx, tg, func(context.Context, func(int)) error { panic("early") })
				if err == nil {
					t.Error("Start returned no error")
				}
				return err
			})
		})
		return nil
	}, anyio.OnPanic(testkit.Quiet))
	testkit.WantNil(t, "run", err)
}

func TestStartInCanceledScopeStartsNothing(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			tg.Cancel("")
			_, err := anyio.Start(ctx, tg, func(ctx context.Context, started func(int)) error {
				t.Error("the task ran")
				return nil
			})
			testkit.WantCanceled(t, "Start", err)
			return err
		})
		testkit.WantNil(t, "group", err)
	})
}

// Canceling the caller cancels the task, waits for it, and leaves the group alone.
func TestCancelingTheStarterCancelsTheTaskFirst(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		var ended, cleaned bool
		err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			timedOut, err := anyio.MoveOnAfter(ctx, time.Millisecond, func(ctx context.Context) error {
				_, err := anyio.Start(ctx, tg, func(ctx context.Context, started func(int)) error {
					err := anyio.SleepForever(ctx)
					testkit.WantCanceled(t, "task", err)
					cleaned = anyio.Shielded(ctx, anyio.Forever, func(ctx context.Context) error { return anyio.Sleep(ctx, time.Millisecond) }) == nil
					ended = true
					return err
				})
				testkit.WantCanceled(t, "Start", err)
				if !ended || !cleaned {
					t.Errorf("Start returned before the task ended (%v, cleaned up: %v)", ended, cleaned)
				}
				return err
			})
			if !timedOut || err != nil || tg.CancelCalled() {
				t.Errorf("scope of the starter: %v, %v; group canceled: %v", timedOut, err, tg.CancelCalled())
			}
			return anyio.Sleep(ctx, 0)
		})
		testkit.WantNil(t, "group", err)
	})
}

func TestErrorWhileTheStarterIsCanceledGoesToTheGroup(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			_, _ = anyio.MoveOnAfter(ctx, time.Millisecond, func(ctx context.Context) error {
				_, err := anyio.Start(ctx, tg, func(ctx context.Context, started func(int)) error {
					_ = anyio.SleepForever(ctx)
					return testkit.ErrBoom
				})
				return err
			})
			return nil
		})
		if !errors.Is(err, testkit.ErrBoom) {
			t.Errorf("group: %v", err)
		}
	})
}

func TestFailingGroupCancelsAStartThatWaits(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			tg.Go(func(ctx context.Context) error { testkit.Settled(t, ctx); return testkit.ErrBoom })
			_, err := anyio.Start(ctx, tg, func(ctx context.Context, started func(int)) error { return anyio.SleepForever(ctx) })
			testkit.WantCanceled(t, "Start", err)
			return err
		})
		if ge, ok := errors.AsType[*anyio.GroupError](err); !ok || ge.Len() != 1 || !errors.Is(err, testkit.ErrBoom) {
			t.Errorf("group: %v", err)
		}
	})
}

// A task that called started keeps going in its shield when the caller is canceled.
func TestStartedTaskSurvivesTheStartersCancellation(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		survived := false
		err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			return anyio.WithCancelScope(ctx, func(ctx context.Context, s *anyio.CancelScope) error {
				_, err := anyio.Start(ctx, tg, func(ctx context.Context, started func(int)) error {
					started(1)
					survived = anyio.Sleep(ctx, time.Millisecond) == nil
					return nil
				})
				testkit.WantNil(t, "Start", err)
				s.Cancel("")
				return anyio.Sleep(ctx, 0)
			})
		})
		testkit.WantNil(t, "group", err)
		if !survived {
			t.Error("the task was canceled with its starter")
		}
	})
}

// The group is canceled, its task ends before started, and the caller of Start is
// outside: for it that is a failure, not its own cancellation.
func TestTaskCanceledWithItsGroupIsNoCancellationOfTheStarter(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, outer context.Context) {
		for _, shielded := range []bool{false, true} {
			began := false
			err := anyio.WithTaskGroup(outer, func(ctx context.Context, tg *anyio.TaskGroup) error {
				start := func(ctx context.Context) error {
					tg.Cancel("the group alone")
					_, err := anyio.Start(ctx, tg, func(ctx context.Context, started func(int)) error {
						began = true
						return anyio.SleepForever(ctx)
					}, anyio.Name("service"))
					tf, ok := errors.AsType[*anyio.TaskError](err)
					if !ok || tf.Task != "service" || !errors.Is(err, anyio.ErrTaskCanceled) || errors.Is(err, anyio.ErrCanceled) {
						t.Errorf("shielded %v: Start: %v", shielded, err)
					}
					return nil
				}
				if shielded {
					return anyio.Shielded(ctx, anyio.Forever, start)
				}
				return start(outer)
			})
			testkit.WantNil(t, "group", err)
			if !began {
				t.Errorf("shielded %v: the task did not run to its first blocking call", shielded)
			}
		}
	})
}

// Task and starter are canceled together, and whoever notices first, it stays a
// cancellation.
func TestStarterCanceledWithItsTaskIsCanceled(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		for range 100 {
			err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
				for i := range 3 {
					tg.Go(func(ctx context.Context) error {
						if i > 0 {
							var cancel context.CancelFunc
							ctx, cancel = context.WithCancel(ctx)
							defer cancel()
						}
						_, err := anyio.Start(ctx, tg, func(ctx context.Context, started func(int)) error {
							return anyio.SleepForever(ctx)
						})
						return err
					})
				}
				testkit.Settled(t, ctx)
				tg.Cancel("all")
				return nil
			})
			testkit.WantNil(t, "group", err)
		}
	})
}

// A service that is written for Start runs in Go as well: started is a function,
// and one that does nothing may be called any number of times.
func TestServiceRunsWithoutAStarter(t *testing.T) {
	serve := func(ctx context.Context, started func(string)) error {
		started("ready")
		return anyio.Sleep(ctx, time.Millisecond)
	}
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		calls := 0
		err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			ignored := func(string) { calls++ }
			for range 2 {
				testkit.WantNil(t, "in the caller's task", serve(ctx, ignored))
			}
			testkit.WantNil(t, "in a task", tg.Go(func(ctx context.Context) error { return serve(ctx, ignored) }).Await(ctx))
			v, err := anyio.Start(ctx, tg, serve)
			if v != "ready" {
				t.Errorf("Start: %q", v)
			}
			return err
		})
		if err != nil || calls != 3 {
			t.Errorf("group: %v, %d calls", err, calls)
		}
	})
}
