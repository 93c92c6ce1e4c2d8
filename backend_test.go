package anyio_test

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/internal/testkit"
	_ "github.com/anyio-go/anyio/sim"
)

func TestBackendsAreFoundByNameAndAlias(t *testing.T) {
	for name, want := range map[string]string{"parallel": "parallel", "trio": "parallel", "eventloop": "eventloop", "asyncio": "eventloop", "eventloops": "eventloops", "sim": "sim"} {
		b, err := anyio.BackendByName(name)
		if err != nil || b.Name() != want {
			t.Errorf("%s: %v, %v, want %s", name, b, err, want)
		}
	}
	for _, name := range []string{"", "curio", "Parallel"} {
		_, err := anyio.BackendByName(name)
		if err == nil || !strings.Contains(err.Error(), "no such backend") || !strings.Contains(err.Error(), "(known: eventloop, eventloops, parallel, sim)") {
			t.Errorf("%q: %v", name, err)
		}
	}
	if names := anyio.Backends(); !slices.Equal(names, []string{"eventloop", "eventloops", "parallel", "sim"}) {
		t.Errorf("backends: %q", names)
	}
}

func TestCallReturnsTheValueAndTheError(t *testing.T) {
	for _, name := range anyio.Backends() {
		b, err := anyio.BackendByName(name)
		if err != nil {
			t.Fatal(err)
		}
		v, err := anyio.RunValue(context.Background(), func(ctx context.Context) (string, error) {
			return testkit.BackendOf(ctx), anyio.Sleep(ctx, 0)
		}, anyio.On(b))
		if v != name || err != nil {
			t.Errorf("%s: %q, %v", name, v, err)
		}
		_, err = anyio.RunValue(context.Background(), func(context.Context) (int, error) { return 0, testkit.ErrBoom }, anyio.On(b))
		if err != testkit.ErrBoom {
			t.Errorf("%s: %v, want the very error", name, err)
		}
	}
}

func TestRunIsCanceledFromOutside(t *testing.T) {
	for _, b := range []anyio.Backend{anyio.Parallel(), anyio.EventLoop()} {
		ctx, cancel := context.WithCancelCause(context.Background())
		err := anyio.Run(ctx, func(ctx context.Context) error {
			cancel(testkit.ErrBoom)
			return anyio.SleepForever(ctx)
		}, anyio.On(b))
		testkit.WantCanceled(t, b.Name(), err)
		if ce, ok := errors.AsType[*anyio.CanceledError](err); !ok || ce.Cause != testkit.ErrBoom {
			t.Errorf("%s: the cause is lost: %v", b.Name(), err)
		}
	}
}

func TestErrorsAreThoseOfTheStandardLibrary(t *testing.T) {
	for _, c := range []struct{ ours, std error }{
		{anyio.ErrClosed, net.ErrClosed}, {anyio.ErrClosed, os.ErrClosed}, {anyio.ErrEndOfStream, io.EOF},
	} {
		if !errors.Is(c.ours, c.std) {
			t.Errorf("%v is no %v", c.ours, c.std)
		}
	}
	five := []error{anyio.ErrClosed, anyio.ErrBroken, anyio.ErrEndOfStream, anyio.ErrWouldBlock, &anyio.BusyError{}}
	for i, a := range five {
		for j, b := range five {
			if i != j && errors.Is(a, b) {
				t.Errorf("%v is %v, too", a, b)
			}
		}
	}
}

// Each run has tasks of its own, also one inside another.
func TestRunningTasksAreThoseOfOneRun(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		names := func(ctx context.Context) (names []string) {
			for _, i := range anyio.RunningTasks(ctx) {
				names = append(names, i.Name)
			}
			return names
		}
		err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			tg.Go(anyio.SleepForever, anyio.Name("outer"))
			testkit.Settled(t, ctx)
			testkit.InGoroutine(t, context.WithoutCancel(ctx), func() {
				err := anyio.Run(context.Background(), func(inner context.Context) error {
					if got := names(inner); !slices.Equal(got, []string{"inner main"}) {
						t.Errorf("inner run: %q", got)
					}
					if got := names(ctx); len(got) != 2 || got[1] != "outer" {
						t.Errorf("outer run: %q", got)
					}
					return nil
				}, anyio.On(anyio.EventLoop()), anyio.MainName("inner main"))
				testkit.WantNil(t, "inner run", err)
			})
			tg.Cancel("done")
			return nil
		})
		testkit.WantNil(t, "group", err)
	}, anyiotest.Skip("sim", "a simulation does not wait for goroutines outside it"))
}
