package portal_test

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/testkit"
	"github.com/anyio-go/anyio/portal"
)

func TestManyGoroutinesShareOneProvidedPortal(t *testing.T) {
	ctx := context.Background()
	pp := portal.NewProvider(anyio.On(anyio.EventLoop()))
	var mu sync.Mutex
	portals := map[*portal.Portal]bool{}
	var acquired, done sync.WaitGroup
	acquired.Add(20)
	for i := range 20 {
		done.Go(func() {
			p, err := pp.Acquire(ctx)
			acquired.Done()
			if err != nil {
				t.Errorf("acquire: %v", err)
				return
			}
			acquired.Wait() // nobody releases before all have it
			mu.Lock()
			portals[p] = true
			mu.Unlock()
			v, err := portal.Call(ctx, p, func(ctx context.Context) (int, error) { return i, anyio.Sleep(ctx, 1) })
			if v != i || err != nil {
				t.Errorf("call %d: %d, %v", i, v, err)
			}
			testkit.WantNil(t, "release", pp.Release(ctx))
		})
	}
	done.Wait()
	if len(portals) != 1 {
		t.Errorf("%d portals", len(portals))
	}
}

// providers calls f with a provider of runs on each backend that has them.
func providers(t *testing.T, f func(t *testing.T, ctx context.Context, pp *portal.Provider)) {
	for _, on := range []anyio.Backend{anyio.Parallel(), anyio.EventLoop()} {
		t.Run(on.Name(), func(t *testing.T) {
			f(t, context.Background(), portal.NewProvider(anyio.On(on), anyio.OnPanic(testkit.Quiet)))
		})
	}
}

// acquire wants a portal that serves.
func acquire(t *testing.T, ctx context.Context, pp *portal.Provider) *portal.Portal {
	t.Helper()
	p, err := pp.Acquire(ctx)
	if err != nil {
		t.Fatalf("acquire: %v", err)
	}
	v, err := portal.Call(ctx, p, func(ctx context.Context) (int, error) { return 7, anyio.Sleep(ctx, 1) })
	if v != 7 || err != nil {
		t.Errorf("call through what was acquired: %d, %v", v, err)
	}
	return p
}

func die(t *testing.T, ctx context.Context, p *portal.Portal, value any) {
	t.Helper()
	_, err := portal.Call(ctx, p, func(context.Context) (int, error) { panic(value) })
	if pe, ok := errors.AsType[*anyio.PanicError](err); !ok || pe.Value != value {
		t.Errorf("call: %v", err)
	}
}

func TestProviderReplacesARunThatDiedOfAPanic(t *testing.T) {
	providers(t, func(t *testing.T, ctx context.Context, pp *portal.Provider) {
		first := acquire(t, ctx, pp)
		die(t, ctx, first, "first")
		second := acquire(t, ctx, pp)
		if third := acquire(t, ctx, pp); first == second || second != third {
			t.Errorf("dead %p, then %p, then %p", first, second, third)
		}
		die(t, ctx, second, "second")
		die(t, ctx, acquire(t, ctx, pp), "third")
		last := acquire(t, ctx, pp)
		for range 4 {
			testkit.WantNil(t, "release", pp.Release(ctx))
			v, err := portal.Call(ctx, last, func(context.Context) (int, error) { return 1, nil })
			if v != 1 || err != nil {
				t.Errorf("before the last release: %d, %v", v, err)
			}
		}
		testkit.WantPanicError(t, "first", func() { _ = pp.Release(ctx) })
		if _, err := portal.Call(ctx, last, func(context.Context) (int, error) { return 1, nil }); err != portal.ErrStopped {
			t.Errorf("after the last release: %v", err)
		}
		testkit.WantMisuse(t, "one release too many", pp.Release(ctx))
		acquire(t, ctx, pp) // the past is forgotten
		testkit.WantNil(t, "release", pp.Release(ctx))
	})
}

func TestProviderReplacesAPortalThatWasStoppedAndWaitsForItsTasks(t *testing.T) {
	providers(t, func(t *testing.T, ctx context.Context, pp *portal.Provider) {
		first := acquire(t, ctx, pp)
		var release anyio.Event
		var ended atomic.Bool
		_, err := portal.Go(first, func(ctx context.Context) (int, error) {
			err := release.Wait(ctx)
			ended.Store(true)
			return 0, err
		})
		testkit.WantNil(t, "spawn", err)
		first.Stop()
		if acquire(t, ctx, pp) == first {
			t.Error("a stopped portal was acquired")
		}
		testkit.WantNil(t, "release", pp.Release(ctx))
		go release.Set()
		testkit.WantNil(t, "last release", pp.Release(ctx))
		if !ended.Load() {
			t.Error("the last release has not waited")
		}
	})
}

func TestGoexitThatEndsAPortalsRunIsTold(t *testing.T) {
	providers(t, func(t *testing.T, ctx context.Context, pp *portal.Provider) {
		p := acquire(t, ctx, pp)
		task, err := portal.Go(p, func(context.Context) (int, error) { runtime.Goexit(); return 0, nil })
		testkit.WantNil(t, "spawn", err)
		if _, err := task.Await(ctx); err == nil || errors.Is(err, anyio.ErrTaskCanceled) {
			t.Errorf("await: %v", err)
		}
		for range 2 {
			if err := p.Close(ctx); err == nil || errors.Is(err, anyio.ErrCanceled) {
				t.Errorf("close: %v", err)
			}
		}
		if err := pp.Release(ctx); err == nil {
			t.Error("release has told nothing")
		}
	})
}

func TestReleaseByATaskOfTheRunIsMisuse(t *testing.T) {
	providers(t, func(t *testing.T, ctx context.Context, pp *portal.Provider) {
		p := acquire(t, ctx, pp)
		_, err := portal.Call(ctx, p, func(ctx context.Context) (int, error) { return 0, pp.Release(ctx) })
		testkit.WantMisuse(t, "release", err)
		_, err = portal.Call(ctx, p, func(ctx context.Context) (int, error) { return 1, nil })
		if err != portal.ErrStopped {
			t.Errorf("afterwards: %v", err)
		}
		testkit.WantNil(t, "close", p.Close(ctx))
	})
}

// The run that cannot be waited for does not keep the others from their end.
func TestLastReleaseByATaskOfAReplacedRunEndsTheOthers(t *testing.T) {
	providers(t, func(t *testing.T, ctx context.Context, pp *portal.Provider) {
		first := acquire(t, ctx, pp)
		var replaced anyio.Event
		task, err := portal.Go(first, func(ctx context.Context) (int, error) {
			if err := replaced.Wait(ctx); err != nil {
				return 0, err
			}
			return 0, pp.Release(ctx)
		})
		testkit.WantNil(t, "spawn", err)
		first.Stop()
		second := acquire(t, ctx, pp)
		testkit.WantNil(t, "release", pp.Release(ctx))
		replaced.Set()
		_, err = task.Await(ctx)
		testkit.WantMisuse(t, "last release", err)
		if _, err := portal.Go(second, func(context.Context) (int, error) { return 0, nil }); err != portal.ErrStopped {
			t.Errorf("the other portal: %v", err)
		}
		testkit.WantNil(t, "close", first.Close(ctx))
		testkit.WantNil(t, "close", second.Close(ctx))
	})
}

func TestStartPortalBeginsNothingInACanceledScope(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	p, err := portal.New(ctx)
	testkit.WantCanceled(t, "start", err)
	if p != nil {
		t.Error("a portal")
	}
}

func TestRunOfAPortalHasAName(t *testing.T) {
	for _, c := range []struct {
		want string
		opts []anyio.RunOption
	}{{"portal", nil}, {"billing", []anyio.RunOption{anyio.MainName("billing"), anyio.On(anyio.EventLoop())}}} {
		p, err := portal.New(t.Context(), c.opts...)
		testkit.Must(t, err)
		name, err := portal.Call(t.Context(), p, func(ctx context.Context) (string, error) {
			return anyio.RunningTasks(ctx)[0].Name, nil
		})
		if name != c.want || err != nil {
			t.Errorf("%q, %v, want %q", name, err, c.want)
		}
		testkit.Must(t, p.Close(t.Context()))
	}
}
