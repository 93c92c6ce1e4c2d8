package anyio_test

import (
	"context"
	"sync/atomic"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/internal/testkit"
)

func TestOnceRunsOne(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		var once anyio.Once
		var open anyio.Event
		ran := 0
		group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
			for range 10 {
				tg.Go(func(ctx context.Context) error {
					err := once.Do(ctx, func(ctx context.Context) error {
						ran++
						return open.Wait(ctx)
					})
					if !once.Done() {
						t.Error("Do returned before it was done")
					}
					return err
				})
			}
			testkit.Settled(t, ctx)
			equal(t, "done", once.Done(), false)
			open.Set()
		})
		equal(t, "calls", ran, 1)
		inCanceledScope(t, ctx, func(ctx context.Context) {
			testkit.WantCanceled(t, "Do of what is done", once.Do(ctx, nil))
		})
	})
}

func TestOnceIsDoneAgainIfItFails(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		var once anyio.Once
		testkit.WantErr(t, once.Do(ctx, func(context.Context) error { return testkit.ErrBoom }), testkit.ErrBoom)
		wantPanicValue := func() (v any) {
			defer func() { v = recover() }()
			_ = once.Do(ctx, func(context.Context) error { panic("ouch") })
			return nil
		}
		equal(t, "panic", wantPanicValue(), any("ouch"))

		// The one who runs it is canceled: the first of those who wait runs its own.
		var by atomic.Int32
		group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
			h := tg.Go(func(ctx context.Context) error { return once.Do(ctx, anyio.SleepForever) })
			testkit.Settled(t, ctx)
			for i := range 3 {
				tg.Go(func(ctx context.Context) error {
					return once.Do(ctx, func(context.Context) error { by.Store(int32(i + 1)); return nil })
				})
				testkit.Settled(t, ctx)
			}
			h.Cancel("not you")
		})
		equal(t, "the one who did it", by.Load(), 1)
	})
}

func TestOnceInItself(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		var once anyio.Once
		err := once.Do(ctx, func(ctx context.Context) error {
			return once.Do(ctx, func(context.Context) error { return nil })
		})
		wantMisuseText(t, err, "a function run by Once.Do calls Do of the same Once")
		equal(t, "done", once.Done(), false)
	})
}

func TestOnceValueKeepsTheValueAndNoError(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		calls := 0
		get := anyio.OnceValue(func(ctx context.Context) (int, error) {
			calls++
			if calls == 1 {
				return 1, testkit.ErrBoom
			}
			return calls, anyio.Sleep(ctx, 0)
		})
		v, err := get(ctx)
		testkit.WantErr(t, err, testkit.ErrBoom)
		equal(t, "value beside an error", v, 0)
		var values [5]int
		group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
			for i := range values {
				tg.Go(func(ctx context.Context) (err error) { values[i], err = get(ctx); return err })
			}
		})
		equal(t, "values", values, [5]int{2, 2, 2, 2, 2})
		equal(t, "calls", calls, 2)
	})
	wantPanic(t, "OnceValue: the function is nil", func() { anyio.OnceValue[int](nil) })
}
