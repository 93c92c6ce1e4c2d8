package anyio_test

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/sim"
)

// onEach runs main on every backend with options.
func onEach(t *testing.T, f func(t *testing.T, run func(main func(ctx context.Context) error, opts ...anyio.RunOption) error)) {
	for _, b := range []anyio.Backend{anyio.Parallel(), anyio.EventLoop(), sim.New(sim.Config{Seed: 1}), sim.New(sim.Config{Seed: 2})} {
		t.Run(b.Name(), func(t *testing.T) {
			f(t, func(main func(ctx context.Context) error, opts ...anyio.RunOption) error {
				return anyio.Run(context.Background(), main, append(opts, anyio.On(b))...)
			})
		})
	}
}

type runFunc = func(main func(ctx context.Context) error, opts ...anyio.RunOption) error

func explode(context.Context) error { panic("ouch") }

func TestPanicIsReportedAtOnceAndRaisedAtTheEnd(t *testing.T) {
	onEach(t, func(t *testing.T, run runFunc) {
		var order []string
		var mu sync.Mutex
		note := func(s string) { mu.Lock(); order = append(order, s); mu.Unlock() }
		err := run(func(ctx context.Context) error {
			pe := wantPanicError(t, "ouch", func() {
				_ = anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
					tg.Go(func(ctx context.Context) error {
						err := anyio.SleepForever(ctx)
						note("sibling canceled")
						return err
					})
					tg.Go(func(ctx context.Context) error { settled(t, ctx); return explode(ctx) }, anyio.Name("bomb"))
					return anyio.SleepForever(ctx)
				})
			})
			note("raised")
			if pe.Task != "bomb" || !strings.Contains(string(pe.Stack), "explode") || !strings.Contains(pe.Error(), `task "bomb" panicked: ouch`) {
				t.Errorf("panic: %v", pe)
			}
			return nil
		}, anyio.OnPanic(func(pe *anyio.PanicError) { note("reported " + pe.Task) }))
		wantNil(t, "run", err)
		if got := strings.Join(order, ", "); got != "reported bomb, sibling canceled, raised" {
			t.Errorf("order: %s", got)
		}
	})
}

func TestPanicGoesUpToTheCallerOfRunAndIsReportedOnce(t *testing.T) {
	onEach(t, func(t *testing.T, run runFunc) {
		reports := 0
		wantPanicError(t, "ouch", func() {
			_ = run(func(ctx context.Context) error {
				return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
					tg.Go(func(ctx context.Context) error {
						return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
							tg.Go(explode)
							return anyio.SleepForever(ctx)
						})
					})
					return anyio.SleepForever(ctx)
				})
			}, anyio.OnPanic(func(*anyio.PanicError) { reports++ }))
		})
		if reports != 1 {
			t.Errorf("%d reports", reports)
		}
	})
}

func TestPanicKeepsOtherErrorsOfItsGroup(t *testing.T) {
	onEach(t, func(t *testing.T, run runFunc) {
		err := run(func(ctx context.Context) error {
			pe := wantPanicError(t, "ouch", func() {
				_ = anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
					tg.Go(func(ctx context.Context) error { _ = anyio.SleepForever(ctx); return errBoom })
					tg.Go(func(ctx context.Context) error { settled(t, ctx); return explode(ctx) })
					return nil
				})
			})
			if !errors.Is(pe.Group, errBoom) || !strings.Contains(pe.Error(), "other errors of the group") {
				t.Errorf("group: %v", pe.Group)
			}
			return nil
		}, anyio.OnPanic(quiet))
		wantNil(t, "run", err)
	})
}

func TestRuntimeErrorsKeepTheirType(t *testing.T) {
	onEach(t, func(t *testing.T, run runFunc) {
		for _, f := range []func(context.Context) error{
			//lint:ignore SA5000 the panic is what is tested
			func(context.Context) error { var m map[int]int; m[1] = 1; return nil },
			func(context.Context) error { panic(nil) },
		} {
			v := recovered(func() {
				_ = run(func(ctx context.Context) error {
					return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
						tg.Go(f)
						return nil
					})
				}, anyio.OnPanic(quiet))
			})
			err, _ := v.(error)
			if _, ok := errors.AsType[runtime.Error](err); !ok {
				t.Errorf("panic: %v", v)
			}
		}
	})
}

func TestPanicOfMainAndOfTheBody(t *testing.T) {
	onEach(t, func(t *testing.T, run runFunc) {
		wantPanicError(t, "ouch", func() { _ = run(explode) })
		ended := 0
		wantPanicError(t, "body", func() {
			_ = run(func(ctx context.Context) error {
				return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
					tg.Go(func(ctx context.Context) error {
						err := anyio.SleepForever(ctx)
						ended++
						return err
					})
					tg.Go(explode)
					settled(t, context.WithoutCancel(ctx))
					panic("body")
				})
			}, anyio.OnPanic(quiet))
		})
		if ended != 1 {
			t.Error("the group did not wait for its task")
		}
	})
}

func TestPanicInAScopeOrTimeoutLeavesTheScope(t *testing.T) {
	onEach(t, func(t *testing.T, run runFunc) {
		err := run(func(ctx context.Context) error {
			var inner context.Context
			if v := recovered(func() {
				_ = anyio.WithCancelScope(ctx, func(ctx context.Context, _ *anyio.CancelScope) error { inner = ctx; return explode(ctx) })
			}); v != "ouch" {
				t.Errorf("scope: %v", v)
			}
			wantCanceled(t, "scope left", inner.Err())
			if v := recovered(func() { _ = anyio.FailAfter(ctx, time.Hour, explode) }); v != "ouch" {
				t.Errorf("timeout: %v", v)
			}
			return anyio.Sleep(ctx, 0)
		})
		wantNil(t, "run", err)
	})
}

// A group that does not end within the grace lets the process crash.
func TestProcessCrashesWhenTheGroupOutlivesTheGrace(t *testing.T) {
	onEach(t, func(t *testing.T, run runFunc) {
		var crashed anyio.Event
		var what *anyio.PanicError
		defer anyio.SetCrash(func(pe *anyio.PanicError) { what = pe; crashed.Set() })()
		err := run(func(ctx context.Context) error {
			wantPanicError(t, "ouch", func() {
				_ = anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
					tg.Go(explode, anyio.Name("bomb"))
					tg.Go(func(ctx context.Context) error { return anyio.Shielded(ctx, 0, crashed.Wait) })
					return nil
				})
			})
			return nil
		}, anyio.PanicGrace(time.Millisecond), anyio.OnPanic(quiet))
		if err != nil || what == nil || what.Task != "bomb" {
			t.Errorf("run: %v; crash: %v", err, what)
		}
	})
}

func TestNoCrashWithinTheGraceOrWithoutOne(t *testing.T) {
	onEach(t, func(t *testing.T, run runFunc) {
		defer anyio.SetCrash(func(pe *anyio.PanicError) { t.Errorf("crash: %v", pe) })()
		for _, grace := range []time.Duration{-1, time.Hour, 0} {
			err := run(func(ctx context.Context) error {
				wantPanicError(t, "ouch", func() {
					_ = anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
						tg.Go(explode)
						return nil
					})
				})
				return anyio.Sleep(ctx, time.Millisecond)
			}, anyio.PanicGrace(grace), anyio.OnPanic(quiet))
			wantNil(t, "run", err)
		}
	})
}
