//anyiovet:ignore scopeend what is left open is found out

package anyio_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/kernel"
	"github.com/anyio-go/anyio/internal/loop"
	"github.com/anyio-go/anyio/internal/testkit"
	"github.com/anyio-go/anyio/sim"
)

func TestRunReturnsMainsErrorAndCallItsValue(t *testing.T) {
	testkit.OnEach(t, func(t *testing.T, run testkit.RunFunc) {
		testkit.WantNil(t, "run", run(func(context.Context) error { return nil }))
		if err := run(fails(testkit.ErrBoom)); err != testkit.ErrBoom {
			t.Errorf("run: %v", err)
		}
	})
	for _, b := range []anyio.Backend{anyio.Parallel(), anyio.EventLoop(), sim.New(sim.Config{})} {
		v, err := anyio.RunValue(context.Background(), func(ctx context.Context) (string, error) {
			return "value", anyio.Sleep(ctx, time.Millisecond)
		}, anyio.On(b))
		if v != "value" || err != nil {
			t.Errorf("Call on %s: %q, %v", b.Name(), v, err)
		}
	}
}

func TestContextOfRunCancelsFromOutside(t *testing.T) {
	ctx, cancel := context.WithCancelCause(context.Background())
	cancel(testkit.ErrBoom)
	for _, b := range []anyio.Backend{anyio.Parallel(), anyio.EventLoop(), sim.New(sim.Config{})} {
		err := anyio.Run(ctx, func(ctx context.Context) error {
			err := anyio.Sleep(ctx, time.Hour)
			if ce, ok := errors.AsType[*anyio.CanceledError](err); !ok || ce.Cause != testkit.ErrBoom {
				t.Errorf("the cause is lost: %v", err)
			}
			return err
		}, anyio.On(b))
		testkit.WantCanceled(t, b.Name(), err)
	}
}

func TestWaitingMainIsCanceledByTheContextOfRun(t *testing.T) {
	for _, b := range []anyio.Backend{anyio.Parallel(), anyio.EventLoop()} {
		ctx, cancel := context.WithCancel(context.Background())
		testkit.WantCanceled(t, b.Name(), anyio.Run(ctx, func(ctx context.Context) error {
			go cancel()
			return anyio.SleepForever(ctx)
		}, anyio.On(b)))
	}
}

func TestContextOfARunIsDeadAfterwards(t *testing.T) {
	testkit.OnEach(t, func(t *testing.T, run testkit.RunFunc) {
		var kept context.Context
		testkit.WantNil(t, "run", run(func(ctx context.Context) error { kept = ctx; return nil }))
		testkit.WantCanceled(t, "Err", context.Cause(kept))
		<-kept.Done()
		testkit.WantCanceled(t, "Sleep", anyio.Sleep(kept, time.Hour))
	})
}

func TestMainThatLeavesAScopeOpenIsTold(t *testing.T) {
	testkit.OnEach(t, func(t *testing.T, run testkit.RunFunc) {
		testkit.WantMisuse(t, "run", run(func(ctx context.Context) error {
			_, _ = anyio.OpenCancelScope(ctx)
			return nil
		}))
	})
}

func TestBackendsAreFoundByName(t *testing.T) {
	for name, want := range map[string]string{
		"parallel": "parallel", "trio": "parallel", "eventloop": "eventloop", "asyncio": "eventloop", "eventloops": "eventloops", "sim": "sim",
	} {
		b, err := anyio.BackendByName(name)
		if err != nil || b.Name() != want {
			t.Errorf("%s: %v, %v", name, b, err)
		}
	}
	if _, err := anyio.BackendByName("curio"); err == nil || !strings.Contains(err.Error(), `"curio" (known: eventloop, eventloops, parallel, sim)`) {
		t.Errorf("unknown: %v", err)
	}
	if all := anyio.Backends(); !slices.Equal(all, []string{"eventloop", "eventloops", "parallel", "sim"}) {
		t.Errorf("all: %v", all)
	}
	testkit.WantMisuse(t, "nil backend", anyio.Run(context.Background(), fails(nil), anyio.On(nil)))
	testkit.WantMisuse(t, "somebody's backend", anyio.Run(context.Background(), fails(nil), anyio.On(foreignBackend{})))
}

func TestDebugRunsRecordSinceWhenTasksWait(t *testing.T) {
	testkit.OnEach(t, func(t *testing.T, run testkit.RunFunc) {
		err := run(func(ctx context.Context) error {
			return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
				begin := anyio.Now(ctx)
				tg.Go(anyio.SleepForever, anyio.Name("waiter"))
				testkit.Settled(t, ctx)
				tasks := kernel.Locate(ctx).Run().Tasks()
				if len(tasks) != 2 || tasks[0].Task.Name() != "first" || tasks[1].Task.Name() != "waiter" {
					t.Fatalf("tasks: %+v", tasks)
				}
				if v := tasks[1]; !v.Waiting || v.Op.String() != "SleepForever" || v.Since.Before(begin) || v.Since.After(anyio.Now(ctx)) {
					t.Errorf("waiter: %+v (%v), begin %v", v, v.Op, begin)
				}
				tg.Cancel("")
				return nil
			})
		}, anyio.Debug(), anyio.MainName("first"))
		testkit.WantNil(t, "run", err)
	})
}

// Two tasks that look for all others to be blocked count as blocked to each other.
func TestTwoMayWaitForAllToBlock(t *testing.T) {
	testkit.OnEach(t, func(t *testing.T, run testkit.RunFunc) {
		testkit.WantNil(t, "run", run(func(ctx context.Context) error {
			return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
				for range 3 {
					tg.Go(func(ctx context.Context) error { testkit.Settled(t, ctx); return nil })
				}
				return nil
			})
		}))
	})
}

// A wait that nothing may abort cannot be ended; the run ends without it.
func TestWaitThatNothingEndsIsAbandoned(t *testing.T) {
	_, err := testkit.DeadlockOf(t, sim.Config{}, func(ctx context.Context) error {
		new(kernel.Latch).WaitShielded(ctx, kernel.RegisterOp("test: never"))
		return nil
	})
	if !errors.Is(err, loop.ErrStuck) {
		t.Errorf("run: %v", err)
	}
}

// A foreignBackend is a backend of somebody else's.
type foreignBackend struct{}

func (foreignBackend) Name() string { return "foreign" }
