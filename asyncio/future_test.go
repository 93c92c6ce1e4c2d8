package asyncio_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"testing"
	"time"
	"weak"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/asyncio"
	"github.com/anyio-go/anyio/internal/testkit"
)

func as[E error](err error, target *E) bool { return errors.As(err, target) }

func TestFutureHasOneOutcome(t *testing.T) {
	onLoops(t, func(t *testing.T, ctx context.Context) {
		f := asyncio.NewFuture[int](ctx)
		if _, err := f.Result(); err != asyncio.ErrInvalidState || f.Err() != asyncio.ErrInvalidState || f.Done() || f.Canceled() {
			t.Errorf("pending: %v", err)
		}
		testkit.WantNil(t, "SetResult", f.SetResult(5))
		if v, err := f.Result(); v != 5 || err != nil || f.Err() != nil || !f.Done() {
			t.Errorf("%d %v", v, err)
		}
		if f.SetResult(6) != asyncio.ErrInvalidState || f.SetErr(testkit.ErrBoom) != asyncio.ErrInvalidState || f.Cancel("late") {
			t.Error("a second outcome")
		}
		failed := asyncio.NewFuture[int](ctx)
		testkit.WantNil(t, "SetErr", failed.SetErr(testkit.ErrBoom))
		if _, err := failed.Await(ctx); err != testkit.ErrBoom {
			t.Error(err)
		}
		canceled := asyncio.NewFuture[int](ctx)
		if !canceled.Cancel("why") || !canceled.Canceled() || !canceled.Done() {
			t.Error("not canceled")
		}
		_, err := canceled.Await(ctx)
		testkit.WantIs(t, "canceled", err, anyio.ErrCanceled)
		var ce *anyio.CanceledError
		if !as(err, &ce) || ce.Reason != "why" {
			t.Errorf("%v", err)
		}
		testkit.WantMisuse(t, "SetErr(nil)", asyncio.NewFuture[int](ctx).SetErr(nil))
		if f.Loop() != loopOf(t, ctx) {
			t.Error("another loop")
		}
	})
}

func TestDoneCallbacksComeThroughTheLoopInOrder(t *testing.T) {
	onLoops(t, func(t *testing.T, ctx context.Context) {
		f, r := asyncio.NewFuture[int](ctx), &record{}
		f.AddDoneCallback(r.call("a"))
		remove := f.AddDoneCallback(r.call("x"))
		f.AddDoneCallback(r.call("b"))
		if !remove() || remove() {
			t.Error("remove")
		}
		_ = f.SetResult(1)
		r.add("set")
		late := f.AddDoneCallback(r.call("c")) // of one that is done
		if late() {
			t.Error("removed what is under way")
		}
		settled(t, ctx)
		r.want(t, "set a b c")
	})
}

func TestAwaitWaitsForTheOutcome(t *testing.T) {
	onLoops(t, func(t *testing.T, ctx context.Context) {
		f := asyncio.NewFuture[string](ctx)
		loopOf(t, ctx).CallLater(time.Millisecond, func() { _ = f.SetResult("x") })
		for range 2 { // again, without waiting
			if v, err := f.Await(ctx); v != "x" || err != nil {
				t.Errorf("%q %v", v, err)
			}
		}
	})
}

func TestScopeThatIsCanceledCancelsWhatIsAwaited(t *testing.T) {
	onLoops(t, func(t *testing.T, ctx context.Context) {
		f := asyncio.NewFuture[int](ctx)
		timedOut, err := anyio.MoveOnAfter(ctx, time.Millisecond, func(ctx context.Context) error {
			_, err := f.Await(ctx)
			return err
		})
		if !timedOut || err != nil || !f.Canceled() {
			t.Errorf("%v %v %v", timedOut, err, f.Canceled())
		}
		shielded := asyncio.NewFuture[int](ctx)
		timedOut, err = anyio.MoveOnAfter(ctx, time.Millisecond, func(ctx context.Context) error {
			_, err := asyncio.Shield(ctx, shielded).Await(ctx)
			return err
		})
		if !timedOut || err != nil || shielded.Done() {
			t.Errorf("%v %v %v", timedOut, err, shielded.Done())
		}
	})
}

// A callback that was taken back is not kept by the future, whichever it was.
func TestFutureKeepsNoCallbackThatWasTakenBack(t *testing.T) {
	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		f := asyncio.NewFuture[int](ctx)
		add := func() (kept weak.Pointer[[100]int], remove func() bool) {
			big := new([100]int)
			return weak.Make(big), f.AddDoneCallback(func() { big[0]++ })
		}
		var kept []weak.Pointer[[100]int]
		for _, ends := range [][]int{{0}, {0, 1}, {1, 0}, {2, 0, 1}} {
			remove := make([]func() bool, len(ends))
			for i := range ends {
				var k weak.Pointer[[100]int]
				k, remove[i] = add()
				kept = append(kept, k)
			}
			for _, i := range ends {
				if !remove[i]() {
					t.Errorf("%v: callback %d was not there", ends, i)
				}
			}
		}
		defer runtime.KeepAlive(f)
		return anyio.FailAfter(ctx, 30*time.Second, func(ctx context.Context) error {
			for i, k := range kept {
				for k.Value() != nil {
					if err := anyio.Sleep(ctx, time.Millisecond); err != nil {
						return fmt.Errorf("callback %d is kept: %w", i, err)
					}
					runtime.GC()
				}
			}
			return nil
		})
	})
	testkit.WantNil(t, "Run", err)
}

func TestErrorThatNobodyAsksForIsReported(t *testing.T) {
	t.Run("garbage", func(t *testing.T) {
		err := asyncio.Run(context.Background(), func(ctx context.Context) error {
			told := asyncio.NewFuture[error](ctx)
			loopOf(t, ctx).SetExceptionHandler(func(_ *asyncio.Loop, c asyncio.ErrorContext) { _ = told.SetResult(c.Err) })
			_ = asyncio.NewFuture[int](ctx).SetErr(testkit.ErrBoom)
			asked := asyncio.NewFuture[int](ctx)
			_ = asked.SetErr(errors.New("asked for"))
			_ = asked.Err()
			for !told.Done() {
				runtime.GC()
				if err := asyncio.Sleep(ctx, time.Millisecond); err != nil {
					return err
				}
			}
			if err, _ := told.Result(); err != testkit.ErrBoom {
				t.Error(err)
			}
			return nil
		})
		testkit.WantNil(t, "Run", err)
	})
	t.Run("at the end", func(t *testing.T) {
		var kept *asyncio.Future[int]
		r := &record{}
		err := asyncio.Run(context.Background(), func(ctx context.Context) error {
			loopOf(t, ctx).SetExceptionHandler(func(_ *asyncio.Loop, c asyncio.ErrorContext) { r.add("%v", c.Err) })
			kept = asyncio.NewFuture[int](ctx)
			return kept.SetErr(testkit.ErrBoom)
		})
		testkit.WantNil(t, "Run", err)
		r.want(t, testkit.ErrBoom.Error())
		runtime.KeepAlive(kept)
	})
}
