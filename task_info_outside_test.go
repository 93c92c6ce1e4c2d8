package anyio_test

import (
	"bytes"
	"context"
	"net/http"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/internal/kernel"
	"github.com/anyio-go/anyio/internal/testkit"
	"github.com/anyio-go/anyio/lowlevel"
)

// outside calls f on a goroutine that is no task, while the calling task stands still.
func outside(f func()) {
	done := make(chan struct{})
	go func() { defer close(done); f() }()
	<-done
}

// Whoever asks, and with whosever context, a task that waits is seen to wait.
func TestTaskSeenFromOutsideIsWhatItIs(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		var ev anyio.Event
		err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			waiterCtx := make(chan context.Context, 1)
			at := ""
			tg.Go(func(ctx context.Context) error {
				waiterCtx <- ctx
				at = testkit.Line(1)
				return ev.Wait(ctx)
			}, anyio.Name("waiter"))
			tg.Go(func(ctx context.Context) error {
				defer ev.Set()
				testkit.Settled(t, ctx)
				theirs := <-waiterCtx
				look := func(from string) {
					i, _ := anyio.CurrentTask(theirs)
					testkit.WantWait(t, "CurrentTask "+from, i, anyio.TaskWaiting, "Event.Wait")
					testkit.WantWait(t, "RunningTasks "+from, testkit.TaskNamed(t, theirs, "waiter"), anyio.TaskWaiting, "Event.Wait")
					if s := i.Sources(); len(s) != 1 || s[0] != at {
						t.Errorf("sources %s: %q, want %q", from, s, at)
					}
				}
				look("by another task")
				testkit.WantWait(t, "by itself", testkit.TaskNamed(t, theirs, "looker"), anyio.TaskRunning, "")
				outside(func() {
					look("from outside")
					testkit.WantWait(t, "the looker from outside", testkit.TaskNamed(t, ctx, "looker"), anyio.TaskReady, "")
				})
				return nil
			}, anyio.Name("looker"))
			return nil
		})
		testkit.WantNil(t, "group", err)
	})
}

// A wait is that of the task that waits, not of the task whose context it uses.
func TestWaitWithTheContextOfAnotherTaskIsOnesOwn(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		var ev anyio.Event
		outer := ctx
		err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			tg.Go(func(context.Context) error { return ev.Wait(outer) }, anyio.Name("borrower"))
			testkit.Settled(t, ctx) // on parallel this, too, must see it wait
			self := current(t, ctx)
			outside(func() {
				testkit.WantWait(t, "borrower", testkit.TaskNamed(t, ctx, "borrower"), anyio.TaskWaiting, "Event.Wait")
				testkit.WantWait(t, "lender", testkit.TaskNamed(t, ctx, self.Name), anyio.TaskReady, "")
			})
			ev.Set()
			return nil
		})
		testkit.WantNil(t, "group", err)
	})
}

// On a loop a wait with a context of no scope is its task's, also after one of somebody else's.
func TestWaitWithoutAScopeAfterThatOfAStranger(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		if !kernel.Locate(ctx).Run().Loop {
			t.Skip("on goroutines such a wait is nobody's")
		}
		outer := ctx
		for range 5 {
			var theirs, own anyio.Event
			err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
				borrower := tg.Go(func(context.Context) error { return theirs.Wait(outer) })
				testkit.Settled(t, ctx)
				theirs.Set()
				testkit.WantNil(t, "the end of the borrower", borrower.Wait(ctx))
				tg.Go(func(context.Context) error { return own.Wait(context.Background()) }, anyio.Name("scopeless"))
				testkit.Settled(t, ctx)
				testkit.WantWait(t, "scopeless", testkit.TaskNamed(t, ctx, "scopeless"), anyio.TaskWaiting, "Event.Wait")
				own.Set()
				return nil
			})
			testkit.WantNil(t, "group", err)
		}
	})
}

// A goroutine that waits with a task's context does not make the task wait.
func TestGoroutineThatWaitsWithATasksContextIsNotTheTask(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		testkit.SkipSim(t, ctx)
		var ev anyio.Event
		over := make(chan error)
		go func() { over <- ev.Wait(ctx) }()
		for ev.TasksWaiting() == 0 {
			lowlevel.ShieldedCheckpoint(ctx)
		}
		self := current(t, ctx)
		outside(func() {
			testkit.WantWait(t, "task", testkit.TaskNamed(t, ctx, self.Name), anyio.TaskReady, "")
		})
		ev.Set()
		testkit.WantNil(t, "wait", <-over)
	})
}

// A goroutine that gives way with a task's context, while the task stands still, does not
// make the task give way.
func TestGoroutineGivesWayForItself(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		var turns atomic.Int64
		err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			tg.Go(func(context.Context) error { turns.Add(1); return nil })
			outside(func() {
				for range 100 {
					lowlevel.ShieldedCheckpoint(ctx)
					testkit.WantNil(t, "checkpoint", lowlevel.Checkpoint(ctx))
				}
			})
			if kernel.Locate(ctx).Run().Loop && anyio.Loops(ctx) == 1 && turns.Load() > 0 {
				t.Error("another task ran while this one stood still")
			}
			return nil
		})
		testkit.WantNil(t, "group", err)
		if turns.Load() != 1 {
			t.Errorf("the other task ran %d times", turns.Load())
		}
	})
}

func blockHere(ctx context.Context, look func()) error {
	_, err := anyio.RunBlockingValue(ctx, func() (bool, error) {
		outside(look)
		return true, nil
	})
	return err
}

// A task in RunBlocking is shown where it called that, not inside its function.
func TestBlockingCallIsSeenWhereItWasCalled(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			at := ""
			look := func() {
				for testkit.TaskNamed(t, ctx, "blocking").State != anyio.TaskWaiting {
					runtime.Gosched() // on a loop the task may not wait yet
				}
				testkit.WantWait(t, "blocking", testkit.TaskNamed(t, ctx, "blocking"), anyio.TaskWaiting, "RunBlocking")
				var tree bytes.Buffer
				s := testkit.TaskNamed(t, ctx, "blocking").Sources()
				if len(s) != 2 || s[1] != at || !strings.Contains(s[0], "task_info_outside_test.go") {
					t.Errorf("sources %q, the second should be %q", s, at)
				} else if testkit.WantNil(t, "print", anyio.PrintTasks(ctx, &tree)); !strings.Contains(tree.String(), "waiting for RunBlocking at "+s[0]+" from "+at) {
					t.Errorf("printed:\n%s", &tree)
				}
			}
			tg.Go(func(ctx context.Context) error {
				at = testkit.Line(1)
				return blockHere(ctx, look)
			}, anyio.Name("blocking"))
			return nil
		})
		testkit.WantNil(t, "group", err)
	})
}

// The standard library between this module and the user is passed over.
func TestSourcePassesOverTheStandardLibrary(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		var ev anyio.Event
		err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			at := ""
			tg.Go(func(ctx context.Context) error {
				handler := http.StripPrefix("", anyHandler{&ev}) // calls through net/http
				at = testkit.Line(1)
				handler.ServeHTTP(nil, (&http.Request{}).WithContext(ctx))
				return nil
			}, anyio.Name("handler"))
			testkit.Settled(t, ctx)
			s := testkit.TaskNamed(t, ctx, "handler").Sources()
			if len(s) != 2 || s[1] != at {
				t.Errorf("sources %q, the second should be %q", s, at)
			}
			ev.Set()
			return nil
		})
		testkit.WantNil(t, "group", err)
	})
}

type anyHandler struct{ ev *anyio.Event }

func (h anyHandler) ServeHTTP(_ http.ResponseWriter, r *http.Request) { _ = h.ev.Wait(r.Context()) }

// At most three places are told, those of the innermost calls, each once: a call of a
// closure on the line that makes it, and the calls of a recursion, are one place.
func TestSourcesAreTheInnermostThree(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		var ev anyio.Event
		err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			tg.Go(func(ctx context.Context) error {
				return func() error { return deep(ctx, &ev, 5) }()
			}, anyio.Name("deep"))
			testkit.Settled(t, ctx)
			s := testkit.TaskNamed(t, ctx, "deep").Sources()
			if len(s) != 3 || s[0] == s[1] || s[1] == s[2] || s[0] == s[2] {
				t.Errorf("sources %q", s)
			}
			ev.Set()
			return nil
		})
		testkit.WantNil(t, "group", err)
	})
}

func deep(ctx context.Context, ev *anyio.Event, n int) error {
	if n > 0 {
		return deep(ctx, ev, n-1)
	}
	return ev.Wait(ctx)
}
