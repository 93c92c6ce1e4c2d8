package asyncio_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/asyncio"
	"github.com/anyio-go/anyio/internal/testkit"
)

func TestClosedLoopCompletesNothing(t *testing.T) {
	l, err := asyncio.NewEventLoop()
	testkit.WantNil(t, "NewEventLoop", err)
	f := asyncio.CreateFuture[int](l)
	testkit.WantNil(t, "Close", l.Close())
	if _, err := asyncio.RunUntilComplete(l, f); !errors.Is(err, asyncio.ErrLoopClosed) {
		t.Error(err)
	}
}

// What is refused leaves nothing behind: the future that was not waited for stops nobody.
func TestRunningLoopIsNotStoppedByAFutureThatWasRefused(t *testing.T) {
	l, err := asyncio.NewEventLoop()
	testkit.WantNil(t, "NewEventLoop", err)
	defer l.Close()
	f := asyncio.CreateFuture[int](l)
	task := asyncio.LoopTask(t.Context(), l, func(ctx context.Context) (int, error) {
		if _, err := asyncio.RunUntilComplete(l, f); !errors.Is(err, anyio.ErrAlreadyRunning) {
			t.Error(err)
		}
		testkit.WantNil(t, "SetResult", f.SetResult(1))
		for range 3 { // a loop that is to stop does so after the iteration
			if err := asyncio.Sleep(ctx, 0); err != nil {
				return 0, err
			}
		}
		return 2, nil
	})
	if v, err := asyncio.RunUntilComplete(l, task); v != 2 || err != nil {
		t.Errorf("%d, %v", v, err)
	}
}

func TestLoopThatRunsElsewhereIsRunning(t *testing.T) {
	l, err := asyncio.NewEventLoop()
	testkit.WantNil(t, "NewEventLoop", err)
	f := asyncio.CreateFuture[int](l)
	runs := make(chan struct{})
	l.CallSoon(func() { close(runs) })
	over := make(chan error)
	go func() { over <- l.RunForever() }()
	<-runs
	if _, err := asyncio.RunUntilComplete(l, f); !errors.Is(err, anyio.ErrAlreadyRunning) {
		t.Error(err)
	}
	if _, err := l.CallSoonThreadsafe(l.Stop); err != nil {
		t.Error(err)
	}
	testkit.WantNil(t, "RunForever", <-over)
	testkit.WantNil(t, "Close", l.Close())
}

func TestBackendWithoutALoopIsRefused(t *testing.T) {
	on := anyio.On(anyio.Parallel())
	_, err := asyncio.NewEventLoop(on)
	for _, err := range []error{err, asyncio.Run(t.Context(), func(context.Context) error { return nil }, on)} {
		if !errors.Is(err, asyncio.ErrNoLoop) || !strings.Contains(err.Error(), "choose EventLoop") {
			t.Error(err)
		}
	}
}
