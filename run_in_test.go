package anyio_test

import (
	"context"
	"errors"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/internal/testkit"
	"github.com/anyio-go/anyio/lowlevel"
)

func TestBlockingCallsCallBackIntoTheRun(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		type key struct{}
		ctx = context.WithValue(ctx, key{}, "v")
		backend := testkit.BackendOf(ctx)
		v, err := anyio.RunBlockingValue(ctx, func() (string, error) {
			return anyio.RunIn(ctx, func(ctx context.Context) (string, error) {
				if b := testkit.BackendOf(ctx); b != backend {
					t.Errorf("called on %s", b)
				}
				err := anyio.Sleep(ctx, 1)
				return ctx.Value(key{}).(string), err
			})
		})
		if v != "v" || err != nil {
			t.Errorf("%q, %v", v, err)
		}
		_, err = anyio.RunBlockingValue(ctx, func() (int, error) {
			return anyio.RunIn(ctx, func(ctx context.Context) (int, error) { return 0, testkit.ErrBoom })
		})
		if err != testkit.ErrBoom {
			t.Errorf("error %v", err)
		}
		wantPanicValue := testkit.Recovered(func() {
			_, _ = anyio.RunBlockingValue(ctx, func() (int, error) {
				return anyio.RunIn(ctx, func(ctx context.Context) (int, error) { panic("boom") })
			})
		})
		if pe, ok := wantPanicValue.(*anyio.PanicError); !ok || pe.Value != "boom" {
			t.Errorf("panic %v", wantPanicValue)
		}
	})
}

func TestBlockingCallsSeeTheCancellationOfTheirScope(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		err := anyio.WithCancelScope(ctx, func(ctx context.Context, s *anyio.CancelScope) error {
			_, err := anyio.RunBlockingValue(ctx, func() (int, error) {
				if ctx.Err() != nil {
					t.Error("canceled too early")
				}
				s.Cancel("")
				if ctx.Err() != context.Canceled {
					t.Errorf("not canceled: %v", ctx.Err())
				}
				_, err := anyio.RunIn(ctx, func(ctx context.Context) (int, error) { t.Error("called"); return 0, nil })
				testkit.WantCanceled(t, "call in a canceled scope", err)
				return 5, nil
			})
			testkit.WantNil(t, "result is kept", err)
			return anyio.Sleep(ctx, 0)
		})
		testkit.WantNil(t, "scope", err)
	})
}

func TestCancelingTheScopeReachesACallInTheRun(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		err := anyio.WithCancelScope(ctx, func(ctx context.Context, s *anyio.CancelScope) error {
			_, err := anyio.RunBlockingValue(ctx, func() (int, error) {
				return anyio.RunIn(ctx, func(ctx context.Context) (int, error) {
					s.Cancel("")
					return 0, anyio.SleepForever(ctx)
				})
			})
			testkit.WantCanceled(t, "call", err)
			return err
		})
		testkit.WantNil(t, "scope", err)
	})
}

func TestCallsIntoARunThatHasEndedAreRefused(t *testing.T) {
	testkit.OnEach(t, func(t *testing.T, run testkit.RunFunc) {
		var token lowlevel.Token
		var old context.Context
		testkit.WantNil(t, "run", run(func(ctx context.Context) (err error) {
			if token, err = lowlevel.CurrentToken(ctx); err != nil {
				return err
			}
			old, err = token.Context()
			return err
		}))
		_, err := anyio.RunIn(old, func(ctx context.Context) (int, error) { t.Error("called"); return 0, nil })
		if err != anyio.ErrRunFinished {
			t.Errorf("got %v", err)
		}
	})
}

// What goroutines outside have started in a run ends with the run, and they are
// told.
func TestCallsFromOutsideEndWithTheRun(t *testing.T) {
	for _, on := range []anyio.Backend{anyio.Parallel(), anyio.EventLoop()} {
		t.Run(on.Name(), func(t *testing.T) {
			results := make(chan error)
			for range 50 {
				testkit.WantNil(t, "run", anyio.Run(context.Background(), func(ctx context.Context) error {
					token, err := lowlevel.CurrentToken(ctx)
					if err != nil {
						return err
					}
					outside, err := token.Context()
					if err != nil {
						return err
					}
					var inside anyio.Event
					go func() {
						_, err := anyio.RunIn(outside, func(ctx context.Context) (int, error) {
							inside.Set()
							return 0, anyio.SleepForever(ctx)
						})
						results <- err
					}()
					return inside.Wait(ctx)
				}, anyio.On(on)))
				if err := <-results; !errors.Is(err, anyio.ErrCanceled) && !errors.Is(err, anyio.ErrRunFinished) {
					t.Errorf("got %v", err)
				}
			}
		})
	}
}

// A context of no run leads into none: the function is not called beside the tasks.
func TestCallsWithAContextOfNoRunAreRefused(t *testing.T) {
	never := func(context.Context) (int, error) { t.Error("called"); return 0, nil }
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		v, err := anyio.RunBlockingValue(ctx, func() (int, error) {
			done := make(chan error, 1)
			go func() { // in the simulator the function itself is run by the task
				_, err := anyio.RunIn(context.Background(), never)
				done <- err
			}()
			return 1, <-done
		})
		if v != 1 || err != anyio.ErrNoRun {
			t.Errorf("%d, %v", v, err)
		}
		if testkit.BackendOf(ctx) == "eventloop" {
			_, err = anyio.RunBlockingValue(ctx, func() (int, error) { return anyio.RunIn(context.Background(), never) })
			if err != anyio.ErrNoRun {
				t.Errorf("on the thread of the function: %v", err)
			}
		}
	})
}
