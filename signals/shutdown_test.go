package signals_test

import (
	"context"
	"errors"
	"os"
	"runtime"
	"syscall"
	"testing"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/testkit"
	"github.com/anyio-go/anyio/signals"
	"github.com/anyio-go/anyio/sim"
)

func TestShutdownCancelsTheBodyAndTellsTheSignal(t *testing.T) {
	signalTest(t, func(t *testing.T, ctx context.Context) {
		saved := false
		err := signals.WithShutdown(ctx, func(ctx context.Context) error {
			raise(t, ctx, os.Interrupt)
			err := anyio.SleepForever(ctx)
			testkit.WantCanceled(t, "sleep", err)
			ce, _ := errors.AsType[*anyio.CanceledError](context.Cause(ctx))
			if e, ok := errors.AsType[*signals.Error](ce.Cause); !ok || e.Signal != os.Interrupt {
				t.Errorf("cause %v", context.Cause(ctx))
			}
			return errors.Join(err, anyio.Shielded(ctx, anyio.Forever, func(ctx context.Context) error { saved = true; return anyio.Sleep(ctx, 1) }))
		})
		e, ok := errors.AsType[*signals.Error](err)
		if !ok || e.Signal != os.Interrupt || !saved || errors.Is(err, anyio.ErrCanceled) {
			t.Errorf("saved %v, error %v", saved, err)
		} else if runtime.GOOS != "windows" && e.ExitCode() != 130 {
			t.Errorf("exit code %d", e.ExitCode())
		}
		err = signals.WithShutdown(ctx, func(ctx context.Context) error {
			raise(t, ctx, syscall.SIGHUP)
			_ = anyio.SleepForever(ctx)
			return testkit.ErrBoom
		}, syscall.SIGHUP)
		if _, ok := errors.AsType[*signals.Error](err); !ok || !errors.Is(err, testkit.ErrBoom) {
			t.Errorf("with another error: %v", err)
		}
		err = signals.WithShutdown(ctx, func(ctx context.Context) error { return testkit.ErrBoom })
		if err != testkit.ErrBoom {
			t.Errorf("without a signal: %v", err)
		}
	})
}

// With a grace the first signal asks the body to end by itself, and cancels it afterwards.
func TestGraceOfAShutdown(t *testing.T) {
	signalTest(t, func(t *testing.T, ctx context.Context) {
		for _, grace := range []time.Duration{0, time.Millisecond, time.Hour} {
			done := false
			err := signals.WithGrace(ctx, grace, func(ctx context.Context) error {
				raise(t, ctx, os.Interrupt)
				stopped, err := anyio.MoveOnStop(ctx, anyio.SleepForever)
				if stopped != (grace > 0) || anyio.Stopping(ctx) != stopped {
					t.Errorf("grace %v: stopped %v, %v", grace, stopped, err)
				}
				if grace == time.Hour {
					done = anyio.Sleep(ctx, 10*time.Millisecond) == nil
					return nil
				}
				err = errors.Join(err, anyio.SleepForever(ctx))
				ce, _ := errors.AsType[*anyio.CanceledError](context.Cause(ctx))
				if e, ok := errors.AsType[*signals.Error](ce.Cause); !ok || e.Signal != os.Interrupt {
					t.Errorf("grace %v: cause %v", grace, context.Cause(ctx))
				}
				return err
			})
			e, ok := errors.AsType[*signals.Error](err)
			if !ok || e.Signal != os.Interrupt || errors.Is(err, anyio.ErrCanceled) || done != (grace == time.Hour) {
				t.Errorf("grace %v: done %v, error %v", grace, done, err)
			}
		}
		testkit.WantMisuse(t, "a signal that none receives", signals.WithGrace(ctx, 1, anyio.SleepForever, os.Kill))
	})
}

func TestSecondSignalKillsASimulatedRun(t *testing.T) {
	err := anyio.Run(context.Background(), func(ctx context.Context) error {
		return signals.WithShutdown(ctx, func(ctx context.Context) error {
			testkit.WantNil(t, "first", sim.Raise(ctx, os.Interrupt))
			return anyio.Shielded(ctx, anyio.Forever, func(ctx context.Context) error {
				testkit.WantNil(t, "second", sim.Raise(ctx, os.Interrupt))
				return anyio.SleepForever(ctx)
			})
		})
	}, anyio.On(sim.New(sim.Config{})))
	if !errors.Is(err, anyio.ErrCanceled) {
		t.Errorf("the shielded wait ended with %v", err)
	}
}

func TestShutdownsInsideEachOther(t *testing.T) {
	signalTest(t, func(t *testing.T, ctx context.Context) {
		err := signals.WithShutdown(ctx, func(ctx context.Context) error {
			err := signals.WithShutdown(ctx, func(ctx context.Context) error {
				raise(t, ctx, os.Interrupt)
				return anyio.SleepForever(ctx)
			})
			if e, ok := errors.AsType[*signals.Error](err); !ok || e.Signal != os.Interrupt {
				t.Errorf("inner: %v", err)
			}
			// The inner one may have been told first.
			return errors.Join(err, anyio.SleepForever(ctx))
		})
		if _, ok := errors.AsType[*signals.Error](err); !ok || err.Error() != "anyio: received signal: interrupt" {
			t.Errorf("outer: %v, want the signal told once", err)
		}
	})
}

// Only the inner one receives the signal, and the outer one goes on.
func TestShutdownOfAPart(t *testing.T) {
	signalTest(t, func(t *testing.T, ctx context.Context) {
		err := signals.WithShutdown(ctx, func(ctx context.Context) error {
			err := signals.WithShutdown(ctx, func(ctx context.Context) error {
				raise(t, ctx, syscall.SIGHUP)
				return anyio.SleepForever(ctx)
			}, syscall.SIGHUP)
			if e, ok := err.(*signals.Error); !ok || e.Signal != syscall.SIGHUP {
				t.Errorf("inner: %v", err)
			}
			return anyio.Sleep(ctx, 0)
		})
		testkit.WantNil(t, "outer", err)
	})
}

func TestShutdownInATaskEndsItsGroup(t *testing.T) {
	signalTest(t, func(t *testing.T, ctx context.Context) {
		err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			tg.Go(func(ctx context.Context) error {
				return signals.WithShutdown(ctx, anyio.SleepForever)
			})
			tg.Go(anyio.SleepForever)
			testkit.Settled(t, ctx)
			raise(t, ctx, os.Interrupt)
			return anyio.SleepForever(ctx)
		})
		if _, ok := errors.AsType[*signals.Error](err); !ok || errors.Is(err, anyio.ErrCanceled) {
			t.Errorf("got %v", err)
		}
	})
}
