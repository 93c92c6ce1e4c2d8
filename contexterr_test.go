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
	"github.com/anyio-go/anyio/internal/kernel"
	"github.com/anyio-go/anyio/internal/race"
	"github.com/anyio-go/anyio/internal/testkit"
	"github.com/anyio-go/anyio/lowlevel"
)

// A derivation makes contexts of package context and of ours from one that is to be
// canceled, before or after that.
type derivation struct {
	all  map[string]context.Context
	stop []func()
}

func (d *derivation) add(when string, ctx context.Context) {
	type key struct{}
	value := context.WithValue(ctx, key{}, 1)
	canceler, cancel := context.WithCancel(ctx)
	timed, cancelTimed := context.WithTimeout(value, time.Hour)
	nested, cancelNested := context.WithCancelCause(timed)
	ours, scope := anyio.OpenCancelScope(nested)
	d.stop = append(d.stop, func() { _ = scope.End(nil) }, func() { cancelNested(nil) }, cancelTimed, cancel)
	for name, c := range map[string]context.Context{
		"itself": ctx, "WithValue": value, "WithCancel": canceler, "WithTimeout": timed, "nested": nested, "scope": ours,
	} {
		d.all[fmt.Sprint(len(d.all), " ", when, " ", name)] = c
	}
}

// check wants all contexts to be canceled for the reason.
func (d *derivation) check(t *testing.T, ctx context.Context, want error, reason string) {
	t.Helper()
	for name, c := range d.all {
		if !soon(func() bool { _ = lowlevel.Checkpoint(context.WithoutCancel(ctx)); return c.Err() != nil }) {
			t.Fatalf("%s: not canceled", name)
		}
		<-c.Done()
		cause := context.Cause(c)
		rich, ok := errors.AsType[*anyio.CanceledError](cause)
		first, again := c.Err(), c.Err()
		if first != want || again != want || !ok || !strings.Contains(rich.Error(), reason) || !errors.Is(cause, want) || !errors.Is(cause, context.Canceled) {
			t.Errorf("%s: Err is %v, want %v; the cause is %v, want one with %q", name, c.Err(), want, cause, reason)
		}
		if bare := context.WithoutCancel(c); bare.Err() != nil || context.Cause(bare) != nil {
			t.Errorf("%s without cancel: %v, %v", name, bare.Err(), context.Cause(bare))
		}
	}
	for _, stop := range d.stop {
		stop()
	}
}

var errChanged = errors.New("Err or Cause has changed")

func TestErrIsASentinelAndCauseTellsTheRest(t *testing.T) {
	type scenario struct {
		want   error
		reason string
		// play cancels a context between before and after.
		play func(ctx context.Context, before, after func(ctx context.Context)) error
	}
	scope := func(cancel func(s *anyio.CancelScope)) func(ctx context.Context, before, after func(ctx context.Context)) error {
		return func(ctx context.Context, before, after func(ctx context.Context)) error {
			return anyio.WithCancelScope(ctx, func(ctx context.Context, s *anyio.CancelScope) error {
				before(ctx)
				cancel(s)
				after(ctx)
				return nil
			})
		}
	}
	for name, s := range map[string]scenario{
		"cancel":      {context.Canceled, "enough", scope(func(s *anyio.CancelScope) { s.Cancel("enough") })},
		"because of":  {context.Canceled, "boom", scope(func(s *anyio.CancelScope) { s.CancelCause(testkit.ErrBoom) })},
		"by deadline": {context.DeadlineExceeded, "deadline", scope(func(s *anyio.CancelScope) { s.SetDeadline(time.Unix(1, 0)) })},
		"from above": {context.Canceled, "enough", func(ctx context.Context, before, after func(ctx context.Context)) error {
			return anyio.WithCancelScope(ctx, func(ctx context.Context, outer *anyio.CancelScope) error {
				return scope(func(*anyio.CancelScope) { outer.Cancel("enough") })(ctx, before, after)
			})
		}},
		"task": {context.Canceled, "enough", func(ctx context.Context, before, after func(ctx context.Context)) error {
			return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
				tg.Go(func(ctx context.Context) error {
					before(ctx)
					tg.Cancel("enough")
					after(ctx)
					return nil
				})
				return nil
			})
		}},
		"foreign cancel": {context.Canceled, "boom", func(ctx context.Context, before, after func(ctx context.Context)) error {
			ctx, cancel := context.WithCancelCause(ctx)
			return scope(func(*anyio.CancelScope) { cancel(testkit.ErrBoom) })(ctx, before, after)
		}},
		"foreign deadline": {context.DeadlineExceeded, "boom", func(ctx context.Context, before, after func(ctx context.Context)) error {
			ctx, cancel := context.WithTimeoutCause(ctx, time.Millisecond, testkit.ErrBoom)
			defer cancel()
			return scope(func(*anyio.CancelScope) {})(ctx, before, after)
		}},
		"left": {context.Canceled, "scope of this context has ended", func(ctx context.Context, before, after func(ctx context.Context)) error {
			inner, s := anyio.OpenCancelScope(ctx)
			before(inner)
			_ = s.End(nil) // which tells that a scope was left open in it
			after(inner)
			return nil
		}},
		"shield raised later": {context.Canceled, "enough", func(ctx context.Context, before, after func(ctx context.Context)) error {
			return anyio.WithCancelScope(ctx, func(ctx context.Context, outer *anyio.CancelScope) error {
				return anyio.WithCancelScope(ctx, func(ctx context.Context, s *anyio.CancelScope) error {
					before(ctx)
					outer.Cancel("enough")
					s.SetShield(true)
					after(ctx)
					return anyio.Sleep(ctx, 0) // our own calls obey the shield
				})
			})
		}},
		"killed": {context.Canceled, "killed", func(ctx context.Context, before, after func(ctx context.Context)) error {
			before(ctx)
			kernel.Locate(ctx).Run().Kill(&kernel.Cause{Kind: kernel.ByKill, Reason: "killed"})
			after(ctx)
			return nil
		}},
		"killed after its deadline": {context.DeadlineExceeded, "deadline", func(ctx context.Context, before, after func(ctx context.Context)) error {
			return anyio.WithCancelScope(ctx, func(ctx context.Context, s *anyio.CancelScope) error {
				before(ctx)
				s.SetDeadline(time.Unix(1, 0))
				after(ctx)
				kernel.Locate(ctx).Run().Kill(&kernel.Cause{Kind: kernel.ByKill, Reason: "killed"})
				if ctx.Err() != context.DeadlineExceeded || !strings.Contains(context.Cause(ctx).Error(), "deadline") {
					return fmt.Errorf("%w after %w, cause %w", errChanged, ctx.Err(), context.Cause(ctx))
				}
				return nil
			})
		}},
	} {
		t.Run(name, func(t *testing.T) {
			testkit.OnEach(t, func(t *testing.T, run testkit.RunFunc) {
				_ = run(func(ctx context.Context) error {
					d := &derivation{all: map[string]context.Context{}}
					err := s.play(ctx, func(ctx context.Context) { d.add("before", ctx) }, func(ctx context.Context) {
						d.add("after", ctx)
						d.check(t, ctx, s.want, s.reason)
					})
					if errors.Is(err, errChanged) {
						t.Error(err)
					}
					return err
				})
			})
		})
	}
}

func TestErrOfAnEndedRunIsASentinel(t *testing.T) {
	testkit.OnEach(t, func(t *testing.T, run testkit.RunFunc) {
		var kept context.Context
		testkit.WantNil(t, "run", run(func(ctx context.Context) error { kept = ctx; return nil }))
		if cause := context.Cause(kept); kept.Err() != context.Canceled || !errors.Is(cause, anyio.ErrCanceled) {
			t.Errorf("Err %v, cause %v", kept.Err(), cause)
		}
	})
}

// Package context adds a child to the list of the nearest context of its own, if that
// speaks for the parent. None outside of a scope does.
func TestShieldedScopeIsNotBypassedByPackageContext(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		above, cancel := context.WithCancelCause(ctx)
		inner, s := anyio.OpenCancelScope(above, anyio.Shield())
		child, stop := context.WithCancel(inner)
		defer stop()
		cancel(testkit.ErrBoom)
		if inner.Err() != nil || context.Cause(inner) != nil || child.Err() != nil || context.Cause(child) != nil {
			t.Errorf("in the shield: %v, %v, %v, %v", inner.Err(), context.Cause(inner), child.Err(), context.Cause(child))
		}
		s.Cancel("enough")
		for _, c := range []context.Context{inner, child} {
			if cause := context.Cause(c); c.Err() != context.Canceled || cause == nil || !strings.Contains(cause.Error(), "enough") {
				t.Errorf("%v: Err %v, cause %v", c, c.Err(), cause)
			}
		}
		_ = s.End(nil)
	})
}

// What a std call would return in a canceled scope counts as the scope's cancellation,
// and who asks the task is told the whole.
func TestTaskThatReturnsErrIsCanceled(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		for _, deadline := range []bool{false, true} {
			var h *anyio.TaskHandle
			testkit.WantNil(t, "group", anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
				h = tg.Go(func(ctx context.Context) error {
					_ = anyio.SleepForever(ctx)
					return fmt.Errorf("%w", ctx.Err())
				})
				bare := tg.Go(func(ctx context.Context) error { _ = anyio.SleepForever(ctx); return ctx.Err() })
				testkit.Settled(t, ctx)
				if deadline {
					tg.SetDeadline(time.Unix(1, 0))
				} else {
					tg.Cancel("enough")
				}
				return anyio.Shielded(ctx, anyio.Forever, func(ctx context.Context) error {
					err := bare.Await(ctx)
					if bare.Status() != anyio.Canceled || !strings.Contains(err.Error(), map[bool]string{true: "deadline", false: "enough"}[deadline]) {
						t.Errorf("%v: %v", bare, err)
					}
					return nil
				})
			}))
			if h.Status() != anyio.Canceled {
				t.Errorf("%v", h)
			}
		}
	})
}

func TestErrDoesNotAllocate(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		if race.Enabled {
			t.Skip("the race detector allocates")
		}
		_ = anyio.WithCancelScope(ctx, func(ctx context.Context, s *anyio.CancelScope) error {
			for _, canceled := range []bool{false, true} {
				if n := testing.AllocsPerRun(100, func() { _ = ctx.Err() }); n != 0 {
					t.Errorf("canceled %v: %v allocations", canceled, n)
				}
				s.Cancel("")
			}
			return nil
		})
	})
}
