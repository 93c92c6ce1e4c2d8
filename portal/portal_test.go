package portal_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/internal/testkit"
	"github.com/anyio-go/anyio/portal"
)

// elsewhere calls f on a goroutine that is no task of the run, or, in the
// simulator, in a task, and waits for its end.
func elsewhere(t *testing.T, ctx context.Context, f func(ctx context.Context)) {
	t.Helper()
	inside := testkit.Simulated(ctx)
	err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
		if inside {
			tg.Go(func(ctx context.Context) error { f(ctx); return nil })
			return nil
		}
		var done anyio.Event
		go func() { defer done.Set(); f(context.Background()) }()
		return done.Wait(ctx)
	})
	if err != nil {
		t.Errorf("elsewhere: %v", err)
	}
}

func TestPortalCallsReturnWhatTheFunctionReturns(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		type key struct{}
		err := portal.With(context.WithValue(ctx, key{}, "value"), func(ctx context.Context, p *portal.Portal) error {
			backend := testkit.BackendOf(ctx)
			elsewhere(t, ctx, func(ctx context.Context) {
				got, err := portal.Call(ctx, p, func(ctx context.Context) (string, error) {
					if b := testkit.BackendOf(ctx); b != backend {
						t.Errorf("the call runs on %s", b)
					}
					err := anyio.Sleep(ctx, 1)
					return ctx.Value(key{}).(string), err
				})
				if got != "value" || err != nil {
					t.Errorf("got %q, %v", got, err)
				}
				_, err = portal.Call(ctx, p, func(ctx context.Context) (int, error) { return 1, testkit.ErrBoom })
				if err != testkit.ErrBoom {
					t.Errorf("error %v", err)
				}
			})
			// A task of the run may call, too, and the error above has harmed nobody.
			got, err := portal.Call(ctx, p, func(ctx context.Context) (int, error) { return 42, anyio.Sleep(ctx, 0) })
			if got != 42 || err != nil {
				t.Errorf("from a task: %d, %v", got, err)
			}
			return nil
		})
		testkit.WantNil(t, "portal", err)
	})
}

func TestStoppedPortalTakesNoCallsAndItsTasksEnd(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		for _, cancelRemaining := range []bool{false, true} {
			var release anyio.Event
			var ended error
			err := portal.With(ctx, func(ctx context.Context, p *portal.Portal) error {
				_, err := portal.Go(p, func(ctx context.Context) (struct{}, error) {
					ended = release.Wait(ctx)
					return struct{}{}, ended
				})
				if err != nil {
					return err
				}
				testkit.Settled(t, ctx)
				if _, err := portal.Go(p, func(ctx context.Context) (int, error) { stop(p, cancelRemaining); return 0, nil }); err != nil {
					return err
				}
				err = p.WaitStopped(ctx)
				if !cancelRemaining {
					testkit.WantNil(t, "WaitStopped", err)
				}
				_, err = portal.Go(p, func(ctx context.Context) (int, error) { return 0, nil })
				if !errors.Is(err, portal.ErrStopped) {
					t.Errorf("spawn: %v", err)
				}
				release.Set()
				return nil
			})
			testkit.WantNil(t, "portal", err)
			if cancelRemaining != errors.Is(ended, anyio.ErrCanceled) {
				t.Errorf("cancelRemaining %v: task ended with %v", cancelRemaining, ended)
			}
		}
	})
}

func TestPortalBodyThatFailsCancelsTheTasks(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		var ended error
		err := portal.With(ctx, func(ctx context.Context, p *portal.Portal) error {
			if _, err := portal.Go(p, func(ctx context.Context) (int, error) {
				ended = anyio.SleepForever(ctx)
				return 0, ended
			}); err != nil {
				return err
			}
			testkit.Settled(t, ctx)
			return testkit.ErrBoom
		})
		if !errors.Is(err, testkit.ErrBoom) || !errors.Is(ended, anyio.ErrCanceled) {
			t.Errorf("portal %v, task %v", err, ended)
		}
	})
}

func TestPanicInAPortalTaskTakesThePortalDown(t *testing.T) {
	testkit.OnEach(t, func(t *testing.T, run testkit.RunFunc) {
		var call error
		testkit.WantPanicError(t, "boom", func() {
			_ = run(func(ctx context.Context) error {
				return portal.With(ctx, func(ctx context.Context, p *portal.Portal) error {
					task, err := portal.Go(p, func(ctx context.Context) (int, error) { panic("boom") })
					if err != nil {
						return err
					}
					return anyio.Shielded(ctx, anyio.Forever, func(ctx context.Context) error {
						_, call = task.Await(ctx)
						return nil
					})
				})
			}, anyio.OnPanic(testkit.Quiet))
		})
		if pe, ok := errors.AsType[*anyio.PanicError](call); !ok || pe.Value != "boom" {
			t.Errorf("the caller got %v", call)
		}
	})
}

func TestCanceledPortalCallEndsItsTaskFirst(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		err := portal.With(ctx, func(ctx context.Context, p *portal.Portal) error {
			var ended atomic.Bool
			err := anyio.WithCancelScope(ctx, func(ctx context.Context, s *anyio.CancelScope) error {
				_, err := portal.Call(ctx, p, func(ctx context.Context) (int, error) {
					s.Cancel("the caller")
					err := anyio.SleepForever(ctx)
					ended.Store(true)
					return 0, err
				})
				testkit.WantCanceled(t, "call", err)
				return err
			})
			testkit.WantNil(t, "scope", err)
			if !ended.Load() {
				t.Error("the call returned before its task")
			}
			err = anyio.WithCancelScope(ctx, func(ctx context.Context, s *anyio.CancelScope) error {
				s.Cancel("")
				_, err := portal.Call(ctx, p, func(ctx context.Context) (int, error) { t.Error("called"); return 0, nil })
				return err
			})
			testkit.WantNil(t, "canceled before", err)
			return nil
		})
		testkit.WantNil(t, "portal", err)
	})
}

func TestPortalStartReturnsTheStartedValueOrTheEarlyError(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		err := portal.With(ctx, func(ctx context.Context, p *portal.Portal) error {
			port, task, err := portal.Start(ctx, p, func(ctx context.Context, started func(int)) (string, error) {
				started(80)
				return "served", anyio.Sleep(ctx, 1)
			})
			if port != 80 || err != nil {
				t.Errorf("start: %d, %v", port, err)
			}
			if v, err := task.Await(ctx); v != "served" || err != nil {
				t.Errorf("end: %q, %v", v, err)
			}
			_, _, err = portal.Start(ctx, p, func(ctx context.Context, started func(int)) (string, error) { return "", testkit.ErrBoom })
			if err != testkit.ErrBoom {
				t.Errorf("crash before: %v", err)
			}
			_, _, err = portal.Start(ctx, p, func(ctx context.Context, started func(int)) (string, error) { return "", nil }, anyio.Name("quiet"))
			if err == nil || err.Error() != `anyio: task "quiet" ended without calling started` {
				t.Errorf("never started: %v", err)
			}
			_, task, err = portal.Start(ctx, p, func(ctx context.Context, started func(int)) (string, error) { started(1); return "", testkit.ErrBoom })
			testkit.WantNil(t, "crash after", err)
			if _, err := task.Await(ctx); err != testkit.ErrBoom {
				t.Errorf("crash after: %v", err)
			}
			return nil
		})
		testkit.WantNil(t, "portal", err)
	})
}

func TestPortalOpenRunsEntryAndExitInOneTask(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		err := portal.With(ctx, func(ctx context.Context, p *portal.Portal) error {
			var entered, exited anyio.TaskInfo
			with := func(swallow bool) func(ctx context.Context, body func(ctx context.Context, v int) error) error {
				return func(ctx context.Context, body func(ctx context.Context, v int) error) error {
					entered, _ = anyio.CurrentTask(ctx)
					err := body(ctx, 7)
					exited, _ = anyio.CurrentTask(ctx)
					if swallow {
						return nil
					}
					return err
				}
			}
			for _, swallow := range []bool{false, true} {
				v, leave, err := portal.Open(ctx, p, with(swallow))
				if v != 7 || err != nil {
					t.Fatalf("open: %d, %v", v, err)
				}
				err = leave(ctx, testkit.ErrBoom)
				if swallow && err != nil || !swallow && !errors.Is(err, testkit.ErrBoom) {
					t.Errorf("swallow %v: %v", swallow, err)
				}
				if entered.ID != exited.ID {
					t.Error("entry and exit ran in different tasks")
				}
			}
			_, _, err := portal.Open(ctx, p, func(ctx context.Context, body func(ctx context.Context, v int) error) error { return testkit.ErrBoom })
			if err != testkit.ErrBoom {
				t.Errorf("failing entry: %v", err)
			}
			return nil
		})
		testkit.WantNil(t, "portal", err)
	})
}

func TestPortalOpenCleansUpWhenItsTaskIsCanceled(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		err := portal.With(ctx, func(ctx context.Context, p *portal.Portal) error {
			cleaned := false
			_, leave, err := portal.Open(ctx, p, func(ctx context.Context, body func(ctx context.Context, v int) error) error {
				err := body(ctx, 1)
				cleaned = true
				return err
			})
			testkit.WantNil(t, "open", err)
			p.Cancel("the portal was stopped")
			return anyio.Shielded(ctx, anyio.Forever, func(ctx context.Context) error {
				if err := leave(ctx, nil); !errors.Is(err, anyio.ErrTaskCanceled) {
					t.Errorf("leave: %v", err)
				}
				if !cleaned {
					t.Error("the exit was not run")
				}
				return nil
			})
		})
		testkit.WantNil(t, "portal", err)
	}, likeGoroutines, anyiotest.Seeds(1, 2, 4, 6, 10))
}

func TestStartedPortalIsARunOfItsOwn(t *testing.T) {
	for _, on := range []anyio.Backend{anyio.Parallel(), anyio.EventLoop()} {
		t.Run(on.Name(), func(t *testing.T) {
			ctx := context.Background()
			p, err := portal.New(ctx, anyio.On(on))
			if err != nil {
				t.Fatal(err)
			}
			name, err := portal.Call(ctx, p, func(ctx context.Context) (string, error) { return testkit.BackendOf(ctx), nil })
			if name != on.Name() || err != nil {
				t.Errorf("got %q, %v", name, err)
			}
			task, err := portal.Go(p, func(ctx context.Context) (int, error) { return 3, anyio.Sleep(ctx, 1) })
			if err != nil {
				t.Fatal(err)
			}
			testkit.WantNil(t, "close", p.Close(ctx))
			testkit.WantNil(t, "close again", p.Close(ctx))
			if v, err := task.Await(ctx); v != 3 || err != nil {
				t.Errorf("Close did not wait: %d, %v", v, err)
			}
			if _, err := portal.Call(ctx, p, func(ctx context.Context) (int, error) { return 0, nil }); err != portal.ErrStopped {
				t.Errorf("after the end: %v", err)
			}
		})
	}
}

func TestClosingAStartedPortalInACanceledScopeCancelsItsTasks(t *testing.T) {
	p, err := portal.New(context.Background(), anyio.On(anyio.EventLoop()))
	if err != nil {
		t.Fatal(err)
	}
	task, err := portal.Go(p, func(ctx context.Context) (int, error) { return 0, anyio.SleepForever(ctx) })
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	testkit.WantNil(t, "close", p.Close(ctx))
	if _, err := task.Await(context.Background()); !errors.Is(err, anyio.ErrTaskCanceled) {
		t.Errorf("task: %v", err)
	}
}

func TestPanicInAStartedPortalIsRaisedByClose(t *testing.T) {
	p, err := portal.New(context.Background(), anyio.OnPanic(testkit.Quiet))
	if err != nil {
		t.Fatal(err)
	}
	_, err = portal.Call(context.Background(), p, func(ctx context.Context) (int, error) { panic("boom") })
	if _, ok := errors.AsType[*anyio.PanicError](err); !ok {
		t.Errorf("call: %v", err)
	}
	testkit.WantPanicError(t, "boom", func() { _ = p.Close(context.Background()) })
}

func TestPortalOfOneBackendServesTasksOfAnother(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		if testkit.Simulated(ctx) {
			_, err := portal.New(ctx)
			testkit.WantMisuse(t, "portal.New in a simulation", err)
			return
		}
		for _, on := range []anyio.Backend{anyio.Parallel(), anyio.EventLoop()} {
			p, err := portal.New(context.Background(), anyio.On(on))
			if err != nil {
				t.Fatal(err)
			}
			err = anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
				for i := range 10 {
					tg.Go(func(ctx context.Context) error {
						v, err := portal.Call(ctx, p, func(ctx context.Context) (int, error) { return i, anyio.Sleep(ctx, 1) })
						if v != i {
							t.Errorf("call %d: %d, %v", i, v, err)
						}
						return err
					})
				}
				return nil
			})
			testkit.WantNil(t, "calls", err)
			testkit.WantNil(t, "close", p.Close(ctx))
		}
	})
}

// Ten thousand calls of a hundred goroutines while the portal stops: each one is
// refused, or runs and returns its value.
func TestCallsWhileAPortalStopsRunOrAreRefused(t *testing.T) {
	for _, on := range []anyio.Backend{anyio.Parallel(), anyio.EventLoop()} {
		t.Run(on.Name(), func(t *testing.T) {
			ctx := context.Background()
			p, err := portal.New(ctx, anyio.On(on))
			if err != nil {
				t.Fatal(err)
			}
			var ran, returned, refused atomic.Int64
			var wg sync.WaitGroup
			for range 100 {
				wg.Go(func() {
					for i := range 100 {
						v, err := portal.Call(ctx, p, func(ctx context.Context) (int, error) {
							if ran.Add(1) == 5000 {
								p.Stop()
							}
							return i, nil
						})
						switch {
						case err == nil && v == i:
							returned.Add(1)
						case errors.Is(err, portal.ErrStopped):
							refused.Add(1)
						default:
							t.Errorf("call: %d, %v", v, err)
						}
					}
				})
			}
			wg.Wait()
			testkit.WantNil(t, "close", p.Close(ctx))
			if ran.Load() != returned.Load() || returned.Load()+refused.Load() != 10_000 || refused.Load() == 0 {
				t.Errorf("%d ran, %d returned, %d were refused", ran.Load(), returned.Load(), refused.Load())
			}
		})
	}
}

func TestPortalProviderSharesOneRun(t *testing.T) {
	ctx := context.Background()
	pp := portal.NewProvider(anyio.On(anyio.EventLoop()))
	var portals []*portal.Portal
	for range 2 { // the second time anew
		first, err := pp.Acquire(ctx)
		if err != nil {
			t.Fatal(err)
		}
		second, err := pp.Acquire(ctx)
		if first != second || err != nil {
			t.Errorf("two portals at once, %v", err)
		}
		testkit.WantNil(t, "release", pp.Release(ctx))
		v, err := portal.Call(ctx, first, func(context.Context) (int, error) { return 1, nil })
		if v != 1 || err != nil {
			t.Errorf("after one release: %d, %v", v, err)
		}
		testkit.WantNil(t, "last release", pp.Release(ctx))
		if _, err := portal.Call(ctx, first, func(context.Context) (int, error) { return 1, nil }); err != portal.ErrStopped {
			t.Errorf("after the last release: %v", err)
		}
		portals = append(portals, first)
	}
	if portals[0] == portals[1] {
		t.Error("an ended run came back")
	}
	testkit.WantMisuse(t, "one release too many", pp.Release(ctx))
}

// stop stops a portal, and cancels the tasks that are left if it is told to.
func stop(p *portal.Portal, cancelRemaining bool) {
	if cancelRemaining {
		p.Cancel("the portal was stopped")
	} else {
		p.Stop()
	}
}
