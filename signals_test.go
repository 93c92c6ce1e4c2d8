package anyio_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"syscall"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/sim"
)

// raise sends a signal to this process, or to the simulation of ctx.
func raise(t *testing.T, ctx context.Context, s os.Signal) {
	t.Helper()
	if backendOf(ctx) == "sim" {
		wantNil(t, "raise", sim.Raise(ctx, s))
		return
	}
	if runtime.GOOS == "windows" {
		t.Skip("Windows processes send themselves no signals")
	}
	self, err := os.FindProcess(os.Getpid())
	wantNil(t, "find", err)
	wantNil(t, "raise", self.Signal(s))
}

// signalTest runs f on one backend after the other: signals reach the whole process.
func signalTest(t *testing.T, f func(t *testing.T, ctx context.Context)) {
	for _, on := range []anyio.Backend{anyio.Parallel(), anyio.EventLoop(), sim.New(sim.Config{Seed: 1})} {
		t.Run(on.Name(), func(t *testing.T) {
			wantNil(t, "run", anyio.Run(context.Background(), func(ctx context.Context) error { f(t, ctx); return nil }, anyio.On(on)))
		})
	}
}

func TestSignalsAreReceivedInOrder(t *testing.T) {
	signalTest(t, func(t *testing.T, ctx context.Context) {
		r, err := anyio.OpenSignalReceiver(ctx, syscall.SIGHUP, syscall.SIGTERM, syscall.SIGHUP)
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close(ctx)
		// Two different pending signals have no order in the kernel: one at a time.
		for _, s := range []os.Signal{syscall.SIGHUP, syscall.SIGTERM, syscall.SIGHUP} {
			raise(t, ctx, s)
			got, err := r.Receive(ctx)
			if got != s || err != nil {
				t.Errorf("got %v, %v, want %v", got, err, s)
			}
		}
	})
}

func TestReceiverOfSignalsCanBeCanceledAndClosed(t *testing.T) {
	signalTest(t, func(t *testing.T, ctx context.Context) {
		r, err := anyio.OpenSignalReceiver(ctx, syscall.SIGHUP)
		if err != nil {
			t.Fatal(err)
		}
		err = anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			var errs []error
			first := tg.Go(func(ctx context.Context) error {
				_, err := r.Receive(ctx)
				wantCanceled(t, "first", err)
				return err
			})
			settled(t, ctx)
			_, err := r.Receive(ctx)
			if _, ok := errors.AsType[*anyio.BusyError](err); !ok {
				t.Errorf("second receiver: %v", err)
			}
			first.Cancel("")
			wantNil(t, "wait", first.Wait(ctx))
			raise(t, ctx, syscall.SIGHUP)
			tg.Go(func(ctx context.Context) error {
				for s, err := range r.All(ctx) {
					if err != nil {
						errs = append(errs, err)
					} else if s == syscall.SIGHUP {
						return r.Close(ctx)
					}
				}
				return nil
			})
			return nil
		})
		wantNil(t, "group", err)
		if _, err := r.Receive(ctx); !errors.Is(err, anyio.ErrClosed) {
			t.Errorf("after Close: %v", err)
		}
		wantNil(t, "close again", r.Close(ctx))
	})
}

func TestClosingASignalReceiverWakesWhoWaits(t *testing.T) {
	signalTest(t, func(t *testing.T, ctx context.Context) {
		r, err := anyio.OpenSignalReceiver(ctx, syscall.SIGHUP)
		if err != nil {
			t.Fatal(err)
		}
		err = anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			tg.Go(func(ctx context.Context) error {
				n := 0
				for _, err := range r.All(ctx) {
					if n++; !errors.Is(err, anyio.ErrClosed) {
						t.Errorf("got %v", err)
					}
				}
				if n != 1 {
					t.Errorf("%d items", n)
				}
				return nil
			})
			settled(t, ctx)
			return r.Close(ctx)
		})
		wantNil(t, "group", err)
	})
}

func TestSignalsThatWereIgnoredAreIgnoredAfterwards(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("no signals")
	}
	signal.Ignore(syscall.SIGHUP)
	defer signal.Reset(syscall.SIGHUP)
	ctx := context.Background()
	r, err := anyio.OpenSignalReceiver(ctx, syscall.SIGHUP)
	wantNil(t, "open", err)
	if signal.Ignored(syscall.SIGHUP) {
		t.Error("ignored while received")
	}
	wantNil(t, "close", r.Close(ctx))
	if !signal.Ignored(syscall.SIGHUP) {
		t.Error("not ignored afterwards")
	}
}

func TestSignalReceiverWithoutASignalIsRefused(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		_, err := anyio.OpenSignalReceiver(ctx)
		wantMisuse(t, "no signal", err)
		startsNothing(t, ctx, func(ctx context.Context) error {
			_, err := anyio.OpenSignalReceiver(ctx, syscall.SIGHUP)
			return err
		})
	})
}

func TestRaiseIsForSimulationsWithAReceiver(t *testing.T) {
	wantMisuse(t, "outside", sim.Raise(context.Background(), os.Interrupt))
	wantNil(t, "run", anyio.Run(context.Background(), func(ctx context.Context) error {
		if err := sim.Raise(ctx, os.Interrupt); err == nil {
			t.Error("nobody received it")
		}
		return nil
	}, anyio.On(sim.New(sim.Config{}))))
}

func TestShutdownCancelsTheBodyAndTellsTheSignal(t *testing.T) {
	signalTest(t, func(t *testing.T, ctx context.Context) {
		saved := false
		err := anyio.WithShutdown(ctx, func(ctx context.Context) error {
			raise(t, ctx, os.Interrupt)
			err := anyio.SleepForever(ctx)
			wantCanceled(t, "sleep", err)
			ce, _ := errors.AsType[*anyio.CanceledError](context.Cause(ctx))
			if e, ok := errors.AsType[*anyio.SignalError](ce.Cause); !ok || e.Signal != os.Interrupt {
				t.Errorf("cause %v", context.Cause(ctx))
			}
			return errors.Join(err, anyio.Shielded(ctx, 0, func(ctx context.Context) error { saved = true; return anyio.Sleep(ctx, 1) }))
		})
		e, ok := errors.AsType[*anyio.SignalError](err)
		if !ok || e.Signal != os.Interrupt || !saved || errors.Is(err, anyio.ErrCanceled) {
			t.Errorf("saved %v, error %v", saved, err)
		} else if runtime.GOOS != "windows" && e.ExitCode() != 130 {
			t.Errorf("exit code %d", e.ExitCode())
		}
		err = anyio.WithShutdown(ctx, func(ctx context.Context) error {
			raise(t, ctx, syscall.SIGHUP)
			_ = anyio.SleepForever(ctx)
			return errBoom
		}, syscall.SIGHUP)
		if _, ok := errors.AsType[*anyio.SignalError](err); !ok || !errors.Is(err, errBoom) {
			t.Errorf("with another error: %v", err)
		}
		err = anyio.WithShutdown(ctx, func(ctx context.Context) error { return errBoom })
		if err != errBoom {
			t.Errorf("without a signal: %v", err)
		}
	})
}

func TestSecondSignalKillsASimulatedRun(t *testing.T) {
	err := anyio.Run(context.Background(), func(ctx context.Context) error {
		return anyio.WithShutdown(ctx, func(ctx context.Context) error {
			wantNil(t, "first", sim.Raise(ctx, os.Interrupt))
			return anyio.Shielded(ctx, 0, func(ctx context.Context) error {
				wantNil(t, "second", sim.Raise(ctx, os.Interrupt))
				return anyio.SleepForever(ctx)
			})
		})
	}, anyio.On(sim.New(sim.Config{})))
	if !errors.Is(err, anyio.ErrCanceled) {
		t.Errorf("the shielded wait ended with %v", err)
	}
}

// The test starts itself again as a process that does not end at the first signal.
func TestSecondSignalEndsTheProcess(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows processes send themselves no signals")
	}
	if os.Getenv("ANYIO_TEST_STUBBORN") != "" {
		_ = anyio.WithShutdown(context.Background(), func(ctx context.Context) error {
			raise(t, ctx, syscall.SIGTERM)
			<-ctx.Done()
			raise(t, ctx, syscall.SIGTERM)
			select {}
		})
		return
	}
	cmd := exec.Command(os.Args[0], "-test.run=^TestSecondSignalEndsTheProcess$")
	cmd.Env = append(os.Environ(), "ANYIO_TEST_STUBBORN=1")
	err := cmd.Run()
	e, ok := errors.AsType[*exec.ExitError](err)
	if !ok || e.String() != "signal: terminated" {
		t.Errorf("the process ended with %v", err)
	}
}
