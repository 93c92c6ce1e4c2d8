package asyncio_test

import (
	"context"
	"runtime"
	"testing"
	"time"

	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/asyncio"
	"github.com/anyio-go/anyio/internal/testkit"
)

// A task that has failed, and that nobody knows any more, is told of while the loop runs,
// also if no other task ever begins on it.
func TestErrorOfTheLastTaskIsReported(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		r, told := &record{}, asyncio.NewFuture[struct{}](ctx)
		loopOf(t, ctx).SetExceptionHandler(func(_ *asyncio.Loop, c asyncio.ErrorContext) {
			r.add("%v: %v", c.Message, c.Err)
			_ = told.SetResult(struct{}{})
		})
		ended := asyncio.NewFuture[struct{}](ctx)
		asyncio.CreateTask(ctx, func(ctx context.Context) (int, error) {
			return 0, testkit.ErrBoom
		}, asyncio.Name("forgotten")).AddDoneCallback(func() { _ = ended.SetResult(struct{}{}) })
		if _, err := ended.Await(ctx); err != nil {
			t.Fatal(err)
		}
		for !told.Done() {
			runtime.GC()
			if err := asyncio.Sleep(ctx, time.Millisecond); err != nil {
				t.Fatal(err)
			}
		}
		r.want(t, "the error of task forgotten was never retrieved: "+testkit.ErrBoom.Error())
	}, anyiotest.Only("eventloop"))
}
