package portal_test

import (
	"context"
	"runtime"
	"strings"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/internal/testkit"
	"github.com/anyio-go/anyio/portal"
)

// What a canceled call has brought is not lost, be it a value or an error.
func TestOutcomeOfAPortalCallIsKeptWhenItsCallerIsCanceled(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		err := portal.With(ctx, func(ctx context.Context, p *portal.Portal) error {
			for _, fail := range []error{nil, testkit.ErrBoom} {
				err := anyio.WithCancelScope(ctx, func(ctx context.Context, s *anyio.CancelScope) error {
					v, err := portal.Call(ctx, p, func(ctx context.Context) (int, error) {
						s.Cancel("the caller")
						testkit.WantCanceled(t, "in the task", anyio.SleepForever(ctx))
						return 7, fail
					})
					if v != 7 || err != fail {
						t.Errorf("call: %d, %v", v, err)
					}
					err = anyio.Sleep(ctx, 0)
					testkit.WantCanceled(t, "next call", err)
					return err
				})
				testkit.WantNil(t, "scope", err)
				err = anyio.WithCancelScope(ctx, func(ctx context.Context, s *anyio.CancelScope) error {
					//anyiovet:ignore started it is canceled before
					_, _, err := portal.Start(ctx, p, func(ctx context.Context, started func(int)) (int, error) {
						s.Cancel("the caller")
						_ = anyio.SleepForever(ctx)
						return 7, fail
					})
					if fail == nil {
						testkit.WantCanceled(t, "start", err)
					} else if err != fail {
						t.Errorf("start: %v", err)
					}
					return anyio.Sleep(ctx, 0)
				})
				testkit.WantNil(t, "scope", err)
			}
			return nil
		})
		testkit.WantNil(t, "portal", err)
	})
}

func TestGoexitInAPortalCallGoesOnInTheCaller(t *testing.T) {
	for _, on := range []anyio.Backend{anyio.Parallel(), anyio.EventLoop()} {
		t.Run(on.Name(), func(t *testing.T) {
			ctx := context.Background()
			p, err := portal.New(ctx, anyio.On(on))
			testkit.WantNil(t, "start", err)
			exited := make(chan bool)
			go func() {
				defer close(exited)
				_, err := portal.Call(ctx, p, func(context.Context) (int, error) { runtime.Goexit(); return 0, nil })
				t.Errorf("the call has returned: %v", err)
			}()
			<-exited
			if err := p.Close(ctx); err == nil {
				t.Error("close has told nothing")
			}
		})
	}
}

func named(context.Context) (int, error) { return 0, nil }

func namedStart(context.Context, func(int)) (int, error) { return 0, nil }

func namedWith(context.Context, func(context.Context, int) error) error { return nil }

func TestPortalTasksAreCalledAfterTheirFunction(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		err := portal.With(ctx, func(ctx context.Context, p *portal.Portal) error {
			task, err := portal.Go(p, named)
			testkit.WantNil(t, "spawn", err)
			if !strings.HasSuffix(task.Name(), ".named") {
				t.Errorf("portal.Go: %q", task.Name())
			}
			_, _, err = portal.Start(ctx, p, namedStart)
			if err == nil || !strings.Contains(err.Error(), `.namedStart" ended`) {
				t.Errorf("portal.Start: %v", err)
			}
			_, _, err = portal.Open(ctx, p, namedWith)
			if err == nil || !strings.Contains(err.Error(), `.namedWith" ended without calling its body`) {
				t.Errorf("portal.Open: %v", err)
			}
			return nil
		})
		testkit.WantNil(t, "portal", err)
	})
}
