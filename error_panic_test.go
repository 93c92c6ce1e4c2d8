package anyio_test

import (
	"context"
	"errors"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/testkit"
	"github.com/anyio-go/anyio/sim"
)

func explode(context.Context) error { panic("ouch") }

func TestPanicIsReportedAtOnceAndRaisedAtTheEnd(t *testing.T) {
	testkit.OnEach(t, func(t *testing.T, run testkit.RunFunc) {
		var order []string
		var mu sync.Mutex
		note := func(s string) { mu.Lock(); order = append(order, s); mu.Unlock() }
		err := run(func(ctx context.Context) error {
			pe := testkit.WantPanicError(t, "ouch", func() {
				_ = anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
					tg.Go(func(ctx context.Context) error {
						err := anyio.SleepForever(ctx)
						note("sibling canceled")
						return err
					})
					tg.Go(func(ctx context.Context) error { testkit.Settled(t, ctx); return explode(ctx) }, anyio.Name("bomb"))
					return anyio.SleepForever(ctx)
				})
			})
			note("raised")
			if pe.Task != "bomb" || !strings.Contains(string(pe.Stack), "explode") || !strings.Contains(pe.Error(), `task "bomb" panicked: ouch`) {
				t.Errorf("panic: %v", pe)
			}
			return nil
		}, anyio.OnPanic(func(pe *anyio.PanicError) { note("reported " + pe.Task) }))
		testkit.WantNil(t, "run", err)
		if got := strings.Join(order, ", "); got != "reported bomb, sibling canceled, raised" {
			t.Errorf("order: %s", got)
		}
	})
}

func TestPanicGoesUpToTheCallerOfRunAndIsReportedOnce(t *testing.T) {
	testkit.OnEach(t, func(t *testing.T, run testkit.RunFunc) {
		reports := 0
		testkit.WantPanicError(t, "ouch", func() {
			_ = run(func(ctx context.Context) error {
				return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
					tg.Go(func(ctx context.Context) error {
						return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
							tg.Go(explode)
							return anyio.SleepForever(ctx)
						})
					})
					return anyio.SleepForever(ctx)
				})
			}, anyio.OnPanic(func(*anyio.PanicError) { reports++ }))
		})
		if reports != 1 {
			t.Errorf("%d reports", reports)
		}
	})
}

func TestPanicKeepsOtherErrorsOfItsGroup(t *testing.T) {
	testkit.OnEach(t, func(t *testing.T, run testkit.RunFunc) {
		err := run(func(ctx context.Context) error {
			pe := testkit.WantPanicError(t, "ouch", func() {
				_ = anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
					tg.Go(func(ctx context.Context) error { _ = anyio.SleepForever(ctx); return testkit.ErrBoom })
					tg.Go(func(ctx context.Context) error { testkit.Settled(t, ctx); return explode(ctx) })
					return nil
				})
			})
			if !errors.Is(pe.Group, testkit.ErrBoom) || !strings.Contains(pe.Error(), "other errors of the group") {
				t.Errorf("group: %v", pe.Group)
			}
			return nil
		}, anyio.OnPanic(testkit.Quiet))
		testkit.WantNil(t, "run", err)
	})
}

func TestRuntimeErrorsKeepTheirType(t *testing.T) {
	testkit.OnEach(t, func(t *testing.T, run testkit.RunFunc) {
		for _, f := range []func(context.Context) error{
			//lint:ignore SA5000 the panic is what is tested
			func(context.Context) error { var m map[int]int; m[1] = 1; return nil },
			func(context.Context) error { panic(nil) },
		} {
			v := testkit.Recovered(func() {
				_ = run(func(ctx context.Context) error {
					return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
						tg.Go(f)
						return nil
					})
				}, anyio.OnPanic(testkit.Quiet))
			})
			err, _ := v.(error)
			if _, ok := errors.AsType[runtime.Error](err); !ok {
				t.Errorf("panic: %v", v)
			}
		}
	})
}

func TestPanicOfMainAndOfTheBody(t *testing.T) {
	testkit.OnEach(t, func(t *testing.T, run testkit.RunFunc) {
		testkit.WantPanicError(t, "ouch", func() { _ = run(explode) })
		ended := 0
		testkit.WantPanicError(t, "body", func() {
			_ = run(func(ctx context.Context) error {
				return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
					tg.Go(func(ctx context.Context) error {
						err := anyio.SleepForever(ctx)
						ended++
						return err
					})
					tg.Go(explode)
					testkit.Settled(t, context.WithoutCancel(ctx))
					panic("body")
				})
			}, anyio.OnPanic(testkit.Quiet))
		})
		if ended != 1 {
			t.Error("the group did not wait for its task")
		}
	})
}

func TestPanicInAScopeOrTimeoutLeavesTheScope(t *testing.T) {
	testkit.OnEach(t, func(t *testing.T, run testkit.RunFunc) {
		err := run(func(ctx context.Context) error {
			var inner context.Context
			if v := testkit.Recovered(func() {
				_ = anyio.WithCancelScope(ctx, func(ctx context.Context, _ *anyio.CancelScope) error { inner = ctx; return explode(ctx) })
			}); v != "ouch" {
				t.Errorf("scope: %v", v)
			}
			testkit.WantCanceled(t, "scope left", context.Cause(inner))
			if v := testkit.Recovered(func() { _ = anyio.FailAfter(ctx, time.Hour, explode) }); v != "ouch" {
				t.Errorf("timeout: %v", v)
			}
			return anyio.Sleep(ctx, 0)
		})
		testkit.WantNil(t, "run", err)
	})
}

// A group that does not end within the grace lets the process crash.
func TestProcessCrashesWhenTheGroupOutlivesTheGrace(t *testing.T) {
	testkit.OnEach(t, func(t *testing.T, run testkit.RunFunc) {
		for _, grace := range []time.Duration{-time.Hour, 0, time.Millisecond} {
			wantCrash(t, run, grace)
		}
	})
}

func wantCrash(t *testing.T, run testkit.RunFunc, grace time.Duration) {
	var crashed anyio.Event
	var what *anyio.PanicError
	defer anyio.SetCrash(func(pe *anyio.PanicError) { what = pe; crashed.Set() })()
	err := run(func(ctx context.Context) error {
		testkit.WantPanicError(t, "ouch", func() {
			_ = anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
				tg.Go(explode, anyio.Name("bomb"))
				tg.Go(func(ctx context.Context) error { return anyio.Shielded(ctx, anyio.Forever, crashed.Wait) })
				return nil
			})
		})
		return nil
	}, anyio.PanicGrace(grace), anyio.OnPanic(testkit.Quiet))
	if err != nil || what == nil || what.Task != "bomb" {
		t.Errorf("run: %v; crash: %v", err, what)
	}
}

func TestNoCrashWithinTheGraceOrWithoutOne(t *testing.T) {
	testkit.OnEach(t, func(t *testing.T, run testkit.RunFunc) {
		defer anyio.SetCrash(func(pe *anyio.PanicError) { t.Errorf("crash: %v", pe) })()
		for _, grace := range []time.Duration{anyio.Forever, time.Hour} {
			err := run(func(ctx context.Context) error {
				testkit.WantPanicError(t, "ouch", func() {
					_ = anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
						tg.Go(explode)
						return nil
					})
				})
				return anyio.Sleep(ctx, time.Millisecond)
			}, anyio.PanicGrace(grace), anyio.OnPanic(testkit.Quiet))
			testkit.WantNil(t, "run", err)
		}
	})
}

// A panic with http.ErrAbortHandler asks net/http to abort a response and to log
// nothing: nobody logs it, wherever it came from.
func TestAbortedHandlerIsNotLogged(t *testing.T) {
	abort := func(context.Context) error { panic(http.ErrAbortHandler) }
	handlers := map[string]func(ctx context.Context) error{
		"task": func(ctx context.Context) error {
			return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
				tg.Go(abort)
				return anyio.SleepForever(ctx)
			})
		},
		"two groups": func(ctx context.Context) error {
			return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
				tg.Go(func(ctx context.Context) error {
					_, err := anyio.Gather(ctx, func(ctx context.Context) (int, error) { return 0, abort(ctx) })
					return err
				})
				return nil
			})
		},
		"run":  func(ctx context.Context) error { return anyio.Run(ctx, abort) },
		"loop": func(ctx context.Context) error { return anyio.Run(ctx, abort, anyio.On(anyio.EventLoop())) },
		"thread": func(ctx context.Context) error {
			return anyio.Run(ctx, func(ctx context.Context) error {
				_, err := anyio.RunBlockingValue(ctx, func() (int, error) { return 0, abort(ctx) })
				return err
			}, anyio.On(anyio.EventLoop()))
		},
	}
	logged := testkit.CaptureLog(t)
	for name, handler := range handlers {
		s := httptest.NewUnstartedServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { _ = handler(r.Context()) }))
		s.Config.ErrorLog = log.New(logged, "", 0)
		s.Start()
		resp, err := http.Get(s.URL)
		if err == nil {
			_ = resp.Body.Close()
			t.Errorf("%s: the response was not aborted", name)
		}
		s.Close()
		if text := logged.Take(); text != "" {
			t.Errorf("%s: logged %s", name, text)
		}
	}
}

// An abort hides no panic that is a failure.
func TestAbortHidesNoOtherPanic(t *testing.T) {
	testkit.OnEach(t, func(t *testing.T, run testkit.RunFunc) {
		pe := testkit.WantPanicError(t, "ouch", func() {
			_ = run(func(ctx context.Context) error {
				return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
					tg.Go(func(ctx context.Context) error { panic(http.ErrAbortHandler) })
					tg.Go(func(ctx context.Context) error { _ = anyio.SleepForever(ctx); return explode(ctx) })
					return nil
				})
			}, anyio.OnPanic(func(pe *anyio.PanicError) {
				if pe.Value != "ouch" {
					t.Errorf("reported: %v", pe)
				}
			}))
		})
		if !errors.Is(pe, http.ErrAbortHandler) {
			t.Errorf("the other panic is not told: %v", pe)
		}
	})
}

// All errors of all groups that a panic passes are in what the caller of Run gets.
func TestPanicKeepsTheErrorsOfAllGroupsItPasses(t *testing.T) {
	testkit.OnEach(t, func(t *testing.T, run testkit.RunFunc) {
		pe := testkit.WantPanicError(t, "ouch", func() {
			_ = run(func(ctx context.Context) error {
				return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
					tg.Go(func(ctx context.Context) error {
						return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
							tg.Go(func(ctx context.Context) error { _ = anyio.SleepForever(ctx); return io.EOF })
							tg.Go(func(ctx context.Context) error { _ = anyio.SleepForever(ctx); panic(errors.ErrUnsupported) })
							tg.Go(func(ctx context.Context) error { testkit.Settled(t, ctx); return explode(ctx) })
							return nil
						})
					})
					_ = anyio.SleepForever(ctx)
					return testkit.ErrBoom
				})
			}, anyio.OnPanic(testkit.Quiet))
		})
		for _, want := range []error{testkit.ErrBoom, io.EOF, errors.ErrUnsupported} {
			if !errors.Is(pe, want) {
				t.Errorf("%v is lost: %v", want, pe)
			}
		}
	})
}

// A cleanup that panics while a deadlocked run is taken down hides nothing.
func TestDeadlockIsSeenBesideThePanicOfACleanup(t *testing.T) {
	lockUp := func(ctx context.Context) error {
		var mu anyio.Lock
		if err := mu.Acquire(ctx); err != nil {
			return err
		}
		return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			tg.Go(func(ctx context.Context) error {
				defer mu.Release() // the usual mistake: released although not acquired
				return mu.Acquire(ctx)
			})
			return anyio.SleepForever(ctx)
		})
	}
	for name, main := range map[string]func(ctx context.Context) error{
		"task": lockUp,
		"main": func(ctx context.Context) error {
			defer panic("cleanup")
			return anyio.SleepForever(ctx)
		},
		"a group with other errors": func(ctx context.Context) error {
			return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
				tg.Go(lockUp)
				_ = anyio.SleepForever(ctx)
				return testkit.ErrBoom
			})
		},
	} {
		v := testkit.Recovered(func() {
			_ = anyio.Run(context.Background(), main, anyio.On(sim.New(sim.Config{Seed: 1})), anyio.OnPanic(testkit.Quiet))
		})
		pe, ok := v.(*anyio.PanicError)
		if !ok {
			t.Fatalf("%s: raised %T %v", name, v, v)
		}
		if d := (*sim.DeadlockError)(nil); !errors.As(pe, &d) || len(d.Tasks) == 0 || !strings.Contains(pe.Error(), "deadlock") {
			t.Errorf("%s: no deadlock in %v", name, pe)
		}
		if strings.HasPrefix(name, "a group") && !errors.Is(pe, testkit.ErrBoom) {
			t.Errorf("%s: the other error is lost: %v", name, pe)
		}
	}
}
