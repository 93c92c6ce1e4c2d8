package inspect_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/asyncio"
	"github.com/anyio-go/anyio/inspect"
	"github.com/anyio-go/anyio/internal/testkit"
	"github.com/anyio-go/anyio/portal"
)

// A pathKey leads to the names of the tasks above, and of the task itself.
type pathKey struct{ n int }

func pathOf(ctx context.Context, n int) []string {
	path, _ := ctx.Value(pathKey{n}).([]string)
	return path
}

// addPath lets contexts have it.
func addPath(n int) (unhook func()) {
	return inspect.Hook(inspect.Hooks{TaskContext: func(ctx context.Context, t inspect.TaskEvent) context.Context {
		if n == 1 {
			ctx = t.Context() // which is as good
		}
		return context.WithValue(ctx, pathKey{n}, append(slices.Clip(pathOf(ctx, n)), t.Name()))
	}})
}

type callerKey struct{}

func TestTaskContextAddsValues(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		for n := range 2 { // that of one hook is derived from that of the other
			defer addPath(n)()
		}
		want := func(ctx context.Context, path ...string) {
			t.Helper()
			for n := range 2 {
				if got := pathOf(ctx, n); !slices.Equal(got, path) {
					t.Errorf("hook %d: got %q, want %q", n, got, path)
				}
			}
			if ctx.Value(callerKey{}) != "caller" {
				t.Error("the values of the group's context are gone")
			}
		}
		want(context.WithValue(ctx, callerKey{}, "caller")) // it had begun before
		leaf := func(path ...string) func(ctx context.Context) error {
			return func(ctx context.Context) error {
				want(ctx, path...)
				return anyio.WithCancelScope(ctx, func(ctx context.Context, s *anyio.CancelScope) error {
					want(ctx, path...)
					s.Cancel("enough")
					if cause := context.Cause(ctx); ctx.Err() != context.Canceled || !errors.Is(cause, anyio.ErrCanceled) {
						t.Errorf("canceled with %v by %v", ctx.Err(), cause)
					}
					return nil
				})
			}
		}
		err := anyio.WithTaskGroup(context.WithValue(ctx, callerKey{}, "caller"), func(ctx context.Context, tg *anyio.TaskGroup) error {
			tg.Go(func(ctx context.Context) error {
				want(ctx, "outer")
				return portal.With(ctx, func(ctx context.Context, p *portal.Portal) error {
					_, err := portal.Call(ctx, p, func(ctx context.Context) (int, error) {
						return 0, leaf("outer", "called")(ctx)
					}, anyio.Name("called"))
					return err
				})
			}, anyio.Name("outer"))
			if _, err := anyio.Start(ctx, tg, func(ctx context.Context, started func(int)) error {
				started(1)
				return leaf("started")(ctx)
			}, anyio.Name("started")); err != nil {
				return err
			}
			tg.Go(leaf("serves"), anyio.Name("serves"), anyio.Service())
			return nil
		})
		testkit.WantNil(t, "group", err)
	})
}

// The main tasks of runs have them, too, and those of loops as asyncio knows them.
func TestTaskContextOfMainTasks(t *testing.T) {
	defer addPath(0)()
	for _, backend := range []anyio.Backend{anyio.Parallel(), anyio.EventLoop(), anyio.EventLoops(2)} {
		err := anyio.Run(context.WithValue(t.Context(), callerKey{}, "caller"), func(ctx context.Context) error {
			if path := pathOf(ctx, 0); !slices.Equal(path, []string{"main"}) || ctx.Value(callerKey{}) != "caller" {
				t.Errorf("%s: %q", backend.Name(), path)
			}
			return nil
		}, anyio.On(backend), anyio.MainName("main"))
		testkit.WantNil(t, "Run", err)
	}
	var path []string
	err := asyncio.Run(t.Context(), func(ctx context.Context) error {
		path = pathOf(ctx, 0)
		return nil
	})
	testkit.WantNil(t, "asyncio.Run", err)
	if len(path) == 0 {
		t.Error("asyncio: no value")
	}
}

// What a hook returns may be wrong: then the task has its context, and the log tells.
func TestTaskContextThatIsWrong(t *testing.T) {
	for what, wrong := range map[string]func(ctx context.Context) context.Context{
		"returned no context":      func(context.Context) context.Context { return nil },
		"that is not derived from": func(context.Context) context.Context { return context.WithValue(t.Context(), pathKey{}, 1) },
		"a hook panicked":          func(context.Context) context.Context { panic("hook") },
	} {
		log := testkit.CaptureLog(t)
		unhook := inspect.Hook(inspect.Hooks{TaskContext: func(ctx context.Context, _ inspect.TaskEvent) context.Context { return wrong(ctx) }})
		err := anyio.Run(t.Context(), func(ctx context.Context) error {
			if ctx.Value(pathKey{}) != nil {
				t.Errorf("%s: its value is there", what)
			}
			if _, ok := inspect.Of(ctx); !ok {
				t.Errorf("%s: the context is not the task's", what)
			}
			return anyio.Sleep(ctx, 0)
		})
		unhook()
		if text := log.Take(); err != nil || !strings.Contains(text, what) {
			t.Errorf("%s: %v, %q", what, err, text)
		}
	}
}

// Of the context that a hook returns only the values count: who cancels it cancels nobody.
func TestTaskContextCancelsNobody(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		defer inspect.Hook(inspect.Hooks{TaskContext: func(ctx context.Context, _ inspect.TaskEvent) context.Context {
			ctx, cancel := context.WithCancel(context.WithValue(ctx, pathKey{}, []string{"value"}))
			cancel()
			return ctx
		}})()
		testkit.WantNil(t, "group", anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			return tg.Go(func(ctx context.Context) error {
				if len(pathOf(ctx, 0)) != 1 {
					t.Error("no value")
				}
				return errors.Join(ctx.Err(), context.Cause(ctx), anyio.Sleep(ctx, 1))
			}).Wait(ctx)
		}))
	})
}

// A hook is told who waits for a task of a portal, unless it is told whose values that has.
func TestCallersOfPortals(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		me, _ := inspect.Of(ctx)
		var mu sync.Mutex
		callers := map[string]any{}
		defer inspect.Hook(inspect.Hooks{TaskBegan: func(t inspect.TaskEvent) {
			mu.Lock()
			defer mu.Unlock()
			if t.Run().ID != me.Run {
				return
			}
			callers[t.Name()] = nil
			if caller := t.Caller(); caller != nil {
				callers[t.Name()] = caller.Value(callerKey{})
			}
		}})()
		f := func(context.Context) (int, error) { return 0, nil }
		err := portal.With(ctx, func(ctx context.Context, p *portal.Portal) error {
			ctx = context.WithValue(ctx, callerKey{}, "caller")
			_, err := portal.Call(ctx, p, f, anyio.Name("called"))
			testkit.WantNil(t, "Call", err)
			_, err = portal.Call(ctx, p, f, anyio.Name("with values"), anyio.ValuesOf(ctx))
			testkit.WantNil(t, "Call", err)
			_, _, err = portal.Start(ctx, p, func(_ context.Context, started func(int)) (int, error) {
				started(1)
				return 0, nil
			}, anyio.Name("started"))
			testkit.WantNil(t, "Start", err)
			_, err = portal.Go(p, f, anyio.Name("apart"))
			return err
		})
		testkit.WantNil(t, "With", err)
		for name, want := range map[string]any{"called": "caller", "with values": nil, "started": "caller", "apart": nil} {
			if got, ok := callers[name]; got != want || !ok {
				t.Errorf("%s: the caller is %v, want %v", name, got, want)
			}
		}
	})
	if none := (inspect.TaskEvent{}); none.Caller() != nil || none.Run() != (inspect.RunEvent{}) {
		t.Error("no task has a caller, or a run")
	}
}

// Hooks find the values again by which they know a task, whoever tells them of it.
func TestHooksSeeTheValuesOfTaskContext(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		me, _ := inspect.Of(ctx)
		var mu sync.Mutex
		told := make(map[string]bool)
		note := func(what string) func(t inspect.TaskEvent) {
			return func(t inspect.TaskEvent) {
				if t.Ref().Run == me.Run && t.Name() == "one" {
					mu.Lock()
					defer mu.Unlock()
					told[what] = slices.Equal(pathOf(t.Context(), 0), []string{"one"})
				}
			}
		}
		defer addPath(0)()
		defer inspect.Hook(inspect.Hooks{
			TaskBegan: note("TaskBegan"),
			TaskEnded: func(t inspect.TaskEvent, _ anyio.Status, _ error) { note("TaskEnded")(t) },
			WaitBegan: func(t inspect.TaskEvent, _ string) (ended func()) {
				note("WaitBegan")(t)
				return func() { note("ended")(t) }
			},
			ScopeCanceled: func(t inspect.TaskEvent, _ error) { note("ScopeCanceled")(t) },
		})()
		testkit.WantNil(t, "group", anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			h := tg.Go(anyio.SleepForever, anyio.Name("one"))
			testkit.Settled(t, ctx)
			h.Cancel("enough")
			return h.Wait(ctx)
		}))
		for _, what := range []string{"TaskBegan", "TaskEnded", "WaitBegan", "ended", "ScopeCanceled"} {
			if !told[what] {
				t.Errorf("%s: no value", what)
			}
		}
	})
	if ctx := (inspect.TaskEvent{}).Context(); ctx != context.Background() {
		t.Errorf("no task has the context %v", ctx)
	}
}

// Who cancels a task sees its values, however little he has to do with it. It is a look and
// no race.
func TestValuesOfACanceledTaskAreSeen(t *testing.T) {
	defer addPath(0)()
	var mu sync.Mutex
	var seen []string
	defer inspect.Hook(inspect.Hooks{ScopeCanceled: func(t inspect.TaskEvent, _ error) {
		mu.Lock()
		defer mu.Unlock()
		seen = append(seen, pathOf(t.Context(), 0)...)
	}})()
	for _, backend := range []anyio.Backend{anyio.Parallel(), anyio.EventLoop()} {
		seen = nil
		err := anyio.Run(t.Context(), func(ctx context.Context) error {
			return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
				h := tg.Go(anyio.SleepForever, anyio.Name("one"))
				if err := anyio.WaitAllTasksBlocked(ctx); err != nil { // of which the detector learns nothing
					return err
				}
				h.Cancel("enough")
				return nil
			})
		}, anyio.On(backend), anyio.MainName("main"))
		testkit.WantNil(t, "Run", err)
		if want := []string{"main", "one"}; !slices.Equal(seen, want) {
			t.Errorf("%s: seen %q, want %q", backend.Name(), seen, want)
		}
	}
}

// The context that a TaskContext hook is called with is canceled as the task is.
func TestContextOfATaskThatBeginsCanceled(t *testing.T) {
	var cause atomic.Value
	defer inspect.Hook(inspect.Hooks{TaskContext: func(ctx context.Context, t inspect.TaskEvent) context.Context {
		if t.Name() == "late" {
			cause.Store(context.Cause(ctx))
		}
		return ctx
	}})()
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		testkit.WantNil(t, "group", anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			tg.Cancel("enough")
			tg.Go(anyio.SleepForever, anyio.Name("late"))
			return nil
		}))
		if err, _ := cause.Load().(error); !errors.Is(err, anyio.ErrCanceled) || !strings.Contains(err.Error(), "enough") {
			t.Errorf("got %v", err)
		}
	})
}
