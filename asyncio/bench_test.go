package asyncio_test

import (
	"context"
	"testing"
	"time"

	"github.com/anyio-go/anyio/asyncio"
)

func inLoop(b *testing.B, f func(ctx context.Context, l *asyncio.Loop) error) {
	b.ReportAllocs()
	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		l, err := asyncio.RunningLoop(ctx)
		if err != nil {
			return err
		}
		return f(ctx, l)
	})
	if err != nil {
		b.Fatal(err)
	}
}

// A callback that schedules the next one.
func BenchmarkCallSoon(b *testing.B) {
	inLoop(b, func(ctx context.Context, l *asyncio.Loop) error {
		done := asyncio.NewFuture[int](ctx)
		n := 0
		var f func()
		f = func() {
			if n++; n == b.N {
				_ = done.SetResult(n)
				return
			}
			l.CallSoon(f)
		}
		l.CallSoon(f)
		_, err := done.Await(ctx)
		return err
	})
}

func BenchmarkCallLaterAndCancel(b *testing.B) {
	inLoop(b, func(ctx context.Context, l *asyncio.Loop) error {
		for i := range 1_000_000 {
			l.CallLater(time.Hour+time.Duration(i)*time.Microsecond, func() {})
		}
		b.ResetTimer()
		for range b.N {
			l.CallLater(time.Minute, func() {}).Cancel()
		}
		return nil
	})
}

// Two tasks that set and await futures for each other.
func BenchmarkFuturePingPong(b *testing.B) {
	inLoop(b, func(ctx context.Context, l *asyncio.Loop) error {
		ping, pong := asyncio.NewFuture[int](ctx), asyncio.NewFuture[int](ctx)
		task := asyncio.CreateTask(ctx, func(ctx context.Context) (int, error) {
			for range b.N {
				if _, err := ping.Await(ctx); err != nil {
					return 0, err
				}
				ping = asyncio.NewFuture[int](ctx)
				_ = pong.SetResult(1)
			}
			return 0, nil
		})
		for range b.N {
			_ = ping.SetResult(1)
			if _, err := pong.Await(ctx); err != nil {
				return err
			}
			pong = asyncio.NewFuture[int](ctx)
		}
		_, err := task.Await(ctx)
		return err
	})
}

// What a Go programmer would write in place of CallSoon.
func BenchmarkChannelOfFunctions(b *testing.B) {
	b.ReportAllocs()
	calls, done := make(chan func(), 16), make(chan struct{})
	go func() {
		for f := range calls {
			f()
		}
		close(done)
	}()
	n := 0
	for range b.N {
		calls <- func() { n++ }
	}
	close(calls)
	<-done
}
