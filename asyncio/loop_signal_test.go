package asyncio_test

import (
	"context"
	"os"
	"runtime"
	"syscall"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/asyncio"
	"github.com/anyio-go/anyio/internal/testkit"
	"github.com/anyio-go/anyio/signals"
	"github.com/anyio-go/anyio/sim"
)

// onSignalLoops runs a test on one loop after the other: signals reach the whole process.
func onSignalLoops(t *testing.T, f func(t *testing.T, ctx context.Context)) {
	for _, on := range []anyio.Backend{anyio.EventLoop(), sim.New(sim.Config{Seed: 1}), sim.New(sim.Config{Seed: 2})} {
		t.Run(on.Name(), func(t *testing.T) {
			if _, simulated := on.(*sim.Sim); runtime.GOOS == "windows" && !simulated {
				t.Skip("Windows processes send themselves no signals")
			}
			testkit.WantNil(t, "run", asyncio.Run(t.Context(), func(ctx context.Context) error { f(t, ctx); return nil }, anyio.On(on)))
		})
	}
}

// raise sends a signal to this process, or to the simulation of ctx.
func raise(t *testing.T, ctx context.Context, sig os.Signal) {
	t.Helper()
	if testkit.Simulated(ctx) {
		testkit.Must(t, sim.Raise(ctx, sig))
		return
	}
	p, err := os.FindProcess(os.Getpid())
	testkit.Must(t, err)
	testkit.Must(t, p.Signal(sig))
}

func TestSignalHandlersAreCalledByTheLoop(t *testing.T) {
	onSignalLoops(t, func(t *testing.T, ctx context.Context) {
		l, r := loopOf(t, ctx), &record{}
		for _, name := range []string{"first", "second"} { // which replaces the first
			done := asyncio.NewFuture[struct{}](ctx)
			testkit.Must(t, l.AddSignalHandler(syscall.SIGHUP, func() {
				if asyncio.CurrentTask(ctx) != nil {
					t.Error("called by a task")
				}
				r.add("%s", name)
				testkit.WantNil(t, "SetResult", done.SetResult(struct{}{}))
			}))
			raise(t, ctx, syscall.SIGHUP)
			_, err := done.Await(ctx)
			testkit.Must(t, err)
		}
		r.want(t, "first second")
		if !l.RemoveSignalHandler(syscall.SIGHUP) || l.RemoveSignalHandler(syscall.SIGHUP) {
			t.Error("RemoveSignalHandler")
		}
		if testkit.Simulated(ctx) && sim.Raise(ctx, syscall.SIGHUP) == nil {
			t.Error("somebody has received it")
		}
	})
}

func TestHandlerThatIsRemovedIsNotCalled(t *testing.T) {
	onSignalLoops(t, func(t *testing.T, ctx context.Context) {
		l, r := loopOf(t, ctx), &record{}
		other, err := signals.Open(ctx, syscall.SIGTERM) // lest it ends the process
		testkit.Must(t, err)
		defer other.Close(ctx)
		testkit.Must(t, l.AddSignalHandler(syscall.SIGTERM, r.call("handled")))
		raise(t, ctx, syscall.SIGTERM)
		l.RemoveSignalHandler(syscall.SIGTERM)
		if _, err := other.Receive(ctx); err != nil { // until it has come
			t.Error(err)
		}
		settled(t, ctx)
		settled(t, ctx)
		r.want(t, "")
	})
}

func TestPanicOfASignalHandlerIsReported(t *testing.T) {
	onSignalLoops(t, func(t *testing.T, ctx context.Context) {
		l, told := loopOf(t, ctx), asyncio.NewFuture[error](ctx)
		l.SetExceptionHandler(func(_ *asyncio.Loop, c asyncio.ErrorContext) { testkit.WantNil(t, "SetResult", told.SetResult(c.Err)) })
		testkit.Must(t, l.AddSignalHandler(syscall.SIGHUP, func() { panic("bang") }))
		raise(t, ctx, syscall.SIGHUP)
		err, awaited := told.Await(ctx)
		testkit.Must(t, awaited)
		var pe *anyio.PanicError
		if !as(err, &pe) || pe.Value != "bang" {
			t.Error(err)
		}
		// It ends with the run, not removed here.
	})
}

func TestSignalsThatNobodyCanHandle(t *testing.T) {
	onLoops(t, func(t *testing.T, ctx context.Context) {
		l := loopOf(t, ctx)
		for _, sig := range []os.Signal{os.Kill, syscall.Signal(0), syscall.Signal(1000)} {
			testkit.WantMisuse(t, sig.String(), l.AddSignalHandler(sig, func() {}))
			if l.RemoveSignalHandler(sig) {
				t.Errorf("%v was removed", sig)
			}
		}
		testkit.WantMisuse(t, "nil", l.AddSignalHandler(os.Interrupt, nil))
	})
}

// The handlers of a run end with it.
func TestSignalHandlersEndWithTheRun(t *testing.T) {
	s := sim.New(sim.Config{Seed: 1})
	calls := 0
	for range 2 {
		testkit.WantNil(t, "run", asyncio.Run(t.Context(), func(ctx context.Context) error {
			if sim.Raise(ctx, os.Interrupt) == nil {
				t.Error("a handler is left")
			}
			if err := loopOf(t, ctx).AddSignalHandler(os.Interrupt, func() { calls++ }); err != nil {
				return err
			}
			testkit.Must(t, sim.Raise(ctx, os.Interrupt))
			settled(t, ctx)
			settled(t, ctx)
			return nil
		}, anyio.On(s)))
	}
	if calls != 2 {
		t.Errorf("%d calls", calls)
	}
}

// A handler whose turn has not come when the loop is closed is not called, as other callbacks.
func TestSignalHandlerIsDroppedWithItsLoop(t *testing.T) {
	for seed := uint64(1); seed < 9; seed++ { // which decide whether callbacks or tasks come first
		l, err := asyncio.NewEventLoop(onSim(seed))
		testkit.Must(t, err)
		r := &record{}
		testkit.Must(t, l.AddSignalHandler(os.Interrupt, r.call("called")))
		asyncio.LoopTask(context.Background(), l, func(ctx context.Context) (int, error) {
			testkit.WantNil(t, "Raise", sim.Raise(ctx, os.Interrupt))
			l.CallSoon(l.Stop) // behind what makes the handler ready
			return 0, nil
		})
		testkit.WantNil(t, "RunForever", l.RunForever())
		testkit.WantNil(t, "Close", l.Close())
		r.want(t, "")
	}
}
