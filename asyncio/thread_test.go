package asyncio_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/asyncio"
	"github.com/anyio-go/anyio/internal/testkit"
)

func TestToThreadAndExecutors(t *testing.T) {
	onLoops(t, func(t *testing.T, ctx context.Context) {
		five := func() (int, error) { return 5, nil }
		fail := func() (int, error) { return 0, testkit.ErrBoom }
		if v, err := asyncio.ToThread(ctx, five); v != 5 || err != nil {
			t.Errorf("%d %v", v, err)
		}
		if v, err := asyncio.RunInExecutor(ctx, nil, five).Await(ctx); v != 5 || err != nil {
			t.Errorf("%d %v", v, err)
		}
		if _, err := asyncio.RunInExecutor(ctx, nil, fail).Await(ctx); err != testkit.ErrBoom {
			t.Error(err)
		}
		var pe *anyio.PanicError
		if _, err := asyncio.RunInExecutor(ctx, nil, func() (int, error) { panic("bang") }).Await(ctx); !as(err, &pe) || pe.Value != "bang" {
			t.Error(err)
		}
	})
}

// A crowd runs each function on a goroutine.
type crowd struct{ sync.WaitGroup }

func (c *crowd) Submit(f func()) error {
	c.Go(f)
	return nil
}

type shut struct{}

func (shut) Submit(func()) error { return testkit.ErrBoom }

func TestExecutorOfOnesOwn(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		c := &crowd{}
		defer c.Wait()
		if v, err := asyncio.RunInExecutor(ctx, c, func() (int, error) { return 5, nil }).Await(ctx); v != 5 || err != nil {
			t.Errorf("%d %v", v, err)
		}
		loopOf(t, ctx).SetDefaultExecutor(shut{})
		if _, err := asyncio.RunInExecutor(ctx, nil, func() (int, error) { return 5, nil }).Await(ctx); err != testkit.ErrBoom {
			t.Error(err)
		}
		loopOf(t, ctx).SetDefaultExecutor(nil)
	}, anyiotest.Only("eventloop"))
}

func TestRunCoroutineThreadsafe(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		l := loopOf(t, ctx)
		canceled := false
		testkit.InGoroutine(t, ctx, func() {
			bg := context.Background()
			f := asyncio.RunCoroutineThreadsafe(bg, l, func(ctx context.Context) (int, error) { return 5, asyncio.Sleep(ctx, 1) })
			if v, err := f.Await(bg); v != 5 || err != nil {
				t.Errorf("%d %v", v, err)
			}
			f = asyncio.RunCoroutineThreadsafe(bg, l, func(ctx context.Context) (int, error) { return 0, testkit.ErrBoom })
			if _, err := f.Await(bg); !errors.Is(err, testkit.ErrBoom) {
				t.Error(err)
			}
			begun, ended := make(chan struct{}), make(chan struct{})
			f = asyncio.RunCoroutineThreadsafe(bg, l, func(ctx context.Context) (int, error) {
				close(begun)
				err := asyncio.Sleep(ctx, time.Hour)
				canceled = errors.Is(err, anyio.ErrCanceled)
				close(ended)
				return 0, err
			})
			<-begun
			f.Cancel()
			<-ended
		})
		if !canceled {
			t.Error("the task was not canceled")
		}
	}, anyiotest.Only("eventloop"))
	var l *asyncio.Loop
	testkit.Must(t, asyncio.Run(context.Background(), func(ctx context.Context) error { l = loopOf(t, ctx); return nil }))
	f := asyncio.RunCoroutineThreadsafe(context.Background(), l, func(context.Context) (int, error) { return 0, nil })
	testkit.WantErr(t, f.Err(), asyncio.ErrLoopClosed)
}

func TestWrapFuture(t *testing.T) {
	onLoops(t, func(t *testing.T, ctx context.Context) {
		f := anyio.NewFuture[int]("f")
		w := asyncio.WrapFuture(ctx, f)
		loopOf(t, ctx).CallSoon(func() { _ = f.Set(5) })
		if v, err := w.Await(ctx); v != 5 || err != nil {
			t.Errorf("%d %v", v, err)
		}
		f = anyio.NewFuture[int]("f")
		w = asyncio.WrapFuture(ctx, f)
		w.Cancel("")
		anyioWaits(t, ctx)
		if f.Status() != anyio.Canceled {
			t.Error("it is not canceled")
		}
		f = anyio.NewFuture[int]("f")
		w = asyncio.WrapFuture(ctx, f)
		f.Cancel()
		anyioWaits(t, ctx)
		if !w.Canceled() {
			t.Error("it is not canceled")
		}
		f = anyio.NewFuture[int]("f")
		_ = f.SetError(testkit.ErrBoom)
		if _, err := asyncio.WrapFuture(ctx, f).Await(ctx); err != testkit.ErrBoom {
			t.Error(err)
		}
	})
}
