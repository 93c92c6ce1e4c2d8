package anyio_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"runtime"
	"testing"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/internal/testkit"
)

func TestHandlerContextNeedsNoRun(t *testing.T) {
	var inGroup, entered, ended anyio.Event
	bg := context.Background()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		err := anyio.WithTaskGroup(r.Context(), func(ctx context.Context, tg *anyio.TaskGroup) error {
			tg.Go(func(ctx context.Context) error { inGroup.Set(); return nil })
			entered.Set()
			return anyio.SleepForever(ctx)
		})
		testkit.WantCanceled(t, "group in a handler whose client went away", err)
		ended.Set()
	}))
	defer srv.Close()
	ctx, cancel := context.WithCancel(bg)
	go func() {
		testkit.WantNil(t, "entered", entered.Wait(bg))
		testkit.WantNil(t, "task ran", inGroup.Wait(bg))
		cancel()
	}()
	req, _ := http.NewRequestWithContext(ctx, "GET", srv.URL, nil)
	if _, err := http.DefaultClient.Do(req); !errors.Is(err, context.Canceled) {
		t.Errorf("request: %v", err)
	}
	testkit.WantNil(t, "handler ended", ended.Wait(bg))
}

func TestBackgroundContextWaitsWithoutRun(t *testing.T) {
	var ev anyio.Event
	go ev.Set()
	testkit.WantNil(t, "wait", ev.Wait(context.Background()))
	timedOut, err := anyio.MoveOnAfter(context.Background(), time.Millisecond, anyio.SleepForever)
	if !timedOut || err != nil {
		t.Errorf("MoveOnAfter: %v, %v", timedOut, err)
	}
}

func TestNilContextIsRefused(t *testing.T) {
	var none context.Context
	testkit.WantMisuse(t, "Sleep", testkit.Recovered(func() { _ = anyio.Sleep(none, 0) }))
	testkit.WantMisuse(t, "Run", testkit.Recovered(func() { _ = anyio.Run(none, anyio.SleepForever) }))
}

func TestDerivedContextIsObeyed(t *testing.T) {
	type key struct{}
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			derived, cancel := context.WithCancelCause(context.WithValue(ctx, key{}, 1))
			tg.Go(func(ctx context.Context) error {
				testkit.Settled(t, ctx)
				cancel(testkit.ErrBoom)
				return nil
			})
			var ev anyio.Event
			err := ev.Wait(derived)
			testkit.WantCanceled(t, "wait in a derived context", err)
			if ce, ok := errors.AsType[*anyio.CanceledError](err); !ok || ce.Cause != testkit.ErrBoom {
				t.Errorf("the cause is lost: %v", err)
			}
			testkit.WantCanceled(t, "later wait", anyio.Sleep(derived, time.Hour))
			testkit.WantCanceled(t, "scope opened in it", anyio.WithCancelScope(derived, func(ctx context.Context, _ *anyio.CancelScope) error {
				return anyio.Sleep(ctx, 0)
			}))
			testkit.WantNil(t, "our own scope", anyio.Sleep(ctx, 0))
			return nil
		})
		testkit.WantNil(t, "group", err)
	})
}

// A wait in a derived context must never look granted because the scope above
// the context was canceled first.
func TestDerivedContextIsCanceledWithItsScope(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		for range 50 {
			err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
				for range 4 {
					tg.Go(func(ctx context.Context) error {
						ctx, cancel := context.WithTimeout(ctx, time.Hour)
						defer cancel()
						var ev anyio.Event
						err := ev.Wait(ctx)
						testkit.WantCanceled(t, "wait", err)
						return err
					})
				}
				testkit.Settled(t, ctx)
				tg.Cancel("enough")
				return nil
			})
			testkit.WantNil(t, "group", err)
		}
	})
}

func TestContextWithoutCancelIsNotCanceled(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		var ev anyio.Event
		err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			tg.Go(func(ctx context.Context) error {
				err := ev.Wait(context.WithoutCancel(ctx))
				if err != nil || !ev.IsSet() {
					t.Errorf("wait without cancel: %v, event set: %v", err, ev.IsSet())
				}
				testkit.WantCanceled(t, "own context", anyio.Sleep(ctx, 0))
				return nil
			})
			tg.Go(func(ctx context.Context) error {
				testkit.Settled(t, context.WithoutCancel(ctx))
				tg.Cancel("")
				return anyio.Shielded(ctx, anyio.Forever, func(ctx context.Context) error {
					testkit.Settled(t, ctx)
					ev.Set()
					return nil
				})
			})
			return nil
		})
		testkit.WantNil(t, "group", err)
	})
}

func TestDerivedContextCostsNoGoroutine(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		err := anyio.WithCancelScope(ctx, func(ctx context.Context, s *anyio.CancelScope) error {
			n := runtime.NumGoroutine()
			var derived []context.Context
			for range 100 {
				c, cancel := context.WithCancel(ctx)
				defer cancel()
				derived = append(derived, c)
			}
			if more := runtime.NumGoroutine() - n; more >= 50 {
				t.Errorf("100 derived contexts made %d goroutines", more)
			}
			s.Cancel("no more")
			for _, c := range derived {
				<-c.Done()
				if cause := context.Cause(c); cause == nil || cause.Error() != context.Cause(ctx).Error() {
					t.Fatalf("cause of a derived context: %v", cause)
				}
			}
			return nil
		})
		testkit.WantNil(t, "scope", err)
	})
}

func TestContextCauseTellsReason(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		_ = anyio.WithCancelScope(ctx, func(ctx context.Context, s *anyio.CancelScope) error {
			if ctx.Err() != nil || context.Cause(ctx) != nil {
				t.Errorf("before: %v, %v", ctx.Err(), context.Cause(ctx))
			}
			s.Cancel("the user left")
			ce, ok := errors.AsType[*anyio.CanceledError](context.Cause(ctx))
			if !ok || ce.Reason != "the user left" || ce.Source == "" {
				t.Errorf("cause: %#v", ce)
			}
			<-ctx.Done()
			return nil
		})
		_ = anyio.WithCancelScope(ctx, func(ctx context.Context, s *anyio.CancelScope) error {
			s.CancelCause(testkit.ErrBoom)
			if !errors.Is(ctx.Err(), context.Canceled) {
				t.Errorf("Err: %v", ctx.Err())
			}
			ce, ok := errors.AsType[*anyio.CanceledError](anyio.Sleep(ctx, 0))
			if !ok || ce.Cause != testkit.ErrBoom {
				t.Errorf("cause: %#v", ce)
			}
			return nil
		})
	})
}

func TestAfterFuncOfOurContextRunsOnce(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		testkit.SkipSim(t, ctx)
		calls := make(chan string, 10)
		_ = anyio.WithCancelScope(ctx, func(ctx context.Context, s *anyio.CancelScope) error {
			context.AfterFunc(ctx, func() { calls <- "a" })
			stop := context.AfterFunc(ctx, func() { calls <- "stopped" })
			if !stop() || stop() {
				t.Error("stop must report that it stopped the call, once")
			}
			s.Cancel("")
			s.Cancel("again")
			return nil
		})
		testkit.InGoroutine(t, ctx, func() {
			if got := <-calls; got != "a" || len(calls) != 0 {
				t.Errorf("calls: %v, %d more", got, len(calls))
			}
		})
		var ended context.Context
		_ = anyio.WithCancelScope(ctx, func(ctx context.Context, s *anyio.CancelScope) error {
			ended = ctx
			context.AfterFunc(ctx, func() { calls <- "left" })
			return nil
		})
		context.AfterFunc(ended, func() { calls <- "late" })
		testkit.InGoroutine(t, ctx, func() {
			if a, b := <-calls, <-calls; a == b {
				t.Errorf("calls: %v, %v", a, b)
			}
		})
	})
}
