package anyio_test

import (
	"context"
	"errors"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/internal/testkit"
)

func TestFailAfterTellsOfTheTimeout(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		for _, d := range []time.Duration{-time.Second, 0, time.Millisecond} {
			err := anyio.FailAfter(ctx, d, func(ctx context.Context) error {
				err := anyio.SleepForever(ctx)
				if !strings.Contains(err.Error(), "deadline") || !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("cancellation by a deadline: %v", err)
				}
				return err
			})
			for _, want := range []error{anyio.ErrTimeout, context.DeadlineExceeded, os.ErrDeadlineExceeded} {
				if !errors.Is(err, want) {
					t.Errorf("FailAfter(%v): %v is no %v", d, err, want)
				}
			}
			if errors.Is(err, anyio.ErrCanceled) {
				t.Errorf("FailAfter(%v): %v is a cancellation", d, err)
			}
			if te, ok := errors.AsType[*anyio.TimeoutError](err); !ok || te.After != d || !te.Timeout() {
				t.Errorf("FailAfter(%v): %#v", d, te)
			}
		}
		err := anyio.FailAt(ctx, anyio.Now(ctx).Add(time.Millisecond), anyio.SleepForever)
		if !errors.Is(err, anyio.ErrTimeout) || !strings.Contains(err.Error(), "not done by") {
			t.Errorf("FailAt: %v", err)
		}
	})
}

func TestFailAfterInTimeIsNoTimeout(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		nop := func(context.Context) error { return nil }
		testkit.WantNil(t, "nothing blocks", anyio.FailAfter(ctx, 0, nop))
		testkit.WantNil(t, "in time", anyio.FailAfter(ctx, time.Hour, func(ctx context.Context) error { return anyio.Sleep(ctx, time.Millisecond) }))
		testkit.WantNil(t, "no deadline", anyio.FailAt(ctx, time.Time{}, func(ctx context.Context) error {
			if _, ok := ctx.Deadline(); ok {
				t.Error("the zero time is a deadline")
			}
			return anyio.Sleep(ctx, time.Millisecond)
		}))
		err := anyio.FailAfter(ctx, 0, func(ctx context.Context) error { _ = anyio.Sleep(ctx, 0); return testkit.ErrBoom })
		if err != testkit.ErrBoom {
			t.Errorf("another error: %v", err)
		}
		testkit.WantNil(t, "cancellation ignored", anyio.FailAfter(ctx, 0, func(ctx context.Context) error { _ = anyio.Sleep(ctx, 0); return nil }))
	})
}

func TestMoveOnAfterIsNoError(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		timedOut, err := anyio.MoveOnAfter(ctx, time.Millisecond, anyio.SleepForever)
		if !timedOut || err != nil {
			t.Errorf("MoveOnAfter: %v, %v", timedOut, err)
		}
		timedOut, err = anyio.MoveOnAt(ctx, anyio.Now(ctx).Add(-time.Hour), func(ctx context.Context) error { return anyio.Sleep(ctx, 0) })
		if !timedOut || err != nil {
			t.Errorf("MoveOnAt in the past: %v, %v", timedOut, err)
		}
		timedOut, err = anyio.MoveOnAfter(ctx, time.Hour, func(ctx context.Context) error { return testkit.ErrBoom })
		if timedOut || err != testkit.ErrBoom {
			t.Errorf("failing body: %v, %v", timedOut, err)
		}
	})
}

func TestOuterDeadlineIsCaughtByTheOuterScope(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		innerOut := false
		outerOut, err := anyio.MoveOnAfter(ctx, time.Millisecond, func(ctx context.Context) error {
			outerDeadline, _ := ctx.Deadline()
			var err error
			innerOut, err = anyio.MoveOnAfter(ctx, time.Hour, func(ctx context.Context) error {
				d, ok := anyio.EffectiveDeadline(ctx)
				if passed := ctx.Err() != nil; !passed && (!ok || !d.Equal(outerDeadline)) {
					t.Errorf("effective deadline inside: %v, %v, want %v", d, ok, outerDeadline)
				}
				return anyio.SleepForever(ctx)
			})
			testkit.WantCanceled(t, "inner", err)
			return err
		})
		if innerOut || !outerOut || err != nil {
			t.Errorf("inner %v, outer %v, %v", innerOut, outerOut, err)
		}
		err = anyio.WithCancelScope(ctx, func(ctx context.Context, s *anyio.CancelScope) error {
			err := anyio.FailAfter(ctx, time.Hour, func(ctx context.Context) error {
				s.Cancel("")
				return anyio.SleepForever(ctx)
			})
			if errors.Is(err, anyio.ErrTimeout) {
				t.Errorf("FailAfter in a canceled scope: %v", err)
			}
			return err
		})
		testkit.WantNil(t, "scope", err)
	})
}

func TestTimeoutInsideAGroupIsAFailure(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			for range 2 {
				tg.Go(anyio.SleepForever)
			}
			tg.Go(func(ctx context.Context) error { return anyio.FailAfter(ctx, time.Millisecond, anyio.SleepForever) })
			return nil
		})
		if ge, ok := errors.AsType[*anyio.GroupError](err); !ok || ge.Len() != 1 || !errors.Is(err, anyio.ErrTimeout) {
			t.Errorf("group: %v", err)
		}
	})
}

func TestDeadlineCanBeMoved(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		err := anyio.WithCancelScope(ctx, func(ctx context.Context, s *anyio.CancelScope) error {
			at := anyio.Now(ctx).Add(soonest)
			s.SetDeadline(at)
			if d, ok := s.Deadline(); !ok || !d.Equal(at) {
				t.Errorf("deadline: %v, %v", d, ok)
			}
			testkit.WantNil(t, "checkpoint", anyio.Sleep(ctx, 0))
			_ = ctx.Done() // arms the timer
			s.SetDeadline(at.Add(time.Hour))
			testkit.WantNil(t, "later deadline", anyio.SleepUntil(ctx, at.Add(time.Millisecond)))
			s.SetDeadline(time.Time{})
			if _, ok := s.Deadline(); ok {
				t.Error("the deadline was not removed")
			}
			testkit.WantNil(t, "no deadline", anyio.Sleep(ctx, time.Millisecond))
			s.SetDeadline(anyio.Now(ctx).Add(-time.Second))
			if !s.CancelCalled() {
				t.Error("a deadline in the past does not cancel")
			}
			s.SetDeadline(time.Time{})
			err := anyio.Sleep(ctx, 0)
			testkit.WantCanceled(t, "moved after the cancellation", err)
			return err
		})
		testkit.WantNil(t, "scope", err)
	})
}

func TestEffectiveDeadlineFollowsTheTree(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		if d, ok := anyio.EffectiveDeadline(ctx); ok {
			t.Errorf("outside: %v", d)
		}
		at := anyio.Now(ctx).Add(time.Hour)
		_, _ = anyio.MoveOnAt(ctx, at, func(ctx context.Context) error {
			_ = anyio.WithCancelScope(ctx, func(ctx context.Context, s *anyio.CancelScope) error {
				if d, ok := anyio.EffectiveDeadline(ctx); !ok || !d.Equal(at) {
					t.Errorf("inherited: %v, %v", d, ok)
				}
				s.SetShield(true)
				if d, ok := anyio.EffectiveDeadline(ctx); ok {
					t.Errorf("in a shield: %v", d)
				}
				s.SetShield(false)
				s.Cancel("")
				if d, ok := anyio.EffectiveDeadline(ctx); !ok || !d.IsZero() {
					t.Errorf("canceled: %v, %v", d, ok)
				}
				return nil
			})
			derived, cancel := context.WithDeadline(ctx, at.Add(-time.Minute))
			defer cancel()
			if d, ok := anyio.EffectiveDeadline(derived); !ok || !d.Equal(at.Add(-time.Minute)) {
				if !testkit.Simulated(ctx) { // package context looks at the real clock
					t.Errorf("derived: %v, %v", d, ok)
				}
			}
			return anyio.WithCancelScope(context.WithoutCancel(ctx), func(ctx context.Context, _ *anyio.CancelScope) error {
				if d, ok := anyio.EffectiveDeadline(ctx); ok {
					t.Errorf("in a scope of a context that is not canceled: %v", d)
				}
				return nil
			})
		})
	})
}

// A deadline that has passed cancels at once, and is not taken back by a later one.
func TestDeadlineThatHasPassedIsNotTakenBack(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		for name, next := range map[string]func(s *anyio.CancelScope, now time.Time){
			"none":  func(s *anyio.CancelScope, _ time.Time) { s.SetDeadline(time.Time{}) },
			"later": func(s *anyio.CancelScope, now time.Time) { s.SetDeadline(now.Add(time.Hour)) },
		} {
			err := anyio.WithCancelScope(ctx, func(ctx context.Context, s *anyio.CancelScope) error {
				now := anyio.Now(ctx)
				s.SetDeadline(now.Add(-time.Second))
				next(s, now)
				if ctx.Err() == nil || !s.CancelCalled() {
					t.Errorf("%s: not canceled any more", name)
				}
				return ctx.Err()
			})
			testkit.WantNil(t, name, err)
		}
	})
}

func TestEffectiveDeadlineKnowsOfCanceledScopesOutside(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		_ = anyio.WithCancelScope(ctx, func(ctx context.Context, outer *anyio.CancelScope) error {
			at := anyio.Now(ctx).Add(time.Hour)
			_, err := anyio.MoveOnAt(ctx, at, func(ctx context.Context) error {
				return anyio.WithCancelScope(ctx, func(ctx context.Context, inner *anyio.CancelScope) error {
					outer.Cancel("")
					if d, ok := anyio.EffectiveDeadline(ctx); !ok || !d.IsZero() {
						t.Errorf("two scopes below: %v, %v", d, ok)
					}
					inner.SetShield(true)
					if d, ok := anyio.EffectiveDeadline(ctx); ok {
						t.Errorf("in a shield: %v", d)
					}
					inner.SetDeadline(at)
					if d, ok := anyio.EffectiveDeadline(ctx); !ok || !d.Equal(at) {
						t.Errorf("a shield's own deadline: %v, %v", d, ok)
					}
					return nil
				})
			})
			return err
		})
	})
}

func TestHugeTimeoutDoesNotOverflow(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		for _, d := range []time.Duration{anyio.Forever, anyio.Forever - 1, anyio.Forever / 2} {
			timers := func(ctx context.Context) error {
				dl, ok := ctx.Deadline()
				if ok != (d != anyio.Forever) || ok && dl.Before(anyio.Now(ctx).Add(100*365*24*time.Hour)) {
					t.Errorf("%v: deadline %v, %v", d, dl, ok)
				}
				// The wait has no earlier timer than the far one.
				_, err := anyio.RunBlockingValue(ctx, func() (int, error) { runtime.Gosched(); return 0, nil })
				return errors.Join(err, anyio.Sleep(ctx, time.Millisecond))
			}
			testkit.WantNil(t, "FailAfter", anyio.FailAfter(ctx, d, timers))
			testkit.WantNil(t, "Shielded", anyio.Shielded(ctx, d, timers))
			timedOut, err := anyio.MoveOnAfter(ctx, time.Millisecond, func(ctx context.Context) error { return anyio.Sleep(ctx, d) })
			if !timedOut || err != nil {
				t.Errorf("sleep of %v: %v, %v", d, timedOut, err)
			}
			i, err := anyio.Select(ctx, anyio.OnTimer(d), anyio.OnTimer(time.Millisecond))
			if i != 1 || err != nil {
				t.Errorf("timer of %v: %d, %v", d, i, err)
			}
		}
	})
}

// A deadline beyond what the clock can count is one all the same.
func TestDeadlineInAnotherAgeIsOne(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		far := anyio.Now(ctx).AddDate(1000, 0, 0)
		testkit.WantNil(t, "FailAt", anyio.FailAt(ctx, far, func(ctx context.Context) error {
			if d, ok := ctx.Deadline(); !ok || d.Before(anyio.Now(ctx).AddDate(200, 0, 0)) {
				t.Errorf("deadline: %v, %v", d, ok)
			}
			return anyio.Sleep(ctx, time.Millisecond)
		}))
		long := anyio.Now(ctx).AddDate(-1000, 0, 0)
		if err := anyio.FailAt(ctx, long, func(ctx context.Context) error { return anyio.Sleep(ctx, 0) }); !errors.Is(err, anyio.ErrTimeout) {
			t.Errorf("a thousand years ago: %v", err)
		}
	})
}

// Zero and less is at once everywhere.
func TestNoTimeIsAtOnce(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		for _, d := range []time.Duration{0, -1, -time.Hour, -anyio.Forever} {
			for name, err := range map[string]error{
				"FailAfter": anyio.FailAfter(ctx, d, anyio.SleepForever),
				"Shielded":  anyio.Shielded(ctx, d, anyio.SleepForever),
			} {
				if !errors.Is(err, anyio.ErrTimeout) {
					t.Errorf("%s(%v): %v", name, d, err)
				}
			}
			if timedOut, err := anyio.MoveOnAfter(ctx, d, anyio.SleepForever); !timedOut || err != nil {
				t.Errorf("MoveOnAfter(%v): %v, %v", d, timedOut, err)
			}
			testkit.WantNil(t, "Sleep", anyio.Sleep(ctx, d))
			if i, err := anyio.Select(ctx, anyio.OnTimer(d)); i != 0 || err != nil {
				t.Errorf("OnTimer(%v): %d, %v", d, i, err)
			}
		}
	})
}

func TestSleepUntilUsesTheRunsClock(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		begin := anyio.Now(ctx)
		at := begin.Add(3 * time.Millisecond)
		testkit.WantNil(t, "SleepUntil", anyio.SleepUntil(ctx, at))
		if now := anyio.Now(ctx); now.Before(at) || testkit.Simulated(ctx) && !now.Equal(at) {
			t.Errorf("woke at %v, asked for %v", now, at)
		}
		testkit.WantNil(t, "past", anyio.SleepUntil(ctx, begin))
		testkit.WantNil(t, "zero time", anyio.SleepUntil(ctx, time.Time{}))
		testkit.WantNil(t, "negative", anyio.Sleep(ctx, -time.Hour))
	})
}
