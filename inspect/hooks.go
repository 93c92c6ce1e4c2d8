package inspect

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/kernel"
)

// Hooks are functions that are told what the runs of the process do, for metrics, traces and
// logs. Those that are nil are not called.
//
// They are called by who does it, on its goroutine, with nothing locked, and several at the
// same time where tasks run at the same time; what they share they guard themselves. They
// must return soon and must not wait, as the task, or with it the whole event loop, stands
// still meanwhile. They may look, by Take and by what events tell, and leave everything as
// it is. A panic of a hook is logged and goes no further.
//
// In a simulated run hooks are told as the steps are made, in the order of the seed.
type Hooks struct {
	RunBegan func(r RunEvent)
	RunEnded func(r RunEvent) // no task of it is left

	// TaskContext returns a context with the values that the task's own is to have, and with
	// it those of the tasks in its groups: ctx, which is the task's, or one that is derived
	// from it, as by context.WithValue. Of that only the values count, no cancellation or
	// deadline. It is called before TaskBegan, and its values are there in all other hooks.
	TaskContext func(ctx context.Context, t TaskEvent) context.Context

	TaskBegan func(t TaskEvent) // its function is about to be called
	// TaskEnded tells how a task ended and, if it failed or was canceled, with which error.
	// Those who wait for it go on afterwards.
	TaskEnded func(t TaskEvent, outcome anyio.Status, err error)

	// WaitBegan tells of waits of tasks in calls of this library, such as "Event.Wait", not of
	// goroutines that are no tasks. It returns what is called when the wait has ended, on the
	// same goroutine, or nil. A wait may end at once, if what it is for came just before.
	// "RunBlocking" is one, too, and may have others in it. Waits of a task in sequences that
	// iter.Pull has made may go on at the same time as others of it.
	WaitBegan func(t TaskEvent, op string) (ended func())

	// ScopeCanceled tells that a scope or group was canceled: by Cancel, by its deadline, by
	// a task of the group that failed or, if it is that of a MoveOnStop, by Stop. The error is
	// that of the calls which are canceled: it tells who did it, why and where. What is below
	// the scope is not told apart.
	ScopeCanceled func(t TaskEvent, err error)

	// LoopTurned tells that an event loop has looked for what makes its tasks ready.
	LoopTurned func(turn TurnEvent)
}

// A RunEvent names a run in a hook.
type RunEvent struct {
	ID      uint64 // as Run.ID
	Backend string
}

// A TaskEvent names a task in a hook. It must not be kept: what it tells later costs memory
// for as long, and may no longer be known.
type TaskEvent struct{ t *kernel.Task }

// Ref returns what names the task in snapshots; zero if the scope of a ScopeCanceled belongs
// to no task.
func (e TaskEvent) Ref() Ref {
	if e.t == nil {
		return Ref{}
	}
	return refOf(e.t)
}

// Run returns the run that the task belongs to, zero without a task.
func (e TaskEvent) Run() RunEvent {
	if e.t == nil {
		return RunEvent{}
	}
	return eventOf(e.t.Scope.Run())
}

// Name returns the name of the task, "" if there is none.
func (e TaskEvent) Name() string {
	if e.t == nil {
		return ""
	}
	return e.t.Name()
}

// Parent returns the task whose group the task is in, zero if there is none.
func (e TaskEvent) Parent() Ref {
	if e.t == nil || e.t.Host() == nil {
		return Ref{}
	}
	return refOf(e.t.Host())
}

// Context returns a context with the values of the task's, for hooks that have given it one
// by TaskContext; nothing may wait with it. Without a task it is context.Background().
func (e TaskEvent) Context() context.Context {
	if e.t == nil {
		return context.Background()
	}
	return e.t.Context()
}

// Caller returns the context of who has started the task from outside of its group and waits
// for it: of portal.Call and portal.Start. Such a task has the values of the portal's group,
// and a TaskContext hook may give it some of its caller's. It is nil for all other tasks, and
// for those with anyio.ValuesOf.
func (e TaskEvent) Caller() context.Context {
	if e.t == nil {
		return nil
	}
	return e.t.Caller()
}

// A TurnEvent is one turn of an event loop.
type TurnEvent struct {
	RunEvent
	Loop   int           // its number
	Ready  int           // tasks that are ready now
	Behind time.Duration // how much later than due the first timer was fired, 0 if none was
}

// Hook lets h be told of all runs from now on, until unhook is called. What has begun
// before may still be told after that.
//
// Nothing is paid where nobody hooks. With hooks on the begin and the end of tasks a task
// costs up to 40 ns more, without what the hooks do.
func Hook(h Hooks) (unhook func()) {
	l := &kernel.Listener{}
	if f := h.RunBegan; f != nil {
		l.RunBegan = func(r *kernel.Run) { defer guard(); f(eventOf(r)) }
	}
	if f := h.RunEnded; f != nil {
		l.RunEnded = func(r *kernel.Run) { defer guard(); f(eventOf(r)) }
	}
	if f := h.TaskContext; f != nil {
		l.TaskContext = func(ctx context.Context, t *kernel.Task) context.Context { return extended(ctx, t, f) }
	}
	if f := h.TaskBegan; f != nil {
		l.TaskBegan = func(t *kernel.Task) { defer guard(); f(TaskEvent{t}) }
	}
	if f := h.TaskEnded; f != nil {
		l.TaskEnded = func(t *kernel.Task, how kernel.Outcome, err error) {
			defer guard()
			f(TaskEvent{t}, statusOf(how, err), err)
		}
	}
	if f := h.WaitBegan; f != nil {
		l.WaitBegan = func(t *kernel.Task, op kernel.Op) (ended func()) {
			defer guard()
			if end := f(TaskEvent{t}, op.String()); end != nil {
				ended = func() { defer guard(); end() }
			}
			return ended
		}
	}
	if f := h.ScopeCanceled; f != nil {
		l.ScopeCanceled = func(s *kernel.Scope, c *kernel.Cause) { defer guard(); f(TaskEvent{s.Task()}, c.Error()) }
	}
	if f := h.LoopTurned; f != nil {
		l.LoopTurned = func(r *kernel.Run, turn kernel.Turn) {
			defer guard()
			f(TurnEvent{eventOf(r), r.Index(), turn.Ready, turn.Behind})
		}
	}
	return kernel.Listen(l)
}

// extended is what a hook returns for the context of a task or, if that is wrong, ctx.
func extended(ctx context.Context, t *kernel.Task, f func(context.Context, TaskEvent) context.Context) (with context.Context) {
	with = ctx
	defer guard()
	switch got := f(ctx, TaskEvent{t}); {
	case got == nil:
		slog.Error("inspect: a TaskContext hook returned no context: return ctx, or one that is derived from it", "task", t.Name())
	case kernel.ScopeIn(got) != &t.Scope:
		slog.Error("inspect: a TaskContext hook returned a context that is not derived from the task's: return ctx, or one that is made of it", "task", t.Name())
	default:
		with = got
	}
	return with
}

// guard keeps the panic of a hook from what it was told of.
func guard() {
	if v := recover(); v != nil {
		slog.Error("inspect: a hook panicked", "value", fmt.Sprint(v))
	}
}

func eventOf(r *kernel.Run) RunEvent {
	return RunEvent{r.Whole().Birth().Number, r.Backend.Name()}
}

// statusOf is how a task ended. Main tasks settle as finished with whatever error they
// have, as they have no group that would ask.
func statusOf(how kernel.Outcome, err error) anyio.Status {
	if how == kernel.Finished && err != nil {
		if how = kernel.Failed; anyio.IsCancellation(err) {
			how = kernel.Canceled
		}
	}
	switch how {
	case kernel.Finished:
		return anyio.Finished
	case kernel.Canceled:
		return anyio.Canceled
	case kernel.Failed:
		return anyio.Failed
	}
	return anyio.Pending
}
