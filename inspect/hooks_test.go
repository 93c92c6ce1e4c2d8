package inspect_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/inspect"
	"github.com/anyio-go/anyio/internal/testkit"
	"github.com/anyio-go/anyio/lowlevel"
)

// A log of what hooks were told of the tasks of one run.
type hookLog struct {
	mu    sync.Mutex
	lines []string
}

func (l *hookLog) note(t inspect.TaskEvent, format string, args ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lines = append(l.lines, fmt.Sprintf("%d ", t.Ref().Run)+t.Name()+" "+fmt.Sprintf(format, args...))
}

// of are the lines of a run.
func (l *hookLog) of(run uint64) (lines []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, line := range l.lines {
		if rest, ok := strings.CutPrefix(line, fmt.Sprintf("%d ", run)); ok {
			lines = append(lines, rest)
		}
	}
	return lines
}

func (l *hookLog) hook() (unhook func()) {
	return inspect.Hook(inspect.Hooks{
		TaskBegan: func(t inspect.TaskEvent) { l.note(t, "began below %d", t.Parent().Task) },
		TaskEnded: func(t inspect.TaskEvent, how anyio.Status, err error) { l.note(t, "%v: %v", how, err) },
		WaitBegan: func(t inspect.TaskEvent, op string) (ended func()) {
			l.note(t, "waits for %s", op)
			return func() { l.note(t, "waited for %s", op) }
		},
		ScopeCanceled: func(t inspect.TaskEvent, err error) {
			before, after, _ := strings.Cut(err.Error(), " (by ")
			l.note(t, "canceled: %s, %v", before, strings.HasPrefix(after, "inspect/hooks_test.go:"))
		},
	})
}

func blocks(ctx context.Context) error { return anyio.RunBlocking(ctx, func() error { return nil }) }

func TestHooksAreTold(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		l := &hookLog{}
		unhook := l.hook()
		defer unhook()
		me, _ := inspect.Of(ctx)
		var e anyio.Event
		err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			h := tg.Go(e.Wait, anyio.Name("one"))
			testkit.Settled(t, ctx)
			e.Set()
			if err := h.Wait(ctx); err != nil {
				return err
			}
			if err := tg.Go(blocks, anyio.Name("blocks")).Wait(ctx); err != nil {
				return err
			}
			tg.Go(anyio.SleepForever, anyio.Name("two"))
			testkit.Settled(t, ctx)
			tg.Cancel("enough")
			return nil
		})
		testkit.WantNil(t, "group", err)
		err = anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			tg.Go(func(context.Context) error { return testkit.ErrBoom }, anyio.Name("three"))
			return nil
		})
		if !errors.Is(err, testkit.ErrBoom) {
			t.Error(err)
		}
		unhook()
		unhook() // once more
		testkit.WantNil(t, "after", anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			tg.Go(lowlevel.Checkpoint, anyio.Name("four"))
			return nil
		}))

		lines := l.of(me.Run)
		for name, want := range map[string][]string{
			"one":    {"one began below 1", "one waits for Event.Wait", "one waited for Event.Wait", "one finished: <nil>"},
			"two":    {"two began below 1", "two waits for SleepForever", "two waited for SleepForever", "two canceled: anyio: canceled: enough"},
			"three":  {"three began below 1", "three failed: boom"},
			"four":   nil,
			"blocks": {"blocks began below 1", "blocks waits for RunBlocking", "blocks waited for RunBlocking", "blocks finished: <nil>"},
		} {
			var got []string
			for _, line := range lines {
				if strings.HasPrefix(line, name+" ") {
					line, _, _ = strings.Cut(line, " (by ")
					got = append(got, line)
				}
			}
			if !slices.Equal(got, want) {
				t.Errorf("%s: got %q, want %q", name, got, want)
			}
		}
		const want = "canceled: anyio: canceled: enough, true"
		if !slices.ContainsFunc(lines, func(line string) bool { return strings.HasSuffix(line, want) }) {
			t.Errorf("no %q in %q", want, lines)
		}
	})
}

// A goroutine that waits with the context of a task is not told of.
func TestHookOfWaitsOfTasksOnly(t *testing.T) {
	var mu sync.Mutex
	var told []string
	defer inspect.Hook(inspect.Hooks{WaitBegan: func(t inspect.TaskEvent, op string) (ended func()) {
		mu.Lock()
		defer mu.Unlock()
		if t.Name() == "one" {
			told = append(told, op)
		}
		return nil
	}})()
	testkit.Must(t, anyio.Run(t.Context(), func(ctx context.Context) error {
		var e anyio.Event
		var all sync.WaitGroup
		all.Go(func() { testkit.WantNil(t, "Wait", e.Wait(ctx)) })
		if err := anyio.Sleep(ctx, time.Millisecond); err != nil {
			return err
		}
		for e.TasksWaiting() == 0 {
			runtime.Gosched()
		}
		e.Set()
		all.Wait()
		return nil
	}, anyio.MainName("one"), anyio.On(anyio.Parallel())))
	if want := []string{"Sleep"}; !slices.Equal(told, want) {
		t.Errorf("told of %q, want %q", told, want)
	}
}

// What MoveOnStop runs is canceled when it is asked to stop, and that is told.
func TestHookOfAStop(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		l := &hookLog{}
		defer l.hook()()
		me, _ := inspect.Of(ctx)
		testkit.WantNil(t, "group", anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			tg.Go(func(ctx context.Context) error {
				_, err := anyio.MoveOnStop(ctx, anyio.SleepForever)
				return err
			}, anyio.Name("one"))
			testkit.Settled(t, ctx)
			tg.Stop("enough", anyio.Forever)
			return nil
		}))
		if want := "one canceled: anyio: canceled: enough, true"; !slices.Contains(l.of(me.Run), want) {
			t.Errorf("no %q in %q", want, l.of(me.Run))
		}
	})
}

func TestHooksOfRuns(t *testing.T) {
	var mu sync.Mutex
	var got []string
	note := func(what string) func(r inspect.RunEvent) {
		return func(r inspect.RunEvent) {
			mu.Lock()
			defer mu.Unlock()
			got = append(got, fmt.Sprint(what, " ", r.Backend, r.ID > 0))
		}
	}
	defer inspect.Hook(inspect.Hooks{RunBegan: note("began"), RunEnded: note("ended")})()
	var main anyio.Status
	defer inspect.Hook(inspect.Hooks{TaskEnded: func(_ inspect.TaskEvent, how anyio.Status, _ error) { main = how }})()
	testkit.Must(t, anyio.Run(t.Context(), func(context.Context) error { return nil }))
	if main != anyio.Finished {
		t.Errorf("the main task is %v", main)
	}
	err := anyio.Run(t.Context(), func(context.Context) error { return testkit.ErrBoom }, anyio.On(anyio.EventLoops(2)))
	if !errors.Is(err, testkit.ErrBoom) || main != anyio.Failed {
		t.Error(err, main)
	}
	if want := []string{"began paralleltrue", "ended paralleltrue", "began eventloopstrue", "ended eventloopstrue"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// A hook that panics harms nobody, and the others are told.
func TestHookThatPanics(t *testing.T) {
	log := testkit.CaptureLog(t)
	var told []string
	tell := func(what string) { told = append(told, what) }
	for _, hooks := range []inspect.Hooks{
		{
			RunBegan: func(inspect.RunEvent) { panic("begin of a run") }, RunEnded: func(inspect.RunEvent) { panic("end of a run") },
			TaskContext: func(context.Context, inspect.TaskEvent) context.Context { panic("context of a task") },
			TaskEnded:   func(inspect.TaskEvent, anyio.Status, error) { panic("end of a task") },
		},
		{ScopeCanceled: func(inspect.TaskEvent, error) { panic("cancellation") }, LoopTurned: func(inspect.TurnEvent) { panic("turn") }},
		{WaitBegan: func(inspect.TaskEvent, string) (ended func()) { return func() { panic("end of a wait") } }},
		{TaskBegan: func(inspect.TaskEvent) { panic("begin of a task") }, WaitBegan: func(inspect.TaskEvent, string) (ended func()) { panic("begin of a wait") }},
		{
			TaskBegan: func(inspect.TaskEvent) { tell("task") },
			WaitBegan: func(inspect.TaskEvent, string) (ended func()) { tell("wait"); return func() { tell("end") } },
		},
		{WaitBegan: func(inspect.TaskEvent, string) (ended func()) { tell("wait"); return nil }},
		{WaitBegan: func(inspect.TaskEvent, string) (ended func()) { return func() { tell("end first") } }},
	} {
		defer inspect.Hook(hooks)()
	}
	testkit.Must(t, anyio.Run(t.Context(), func(ctx context.Context) error {
		return anyio.WithCancelScope(ctx, func(inner context.Context, scope *anyio.CancelScope) error {
			scope.Cancel("enough")
			return blocks(ctx) //anyiovet:ignore outerctx it is to be canceled by nobody
		})
	}, anyio.On(anyio.EventLoop())))
	if want := []string{"task", "wait", "wait", "end first", "end"}; !slices.Equal(told, want) {
		t.Errorf("told %q, want %q", told, want)
	}
	if strings.Contains(log.Text(), "nil pointer") {
		t.Error("no function was called")
	}
	for _, what := range []string{
		"begin of a run", "end of a run", "context of a task", "begin of a task", "end of a task", "begin of a wait", "end of a wait", "cancellation", "turn",
	} {
		if !strings.Contains(log.Text(), what) {
			t.Errorf("%q is not in the log: %s", what, log.Text())
		}
	}
}

// A loop that is held up fires its timers late, and that is told.
func TestHookOfTurns(t *testing.T) {
	var behind time.Duration
	turns, ready := 0, 0
	defer inspect.Hook(inspect.Hooks{LoopTurned: func(turn inspect.TurnEvent) {
		turns++
		behind, ready = max(behind, turn.Behind), max(ready, turn.Ready)
		if turn.Loop != 0 || turn.Backend != "eventloop" || turn.Ready < 0 {
			t.Errorf("got %+v", turn)
		}
	}})()
	err := anyio.Run(t.Context(), func(ctx context.Context) error {
		return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			tg.Go(func(ctx context.Context) error { return anyio.Sleep(ctx, time.Millisecond) })
			testkit.Settled(t, ctx)
			for begun := time.Now(); time.Since(begun) < 3*time.Millisecond; { // and no other task runs
			}
			return nil
		})
	}, anyio.On(anyio.EventLoop()))
	testkit.WantNil(t, "Run", err)
	if turns == 0 || behind < time.Millisecond || ready == 0 {
		t.Errorf("%d turns, behind by %v, at most %d ready", turns, behind, ready)
	}
}

// Each of several loops tells of its own turns.
func TestHookOfTurnsOfSeveralLoops(t *testing.T) {
	var turns [3]atomic.Int32
	var run atomic.Uint64
	defer inspect.Hook(inspect.Hooks{
		RunBegan: func(r inspect.RunEvent) { run.Store(r.ID) },
		LoopTurned: func(turn inspect.TurnEvent) {
			turns[turn.Loop].Add(1)
			if turn.ID != run.Load() {
				t.Errorf("loop %d of run %d tells of run %d", turn.Loop, run.Load(), turn.ID)
			}
		},
	})()
	err := anyio.Run(t.Context(), func(ctx context.Context) error {
		return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			for loop := range turns {
				tg.Go(func(ctx context.Context) error { return anyio.Sleep(ctx, time.Millisecond) }, anyio.InLoop(loop))
			}
			return nil
		})
	}, anyio.On(anyio.EventLoops(len(turns))))
	testkit.WantNil(t, "Run", err)
	for loop := range turns {
		if turns[loop].Load() == 0 {
			t.Errorf("loop %d has told of no turn", loop)
		}
	}
}

func ExampleHook() {
	defer inspect.Hook(inspect.Hooks{
		TaskEnded: func(t inspect.TaskEvent, outcome anyio.Status, err error) {
			fmt.Println(t.Name(), outcome, err)
		},
	})()
	_ = anyio.Run(context.Background(), func(ctx context.Context) error {
		return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			return tg.Go(func(context.Context) error { return nil }, anyio.Name("worker")).Wait(ctx)
		})
	}, anyio.MainName("main"), anyio.On(anyio.EventLoop()))
	// Output:
	// worker finished <nil>
	// main finished <nil>
}

// A task has ended for its hooks before those who wait for it go on.
func TestTaskEndedIsToldFirst(t *testing.T) {
	for _, backend := range []anyio.Backend{anyio.Parallel(), anyio.EventLoop(), anyio.EventLoops(2)} {
		told := false // before Await returns
		unhook := inspect.Hook(inspect.Hooks{TaskEnded: func(e inspect.TaskEvent, _ anyio.Status, _ error) {
			if e.Name() == "one" {
				runtime.Gosched() // others would be faster
				told = true
			}
		}})
		err := anyio.Run(t.Context(), func(ctx context.Context) error {
			return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
				for range 100 {
					told = false
					if err := tg.Go(func(context.Context) error { return nil }, anyio.Name("one")).Wait(ctx); err != nil {
						return err
					}
					if !told {
						t.Fatalf("%s: a task has ended, and its hook was not told", backend.Name())
					}
				}
				return nil
			})
		}, anyio.On(backend))
		unhook()
		testkit.WantNil(t, "Run", err)
	}
}
