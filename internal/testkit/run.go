package testkit

import (
	"context"
	"errors"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/kernel"
	"github.com/anyio-go/anyio/internal/simloop"
	"github.com/anyio-go/anyio/sim"
)

// BackendOf returns the name of the backend on which ctx runs.
func BackendOf(ctx context.Context) string { return kernel.Locate(ctx).Run().Backend.Name() }

// Simulated reports whether ctx runs in a simulation, where a test may expect more.
func Simulated(ctx context.Context) bool {
	_, ok := kernel.Locate(ctx).Run().Backend.(*simloop.Sim)
	return ok
}

// SkipSim skips a test that needs goroutines outside the simulation.
func SkipSim(t testing.TB, ctx context.Context) {
	t.Helper()
	if Simulated(ctx) {
		t.Skip("a simulation does not wait for goroutines outside it")
	}
}

// Settled waits until every other task of the run waits for something.
func Settled(t testing.TB, ctx context.Context) {
	t.Helper()
	p := kernel.Locate(ctx)
	if err := p.Run().WaitAllBlocked(p); err != nil {
		t.Errorf("waiting for all tasks to block: %v", err)
	}
}

// StartsNothing wants a call to be canceled in a scope that is canceled already.
func StartsNothing(t testing.TB, ctx context.Context, call func(ctx context.Context) error) {
	t.Helper()
	err := anyio.WithCancelScope(ctx, func(ctx context.Context, scope *anyio.CancelScope) error {
		scope.Cancel("test")
		WantCanceled(t, "in a canceled scope", call(ctx))
		return nil
	})
	WantNil(t, "canceled scope", err)
}

// A RunFunc is anyio.Run on some backend.
type RunFunc = func(main func(ctx context.Context) error, opts ...anyio.RunOption) error

// OnEach gives f a way to run on every backend, with options.
func OnEach(t *testing.T, f func(t *testing.T, run RunFunc)) {
	for _, b := range []anyio.Backend{
		anyio.Parallel(), anyio.EventLoop(), sim.New(sim.Config{Seed: 1}), sim.New(sim.Config{Seed: 2}),
	} {
		t.Run(b.Name(), func(t *testing.T) {
			f(t, func(main func(ctx context.Context) error, opts ...anyio.RunOption) error {
				return anyio.Run(context.Background(), main, append(opts, anyio.On(b))...)
			})
		})
	}
}

// DeadlockOf runs main, as "main", in a simulator, which must find it stuck.
func DeadlockOf(t testing.TB, cfg sim.Config, main func(ctx context.Context) error) (*sim.DeadlockError, error) {
	t.Helper()
	err := anyio.Run(context.Background(), main, anyio.On(sim.New(cfg)), anyio.MainName("main"))
	d, ok := errors.AsType[*sim.DeadlockError](err)
	if !ok {
		t.Fatalf("no DeadlockError: %v", err)
	}
	return d, err
}
