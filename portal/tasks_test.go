package portal_test

import (
	"context"
	"errors"
	"io"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/internal/testkit"
	"github.com/anyio-go/anyio/portal"
)

func TestPortalTaskCanceledAtOnceStillBegins(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		err := portal.With(ctx, func(ctx context.Context, p *portal.Portal) error {
			var waited error
			task, err := portal.Go(p, func(ctx context.Context) (int, error) {
				waited = anyio.SleepForever(ctx)
				return 1, waited
			})
			testkit.WantNil(t, "spawn", err)
			task.Cancel("at once")
			if _, err := task.Await(ctx); !errors.Is(err, anyio.ErrTaskCanceled) {
				t.Errorf("await: %v", err)
			}
			testkit.WantCanceled(t, "in the task", waited)
			return nil
		})
		testkit.WantNil(t, "portal", err)
	})
}

func TestPortalEndWaitsForItsTasks(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		var release anyio.Event
		ended := false
		var task *portal.Task[int]
		err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			tg.Go(func(ctx context.Context) error {
				return portal.With(ctx, func(ctx context.Context, p *portal.Portal) (err error) {
					task, err = portal.Go(p, func(ctx context.Context) (int, error) {
						err := release.Wait(ctx)
						ended = true
						return 7, err
					})
					return err
				})
			})
			testkit.Settled(t, ctx)
			if ended {
				t.Error("the task did not wait")
			}
			release.Set()
			return nil
		})
		testkit.WantNil(t, "group", err)
		if v, err := task.Await(ctx); v != 7 || err != nil || !ended {
			t.Errorf("%d, %v, ended %v", v, err, ended)
		}
	})
}

// A function that returns somebody else's cancellation has failed like any other.
func TestPortalTaskMayReturnAStrayCancellation(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		err := portal.With(ctx, func(ctx context.Context, p *portal.Portal) error {
			_, err := portal.Call(ctx, p, func(ctx context.Context) (int, error) { return 0, context.Canceled })
			if err != context.Canceled {
				t.Errorf("call: %v", err)
			}
			v, err := portal.Call(ctx, p, func(ctx context.Context) (int, error) { return 7, anyio.Sleep(ctx, 1) })
			if v != 7 || err != nil {
				t.Errorf("next call: %d, %v", v, err)
			}
			return nil
		})
		testkit.WantNil(t, "portal", err)
	})
}

// What goes wrong beside a cancellation reaches the caller, without it.
func TestErrorOfACanceledPortalTaskReachesTheCallerAlone(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		err := portal.With(ctx, func(ctx context.Context, p *portal.Portal) error {
			task, err := portal.Go(p, func(ctx context.Context) (int, error) {
				return 1, errors.Join(anyio.SleepForever(ctx), testkit.ErrBoom)
			})
			testkit.WantNil(t, "spawn", err)
			task.Cancel("test")
			if v, err := task.Await(ctx); v != 1 || !errors.Is(err, testkit.ErrBoom) || errors.Is(err, anyio.ErrCanceled) {
				t.Errorf("await: %d, %v", v, err)
			}
			return nil
		})
		testkit.WantNil(t, "portal", err)
	})
}

func TestPortalTaskSeesTheValuesOfTheContextGiven(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		type key struct{}
		err := portal.With(context.WithValue(ctx, key{}, "portal"), func(ctx context.Context, p *portal.Portal) error {
			value := func(ctx context.Context) (string, error) { return ctx.Value(key{}).(string), nil }
			elsewhere(t, ctx, func(ctx context.Context) {
				mine := context.WithValue(ctx, key{}, "caller")
				for i, want := range []string{"portal", "caller"} {
					opts := []anyio.TaskOption{anyio.ValuesOf(mine)}[:i]
					if v, err := portal.Call(mine, p, value, opts...); v != want || err != nil {
						t.Errorf("call: %q, %v, want %s", v, err, want)
					}
					task, err := portal.Go(p, value, opts...)
					testkit.WantNil(t, "spawn", err)
					if v, err := task.Await(ctx); v != want || err != nil {
						t.Errorf("spawn: %q, %v, want %s", v, err, want)
					}
				}
			})
			return nil
		})
		testkit.WantNil(t, "portal", err)
	})
}

func TestWaitingGoroutinesGoOnWhenAPortalIsStoppedWithItsTasks(t *testing.T) {
	for _, on := range []anyio.Backend{anyio.Parallel(), anyio.EventLoop()} {
		t.Run(on.Name(), func(t *testing.T) {
			ctx := context.Background()
			p, err := portal.New(ctx, anyio.On(on))
			if err != nil {
				t.Fatal(err)
			}
			var begun atomic.Int32
			var all anyio.Event
			var wg sync.WaitGroup
			for range 100 {
				wg.Go(func() {
					_, err := portal.Call(ctx, p, func(ctx context.Context) (int, error) {
						if begun.Add(1) == 100 {
							all.Set()
						}
						return 0, anyio.SleepForever(ctx)
					})
					if !errors.Is(err, anyio.ErrTaskCanceled) || errors.Is(err, anyio.ErrCanceled) {
						t.Errorf("call: %v", err)
					}
				})
			}
			testkit.WantNil(t, "begun", all.Wait(ctx))
			p.Cancel("the portal was stopped")
			wg.Wait()
			testkit.WantNil(t, "close", p.Close(ctx))
		})
	}
}

// A task group is opened here and closed there; its task fails in between.
func TestPortalOpenOfATaskGroupReturnsItsError(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		err := portal.With(ctx, func(ctx context.Context, p *portal.Portal) error {
			elsewhere(t, ctx, func(ctx context.Context) {
				tg, leave, err := portal.Open(ctx, p, anyio.WithTaskGroup)
				testkit.WantNil(t, "open", err)
				failed := tg.Go(func(ctx context.Context) error { return testkit.ErrBoom })
				testkit.WantNil(t, "wait", failed.Wait(ctx))
				err = leave(ctx, nil)
				if ge, ok := errors.AsType[*anyio.GroupError](err); !ok || ge.Len() != 1 || !errors.Is(err, testkit.ErrBoom) {
					t.Errorf("leave: %v", err)
				}
			})
			return nil
		})
		testkit.WantNil(t, "portal", err)
	})
}

func TestLeavingAPortalBodyGivesItTheVeryError(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		err := portal.With(ctx, func(ctx context.Context, p *portal.Portal) error {
			for _, give := range []error{testkit.ErrBoom, nil} {
				var got error
				_, leave, err := portal.Open(ctx, p, func(ctx context.Context, body func(ctx context.Context, v int) error) error {
					got = body(ctx, 1)
					return got
				})
				testkit.WantNil(t, "open", err)
				if err := leave(ctx, give); err != give || got != give {
					t.Errorf("leave: %v; the body: %v; want %v", err, got, give)
				}
			}
			return nil
		})
		testkit.WantNil(t, "portal", err)
	})
}

func TestCancellationThroughAPortalTellsWhereItCameFrom(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		err := portal.With(ctx, func(ctx context.Context, p *portal.Portal) error {
			for _, c := range []struct {
				reason string
				cancel func(task *portal.Task[int])
			}{
				{"enough", func(task *portal.Task[int]) { task.Cancel("enough") }},
				{"the portal was stopped", func(*portal.Task[int]) { p.Cancel("the portal was stopped") }},
			} {
				var cause error
				task, err := portal.Go(p, func(ctx context.Context) (int, error) {
					cause = anyio.SleepForever(ctx)
					return 0, cause
				})
				testkit.WantNil(t, "spawn", err)
				c.cancel(task)
				testkit.WantNil(t, "wait", anyio.Shielded(ctx, anyio.Forever, task.Wait))
				ce, ok := errors.AsType[*anyio.CanceledError](cause)
				if !ok || ce.Reason != c.reason || !strings.Contains(ce.Source, "portal/tasks_test.go") {
					t.Errorf("%s: %v", c.reason, cause)
				}
			}
			return nil
		})
		testkit.WantNil(t, "portal", err)
	})
}

// As Read does that has come to the end.
func TestPortalCallsReturnAValueBesideAnError(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		err := portal.With(ctx, func(ctx context.Context, p *portal.Portal) error {
			elsewhere(t, ctx, func(ctx context.Context) {
				f := func(ctx context.Context) (int, error) { return 3, io.EOF }
				if n, err := portal.Call(ctx, p, f); n != 3 || err != io.EOF {
					t.Errorf("call: %d, %v", n, err)
				}
				task, err := portal.Go(p, f)
				testkit.WantNil(t, "spawn", err)
				if n, err := task.Await(ctx); n != 3 || err != io.EOF {
					t.Errorf("await: %d, %v", n, err)
				}
			})
			return nil
		})
		testkit.WantNil(t, "portal", err)
	})
}

// A service task goes on until the others of the portal have ended, and is canceled then.
func TestServiceTaskOfAPortalEndsAfterTheOthers(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		err := portal.With(ctx, func(ctx context.Context, p *portal.Portal) error {
			var over anyio.Event
			_, err := portal.Go(p, func(ctx context.Context) (int, error) {
				err := anyio.SleepForever(ctx)
				if !over.IsSet() {
					t.Error("the service task has ended before the other one")
				}
				return 0, err
			}, anyio.Service())
			testkit.WantNil(t, "spawn", err)
			_, err = portal.Go(p, func(ctx context.Context) (int, error) {
				defer over.Set()
				return 0, anyio.Sleep(ctx, time.Millisecond)
			})
			return err
		})
		testkit.WantNil(t, "portal", err)
	})
}
