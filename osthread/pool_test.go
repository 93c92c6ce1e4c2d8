package osthread_test

import (
	"context"
	"errors"
	"runtime"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/internal/testkit"
	"github.com/anyio-go/anyio/osthread"
)

func TestOneOSThreadServesAllCallsInOrder(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		threads := osthread.NewPool(1)
		var order []int
		inside := 0
		err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			for i := range 20 {
				tg.Go(func(ctx context.Context) error {
					v, err := anyio.RunBlockingValue(ctx, func() (int, error) {
						// The thread orders the calls: no lock is needed.
						if inside++; inside != 1 {
							t.Error("two calls on one thread")
						}
						order = append(order, i)
						inside--
						return i, nil
					}, osthread.On(threads))
					if v != i {
						t.Errorf("call %d returned %d", i, v)
					}
					return err
				})
			}
			return nil
		})
		testkit.WantNil(t, "group", err)
		if len(order) != 20 {
			t.Errorf("%d calls", len(order))
		}
		if n := anyio.DefaultThreadLimiter(ctx).Statistics().BorrowedTokens; n != 0 {
			t.Errorf("%d tokens of the default limiter are borrowed", n)
		}
		testkit.WantNil(t, "close", threads.Close(ctx))
		testkit.WantNil(t, "close again", threads.Close(ctx))
		_, err = anyio.RunBlockingValue(ctx, func() (int, error) { t.Error("called"); return 0, nil }, osthread.On(threads))
		if !errors.Is(err, anyio.ErrClosed) {
			t.Errorf("after Close: %v", err)
		}
	})
}

func TestErrorsPanicsAndGoexitCrossOSThreads(t *testing.T) {
	testkit.OnEach(t, func(t *testing.T, run testkit.RunFunc) {
		threads := osthread.NewPool(1)
		defer threads.Close(context.Background())
		on := osthread.On(threads)
		testkit.WantNil(t, "run", run(func(ctx context.Context) error {
			_, err := anyio.RunBlockingValue(ctx, func() (int, error) { return 0, testkit.ErrBoom }, on)
			if err != testkit.ErrBoom {
				t.Errorf("error %v", err)
			}
			testkit.WantPanicError(t, "boom", func() {
				_, _ = anyio.RunBlockingValue(ctx, func() (int, error) { panic("boom") }, on)
			})
			v, err := anyio.RunBlockingValue(ctx, func() (int, error) { return 1, nil }, on)
			if v != 1 || err != nil {
				t.Errorf("after a panic: %d, %v", v, err)
			}
			return nil
		}))
		exited := make(chan bool)
		go func() {
			defer close(exited)
			_ = run(func(ctx context.Context) error {
				_, _ = anyio.RunBlockingValue(ctx, func() (int, error) { runtime.Goexit(); return 0, nil }, on)
				t.Error("Goexit was swallowed")
				return nil
			})
			t.Error("Goexit was swallowed")
		}()
		<-exited
		testkit.WantNil(t, "run", run(func(ctx context.Context) error {
			v, err := anyio.RunBlockingValue(ctx, func() (int, error) { return 2, nil }, on)
			if v != 2 {
				t.Errorf("after Goexit: %d", v)
			}
			return err
		}))
	})
}

func TestWaitingForAnOSThreadCanBeCanceled(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		testkit.SkipSim(t, ctx)
		threads := osthread.NewPool(1)
		defer threads.Close(ctx)
		release := make(chan bool)
		err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			tg.Go(func(ctx context.Context) error {
				_, err := anyio.RunBlockingValue(ctx, func() (int, error) { <-release; return 0, nil }, osthread.On(threads))
				return err
			})
			testkit.Settled(t, ctx)
			second := tg.Go(func(ctx context.Context) error {
				_, err := anyio.RunBlockingValue(ctx, func() (int, error) { t.Error("called"); return 0, nil }, osthread.On(threads))
				return err
			})
			testkit.Settled(t, ctx)
			second.Cancel("")
			testkit.WantNil(t, "wait", second.Wait(ctx))
			close(release)
			return nil
		})
		testkit.WantNil(t, "group", err)
	})
}

func TestOSThreadPoolsNeedAThread(t *testing.T) {
	testkit.WantMisuse(t, "no threads", testkit.Recovered(func() { osthread.NewPool(0) }))
}
