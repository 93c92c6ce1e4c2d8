package asyncio_test

import (
	"context"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/asyncio"
)

// misused reports whether f panics with a misuse or returns one as its error.
func misused(f func() error) (yes bool) {
	defer func() {
		if v := recover(); v != nil {
			_, yes = v.(*anyio.MisuseError)
		}
	}()
	_, yes = f().(*anyio.MisuseError)
	return yes
}

func TestFuturesOfAnotherLoopAreRefused(t *testing.T) {
	other, err := asyncio.NewEventLoop()
	if err != nil {
		t.Fatal(err)
	}
	foreign := asyncio.CreateFuture[int](other)
	onLoops(t, func(t *testing.T, ctx context.Context) {
		own := asyncio.NewFuture[int](ctx)
		for name, f := range map[string]func() error{
			"Await":   func() error { _, err := foreign.Await(ctx); return err },
			"Gather":  func() error { asyncio.Gather[int](ctx, own, foreign); return nil },
			"Shield":  func() error { asyncio.Shield[int](ctx, foreign); return nil },
			"WaitFor": func() error { _, err := asyncio.WaitFor(ctx, foreign, anyio.Forever); return err },
			"Wait": func() error {
				_, _, err := asyncio.Wait(ctx, []asyncio.AnyFuture{own, foreign}, asyncio.WaitOptions{})
				return err
			},
			"AsCompleted": func() error {
				asyncio.AsCompleted(ctx, []asyncio.Awaitable[int]{own, foreign}, anyio.Forever)
				return nil
			},
		} {
			if !misused(f) {
				t.Errorf("%s of another loop's future is not refused", name)
			}
		}
		if foreign.Done() {
			t.Error("it was canceled")
		}
	})
	loop, err := asyncio.NewEventLoop()
	if err != nil {
		t.Fatal(err)
	}
	if !misused(func() error { _, err := asyncio.RunUntilComplete(loop, foreign); return err }) {
		t.Error("RunUntilComplete of another loop's future is not refused")
	}
	for _, l := range []*asyncio.Loop{loop, other} {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	}
}
