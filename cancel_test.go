package anyio_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/internal/testkit"
)

func TestCancellationIsALevel(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		err := anyio.WithCancelScope(ctx, func(ctx context.Context, s *anyio.CancelScope) error {
			var set anyio.Event
			set.Set()
			s.Cancel("stop")
			testkit.WantCanceled(t, "first wait", anyio.SleepForever(ctx))
			testkit.WantCanceled(t, "second wait", anyio.Sleep(ctx, time.Hour))
			testkit.WantCanceled(t, "a wait that could finish at once", set.Wait(ctx))
			testkit.WantCanceled(t, "a scope inside", anyio.WithCancelScope(ctx, func(ctx context.Context, _ *anyio.CancelScope) error {
				return anyio.Sleep(ctx, 0)
			}))
			return set.Wait(ctx)
		})
		testkit.WantNil(t, "scope", err)
		testkit.WantNil(t, "after the scope", anyio.Sleep(ctx, 0))
	})
}

func TestScopeTellsWhetherItCaughtItsCancellation(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		for _, blocks := range []bool{true, false} {
			var kept *anyio.CancelScope
			err := anyio.WithCancelScope(ctx, func(ctx context.Context, s *anyio.CancelScope) error {
				kept = s
				s.Cancel("")
				if blocks {
					return anyio.Sleep(ctx, 0)
				}
				return nil
			})
			if err != nil || !kept.CancelCalled() || kept.CancelCaught() != blocks {
				t.Errorf("blocks=%v: %v, called %v, caught %v", blocks, err, kept.CancelCalled(), kept.CancelCaught())
			}
		}
	})
}

func TestOtherErrorPassesACanceledScope(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		var kept *anyio.CancelScope
		err := anyio.WithCancelScope(ctx, func(ctx context.Context, s *anyio.CancelScope) error {
			kept = s
			s.Cancel("")
			_ = anyio.Sleep(ctx, 0)
			return testkit.ErrBoom
		})
		if err != testkit.ErrBoom || kept.CancelCaught() {
			t.Errorf("scope: %v, caught %v", err, kept.CancelCaught())
		}
		err = anyio.WithCancelScope(ctx, func(ctx context.Context, s *anyio.CancelScope) error {
			s.Cancel("")
			return errors.Join(testkit.ErrBoom, fmt.Errorf("wrapped: %w", anyio.Sleep(ctx, 0)))
		})
		if !errors.Is(err, testkit.ErrBoom) || errors.Is(err, anyio.ErrCanceled) {
			t.Errorf("joined: %v", err)
		}
	})
}

func TestStdCancellationInACanceledScopeCountsAsOurs(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		for _, std := range []error{context.Canceled, context.DeadlineExceeded, fmt.Errorf("dial: %w", context.Canceled), anyio.ErrCanceled} {
			err := anyio.WithCancelScope(ctx, func(ctx context.Context, s *anyio.CancelScope) error {
				s.Cancel("")
				return std
			})
			testkit.WantNil(t, "canceled scope", err)
			err = anyio.WithCancelScope(ctx, func(context.Context, *anyio.CancelScope) error { return std })
			if err != std {
				t.Errorf("scope that is not canceled: %v, want %v", err, std)
			}
		}
	})
}

func TestNewTaskInACanceledGroupRunsToItsFirstBlockingCall(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		began, after := 0, 0
		err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			tg.Cancel("")
			h := tg.Go(func(ctx context.Context) error {
				began++
				if err := anyio.Sleep(ctx, 0); err != nil {
					return err
				}
				after++
				return nil
			})
			h.Cancel("right after its start")
			return nil
		})
		testkit.WantNil(t, "group", err)
		if began != 1 || after != 0 {
			t.Errorf("began %d times, passed the checkpoint %d times", began, after)
		}
	})
}

func TestCancellationReachesEverythingBelow(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		var depth func(ctx context.Context, n int) error
		depth = func(ctx context.Context, n int) error {
			if n == 0 {
				err := anyio.SleepForever(ctx)
				testkit.WantCanceled(t, "leaf", err)
				return err
			}
			return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
				for range 2 {
					tg.Go(func(ctx context.Context) error {
						return anyio.WithCancelScope(ctx, func(ctx context.Context, _ *anyio.CancelScope) error { return depth(ctx, n-1) })
					})
				}
				return nil
			})
		}
		err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			tg.Go(func(ctx context.Context) error { return depth(ctx, 4) })
			tg.Go(func(ctx context.Context) error { testkit.Settled(t, ctx); tg.Cancel("all of it"); return nil })
			return nil
		})
		testkit.WantNil(t, "group", err)
	})
}

func TestCancelWhileTheGroupIsExiting(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		cleaned := false
		err := anyio.WithCancelScope(ctx, func(ctx context.Context, s *anyio.CancelScope) error {
			return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
				tg.Go(func(ctx context.Context) error {
					err := anyio.SleepForever(ctx)
					cleaned = anyio.Shielded(ctx, anyio.Forever, func(ctx context.Context) error { return anyio.Sleep(ctx, time.Millisecond) }) == nil
					return err
				})
				tg.Go(func(ctx context.Context) error {
					testkit.Settled(t, ctx) // the host waits in the group's end
					s.Cancel("")
					return nil
				})
				return nil
			})
		})
		if err != nil || !cleaned {
			t.Errorf("scope: %v; the group waited for the cleanup: %v", err, cleaned)
		}
	})
}

func TestTaskCancelsItsOwnScopeOnly(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			h := tg.Go(func(ctx context.Context) error {
				for range 3 { // again and again over time
					_ = anyio.WithCancelScope(ctx, func(ctx context.Context, s *anyio.CancelScope) error {
						s.Cancel("")
						return anyio.Sleep(ctx, time.Hour)
					})
				}
				return anyio.Sleep(ctx, 0)
			})
			testkit.WantNil(t, "await", h.Await(ctx))
			if tg.CancelCalled() {
				t.Error("the group was canceled")
			}
			return anyio.Sleep(ctx, 0)
		})
		testkit.WantNil(t, "group", err)
	})
}

func TestCancellationFromOutsideComesOutAlone(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		err := anyio.WithCancelScope(ctx, func(ctx context.Context, s *anyio.CancelScope) error {
			err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
				for range 3 {
					tg.Go(anyio.SleepForever)
				}
				tg.Go(func(ctx context.Context) error {
					testkit.Settled(t, ctx)
					s.Cancel("from outside")
					tg.Cancel("from inside, too late")
					return nil
				})
				return anyio.SleepForever(ctx)
			})
			if ce, ok := err.(*anyio.CanceledError); !ok || ce.Reason != "from outside" {
				t.Errorf("group: %v, want the bare cancellation from outside", err)
			}
			return err
		})
		testkit.WantNil(t, "scope", err)
	})
}

func TestReasonIsTold(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			tg.Go(func(ctx context.Context) error {
				err := anyio.SleepForever(ctx)
				if !strings.Contains(err.Error(), "enough of it") || !strings.Contains(err.Error(), "cancel_test.go:") {
					t.Errorf("text: %v", err)
				}
				return err
			})
			testkit.Settled(t, ctx)
			tg.Cancel("enough of it")
			tg.Cancel("a second reason")
			return nil
		})
		testkit.WantNil(t, "group", err)
		err = anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			tg.Go(func(ctx context.Context) error {
				err := anyio.SleepForever(ctx)
				if ce, ok := errors.AsType[*anyio.CanceledError](err); !ok || ce.Task != "bomb" || ce.Cause != testkit.ErrBoom {
					t.Errorf("cancellation by a failure: %v", err)
				}
				return err
			})
			tg.Go(func(ctx context.Context) error { testkit.Settled(t, ctx); return testkit.ErrBoom }, anyio.Name("bomb"))
			return nil
		})
		if !errors.Is(err, testkit.ErrBoom) {
			t.Errorf("group: %v", err)
		}
	})
}

// A cancellation because of an error of ours says once whose it is.
func TestCancellationBecauseOfOurErrorNamesTheModuleOnce(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		for want, failure := range map[string]error{
			`anyio: canceled: task "bomb" failed: resource is closed`:             anyio.ErrClosed,
			`anyio: canceled: task "bomb" failed: broken resource: no space left`: &anyio.BrokenError{Cause: errors.New("no space left")},
			`anyio: canceled: task "bomb" failed: reading: anyio: timeout`:        fmt.Errorf("reading: %w", anyio.ErrTimeout),
		} {
			err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
				tg.Go(func(ctx context.Context) error {
					err := anyio.SleepForever(ctx)
					if err.Error() != want {
						t.Errorf("got  %v\nwant %s", err, want)
					}
					return err
				})
				tg.Go(func(ctx context.Context) error { testkit.Settled(t, ctx); return failure }, anyio.Name("bomb"))
				return nil
			})
			if !errors.Is(err, failure) {
				t.Errorf("group: %v", err)
			}
		}
	})
}

func TestDeadlineIsToldByItsTime(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		err := anyio.WithCancelScope(ctx, func(ctx context.Context, s *anyio.CancelScope) error {
			at := anyio.Now(ctx).Add(time.Millisecond)
			s.SetDeadline(at)
			err := anyio.SleepForever(ctx)
			if want := "anyio: canceled: deadline " + at.Format("15:04:05.000") + " passed"; err.Error() != want {
				t.Errorf("%q, want %q", err, want)
			}
			return err
		})
		testkit.WantNil(t, "scope", err)
	})
}

// Once the other side has completed an operation, its result is returned even if
// a cancellation comes in the same instant.
func TestGrantedWaitIsNotCanceled(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			var ev anyio.Event
			h := tg.Go(ev.Wait)
			testkit.Settled(t, ctx)
			ev.Set()
			h.Cancel("just too late")
			testkit.WantNil(t, "await", h.Await(ctx))
			return nil
		})
		testkit.WantNil(t, "group", err)
	})
}

func TestCancelingAFinishedTaskDoesNothing(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			h := tg.Go(func(context.Context) error { return nil })
			testkit.WantNil(t, "await", h.Await(ctx))
			h.Cancel("")
			if h.Status() != anyio.Finished {
				t.Errorf("status: %v", h.Status())
			}
			return anyio.Sleep(ctx, 0)
		})
		testkit.WantNil(t, "group", err)
	})
}
