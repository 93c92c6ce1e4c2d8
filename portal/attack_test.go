package portal_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/internal/testkit"
	"github.com/anyio-go/anyio/portal"
)

// A stock counts what is opened and closed.
type stock struct{ opened, closed atomic.Int32 }

// with lends a thing to body. Closing takes time, whatever happens.
func (s *stock) with(ctx context.Context, body func(ctx context.Context, v int) error) error {
	if err := anyio.Sleep(ctx, 1); err != nil {
		return err
	}
	err := body(ctx, int(s.opened.Add(1)))
	return errors.Join(err, anyio.Shielded(ctx, anyio.Forever, func(ctx context.Context) error {
		s.closed.Add(1)
		return anyio.Sleep(ctx, 1)
	}))
}

// usePortal goes through every way into a portal.
func usePortal(ctx context.Context, p *portal.Portal, s *stock) error {
	v, err := portal.Call(ctx, p, func(ctx context.Context) (int, error) { return 7, anyio.Sleep(ctx, 1) })
	if err != nil {
		return err
	}
	if v != 7 {
		return fmt.Errorf("call: %d", v)
	}
	_, task, err := portal.Start(ctx, p, func(ctx context.Context, started func(int)) (int, error) {
		return 0, s.with(ctx, func(ctx context.Context, v int) error {
			started(v)
			return anyio.Sleep(ctx, 3)
		})
	})
	if err != nil {
		return err
	}
	_, leave, err := portal.Open(ctx, p, s.with)
	if err != nil {
		return err
	}
	err = anyio.Sleep(ctx, 1)
	if err := leave(ctx, err); err != nil {
		return err
	}
	_, err = task.Await(ctx)
	return err
}

// The whole portal is canceled, then a caller alone, who is served by a portal that
// lives on.
func TestCancelingPortalUsersAnywhereClosesWhatWasOpened(t *testing.T) {
	t.Run("portal", func(t *testing.T) {
		anyiotest.CancelEverywhere(t, func() anyiotest.Scenario {
			s := &stock{}
			var door *portal.Portal
			return anyiotest.Scenario{
				Body: func(ctx context.Context) error {
					return portal.With(ctx, func(ctx context.Context, p *portal.Portal) error {
						door = p
						return usePortal(ctx, p, s)
					})
				},
				Check: func(ctx context.Context, err error) error {
					if err != nil || s.opened.Load() != s.closed.Load() {
						return fmt.Errorf("%w: %d opened, %d closed", err, s.opened.Load(), s.closed.Load())
					}
					if door == nil {
						return nil
					}
					if _, err := portal.Go(door, func(context.Context) (int, error) { return 0, nil }); err != portal.ErrStopped {
						return fmt.Errorf("afterwards: %w", err)
					}
					return nil
				},
			}
		})
	})
	t.Run("caller", func(t *testing.T) {
		anyiotest.CancelEverywhere(t, func() anyiotest.Scenario {
			s := &stock{}
			return anyiotest.Scenario{
				Body: func(ctx context.Context) error {
					return anyio.WithTaskGroup(context.WithoutCancel(ctx), func(outer context.Context, tg *anyio.TaskGroup) error {
						return portal.With(outer, func(_ context.Context, p *portal.Portal) error {
							err := usePortal(ctx, p, s) //anyiovet:ignore outerctx what is canceled is the context from outside
							// What was started before the cancellation goes on.
							//anyiovet:ignore outerctx what is canceled is the context from outside
							v, served := portal.Call(outer, p, func(ctx context.Context) (int, error) { return 7, anyio.Sleep(ctx, 1) })
							if v != 7 || served != nil {
								return fmt.Errorf("the portal is harmed: %d, %w", v, served)
							}
							if errors.Is(err, anyio.ErrCanceled) {
								return nil //anyiovet:ignore swallow the portal is what is looked at
							}
							return err
						})
					})
				},
				Check: func(ctx context.Context, err error) error {
					if err != nil || s.opened.Load() != s.closed.Load() {
						return fmt.Errorf("%w: %d opened, %d closed", err, s.opened.Load(), s.closed.Load())
					}
					return nil
				},
			}
		})
	})
}

// Hundreds of calls are under way when the run dies, one way or another.
func TestCallsUnderWayEndWhenThePortalsRunDies(t *testing.T) {
	bomb := func(context.Context) (int, error) { panic("bomb") }
	deaths := map[string]func(ctx context.Context, p *portal.Portal, cancel context.CancelFunc) error{
		"context canceled": func(ctx context.Context, _ *portal.Portal, cancel context.CancelFunc) error {
			cancel()
			return anyio.SleepForever(ctx)
		},
		"main fails": func(context.Context, *portal.Portal, context.CancelFunc) error { return testkit.ErrBoom },
		"main panics": func(ctx context.Context, _ *portal.Portal, _ context.CancelFunc) error {
			_, err := bomb(ctx)
			return err
		},
		"a task panics": func(ctx context.Context, p *portal.Portal, _ context.CancelFunc) error {
			if _, err := portal.Go(p, bomb); err != nil {
				return err
			}
			return anyio.SleepForever(ctx)
		},
	}
	for _, on := range []anyio.Backend{anyio.Parallel(), anyio.EventLoop()} {
		for name, death := range deaths {
			t.Run(on.Name()+"/"+name, func(t *testing.T) {
				ctx, cancel := context.WithCancel(context.Background())
				defer cancel()
				var wg sync.WaitGroup
				var served, ended, refused atomic.Int32
				var begun anyio.Semaphore
				value := testkit.Recovered(func() {
					err := anyio.Run(ctx, func(ctx context.Context) error {
						return portal.With(ctx, func(ctx context.Context, p *portal.Portal) error {
							for i := range 300 {
								wg.Go(func() { callOnAndOn(t, p, i, &begun, &served, &ended, &refused) })
							}
							for range 150 { // those that do not end by themselves
								if err := begun.Acquire(ctx); err != nil {
									return err
								}
							}
							return death(ctx, p, cancel)
						})
					}, anyio.On(on), anyio.OnPanic(testkit.Quiet))
					if err == nil {
						t.Error("the run has ended well")
					}
				})
				if pe, ok := value.(*anyio.PanicError); ok != strings.HasSuffix(name, "panics") || ok && pe.Value != "bomb" {
					t.Errorf("panic: %v", value)
				}
				wg.Wait()
				if ended.Load() < 150 || served.Load()+ended.Load()+refused.Load() < 300 {
					t.Errorf("%d served, %d ended, %d refused", served.Load(), ended.Load(), refused.Load())
				}
			})
		}
	}
}

// callOnAndOn calls until the portal refuses; every other caller's calls do not end by
// themselves. Each call returns its value or one of
// the errors that say that the portal has gone.
func callOnAndOn(t *testing.T, p *portal.Portal, i int, begun *anyio.Semaphore, served, ended, refused *atomic.Int32) {
	ctx := context.Background()
	for n := 0; ; n++ {
		v, err := portal.Call(ctx, p, func(ctx context.Context) (int, error) {
			if i%2 == 0 {
				begun.Release()
				return i, anyio.SleepForever(ctx)
			}
			return i, anyio.Sleep(ctx, 1)
		})
		switch {
		case err == nil && v == i:
			served.Add(1)
		case errors.Is(err, anyio.ErrTaskCanceled):
			ended.Add(1)
		case err == portal.ErrStopped:
			refused.Add(1)
			return
		default:
			t.Errorf("call: %d, %v", v, err)
			return
		}
	}
}

// Wherever the caller is: a task of the run, a blocking call of it, a call through
// the portal, a task of another run.
func TestPortalsAreCalledFromAnywhere(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		seven := func(ctx context.Context) (int, error) { return 7, anyio.Sleep(ctx, 1) }
		check := func(where string, v int, err error) {
			t.Helper()
			if v != 7 || err != nil {
				t.Errorf("%s: %d, %v", where, v, err)
			}
		}
		err := portal.With(ctx, func(ctx context.Context, p *portal.Portal) error {
			v, err := portal.Call(ctx, p, seven)
			check("a task", v, err)
			v, err = anyio.RunBlockingValue(ctx, func() (int, error) { return portal.Call(ctx, p, seven) })
			check("a blocking call", v, err)
			v, err = anyio.RunBlockingValue(ctx, func() (int, error) { return portal.Call(context.Background(), p, seven) })
			check("a blocking call without a context", v, err)
			v, err = portal.Call(ctx, p, func(ctx context.Context) (int, error) { return portal.Call(ctx, p, seven) })
			check("a call", v, err)
			v, err = portal.Call(ctx, p, func(ctx context.Context) (v int, err error) {
				err = portal.With(ctx, func(ctx context.Context, inner *portal.Portal) error {
					v, err = portal.Call(ctx, inner, func(ctx context.Context) (int, error) { return portal.Call(ctx, p, seven) })
					return err
				})
				return v, err
			})
			check("a portal in a call", v, err)
			if testkit.Simulated(ctx) {
				return nil
			}
			for _, on := range []anyio.Backend{anyio.Parallel(), anyio.EventLoop()} {
				testkit.InGoroutine(t, ctx, func() {
					v, err := anyio.RunValue(context.Background(), func(ctx context.Context) (int, error) { return portal.Call(ctx, p, seven) }, anyio.On(on))
					check("a run on "+on.Name(), v, err)
				})
			}
			return nil
		})
		testkit.WantNil(t, "portal", err)
	})
}
