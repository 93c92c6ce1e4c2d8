package signals_test

import (
	"context"
	"errors"
	"os"
	"runtime"
	"syscall"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/internal/testkit"
	"github.com/anyio-go/anyio/signals"
	"github.com/anyio-go/anyio/sim"
)

// raise sends a signal to this process, or to the simulation of ctx.
func raise(t *testing.T, ctx context.Context, s os.Signal) {
	t.Helper()
	if testkit.Simulated(ctx) {
		testkit.WantNil(t, "raise", sim.Raise(ctx, s))
		return
	}
	raiseHere(t, s.(syscall.Signal))
}

// signalTest runs f on one backend after the other: signals reach the whole process.
func signalTest(t *testing.T, f func(t *testing.T, ctx context.Context)) {
	for _, on := range []anyio.Backend{anyio.Parallel(), anyio.EventLoop(), sim.New(sim.Config{Seed: 1})} {
		t.Run(on.Name(), func(t *testing.T) {
			if _, ok := on.(*sim.Sim); runtime.GOOS == "windows" && !ok {
				t.Skip("Windows processes send themselves no signals")
			}
			testkit.WantNil(t, "run", anyio.Run(context.Background(), func(ctx context.Context) error { f(t, ctx); return nil }, anyio.On(on)))
		})
	}
}

func TestSignalsAreReceivedInOrder(t *testing.T) {
	signalTest(t, func(t *testing.T, ctx context.Context) {
		r, err := signals.Open(ctx, syscall.SIGHUP, syscall.SIGTERM, syscall.SIGHUP)
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
		r, err := signals.Open(ctx, syscall.SIGHUP)
		if err != nil {
			t.Fatal(err)
		}
		err = anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			var errs []error
			first := tg.Go(func(ctx context.Context) error {
				_, err := r.Receive(ctx)
				testkit.WantCanceled(t, "first", err)
				return err
			})
			testkit.Settled(t, ctx)
			_, err := r.Receive(ctx)
			if _, ok := errors.AsType[*anyio.BusyError](err); !ok {
				t.Errorf("second receiver: %v", err)
			}
			first.Cancel("")
			testkit.WantNil(t, "wait", first.Wait(ctx))
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
		testkit.WantNil(t, "group", err)
		if _, err := r.Receive(ctx); !errors.Is(err, anyio.ErrClosed) {
			t.Errorf("after Close: %v", err)
		}
		testkit.WantNil(t, "close again", r.Close(ctx))
	})
}

func TestClosingASignalReceiverWakesWhoWaits(t *testing.T) {
	signalTest(t, func(t *testing.T, ctx context.Context) {
		r, err := signals.Open(ctx, syscall.SIGHUP)
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
			testkit.Settled(t, ctx)
			return r.Close(ctx)
		})
		testkit.WantNil(t, "group", err)
	})
}

// alien is no signal of any system.
type alien struct{}

func (alien) Signal()        {}
func (alien) String() string { return "alien" }

func TestSignalsThatCannotArriveAreRefused(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		_, err := signals.Open(ctx)
		testkit.WantMisuse(t, "no signal", err)
		for s, why := range map[os.Signal]string{
			nil: "is not a signal of this system", alien{}: "is not a signal of this system", os.Kill: "no process receive",
			syscall.Signal(0): "there is no signal", syscall.Signal(-1): "there is no signal", syscall.Signal(65): "there is no signal",
		} {
			_, err := signals.Open(ctx, os.Interrupt, s)
			testkit.WantMisuseText(t, err, why, "signals.Open")
			err = signals.WithShutdown(ctx, func(context.Context) error { t.Errorf("begun with signal %v", s); return nil }, s)
			testkit.WantMisuseText(t, err, why, "WithShutdown")
		}
		testkit.StartsNothing(t, ctx, func(ctx context.Context) error {
			_, err := signals.Open(ctx, syscall.SIGHUP)
			return err
		})
	})
}

func TestRaiseIsForSimulationsWithAReceiver(t *testing.T) {
	testkit.WantMisuse(t, "outside", sim.Raise(context.Background(), os.Interrupt))
	testkit.WantNil(t, "run", anyio.Run(context.Background(), func(ctx context.Context) error {
		if err := sim.Raise(ctx, os.Interrupt); err == nil {
			t.Error("nobody received it")
		}
		return nil
	}, anyio.On(sim.New(sim.Config{}))))
}
