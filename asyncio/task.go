package asyncio

import (
	"context"
	"fmt"
	"io"
	"os"
	"strconv"

	"github.com/anyio-go/anyio/internal/kernel"
)

// A Task runs a function on a loop and is the future of its result. It is canceled as
// Python's are: Cancel asks it to end, its next wait, or the one in progress, fails once,
// and it may catch that and go on. A *anyio.CanceledError that the function returns makes
// the task a canceled one. Scopes of package anyio work in it as anywhere, and every
// function of that package; their cancellation is a level, and no request.
//
// It belongs to its loop, not to its maker: when Run ends, all are asked to end.
// TaskGroup bounds the life of tasks.
type Task[T any] struct {
	taskPart
	f Future[T]
	t kernel.Task
}

// An AnyTask is a *Task of any type.
type AnyTask interface {
	AnyFuture
	Name() string
	SetName(name string)
	Cancelling() int
	Uncancel() int
	Stack(limit int) []string
	PrintStack(w io.Writer, limit int) error

	part() *taskPart
}

// A taskPart is what tasks of all types are.
type taskPart struct {
	fut      *future
	kt       *kernel.Task
	meta     kernel.TaskMeta
	name     string
	reason   string        // of the last Cancel
	requests int           // see Cancelling
	awaits   *future       // what it waits for
	held     *kernel.Cause // asks the task when awaits is done, which cannot be canceled now
	passing  bool          // a request is being passed on to awaits
	self     AnyTask
}

// A TaskOption is an option of CreateTask and its kin.
type TaskOption func(*taskOptions)

type taskOptions struct{ name string }

// Name names a task. The default is "Task-" and a number.
func Name(name string) TaskOption { return func(o *taskOptions) { o.name = name } }

// A TaskFactory is told of each task that is made, before it begins.
type TaskFactory func(l *Loop, t AnyTask)

// SetTaskFactory sets the function that is told of new tasks, nil for none.
func (l *Loop) SetTaskFactory(f TaskFactory) {
	l.use("SetTaskFactory")
	l.taskFactory = f
}

// TaskFactory returns what SetTaskFactory was given last.
func (l *Loop) TaskFactory() TaskFactory { return l.taskFactory }

// CreateTask lets the loop of ctx run f as a task, which begins in the loop's next
// iteration. Its context has the values of ctx, not its cancellation. CreateTask panics if
// ctx is not one of a loop.
func CreateTask[T any](ctx context.Context, f func(ctx context.Context) (T, error), opts ...TaskOption) *Task[T] {
	return newTask(mustRunningLoop(ctx), ctx, f, opts)
}

// LoopTask lets a loop, which need not run yet, run f as CreateTask does; ctx gives the
// task its values.
func LoopTask[T any](ctx context.Context, l *Loop, f func(ctx context.Context) (T, error), opts ...TaskOption) *Task[T] {
	return newTask(l, ctx, f, opts)
}

func newTask[T any](l *Loop, ctx context.Context, f func(ctx context.Context) (T, error), opts []TaskOption) *Task[T] {
	l.use("CreateTask")
	if f == nil {
		panic(misuse("CreateTask: the function is nil"))
	}
	t := &Task[T]{}
	t.f.future.loop, t.f.task, t.f.self = l, &t.taskPart, t
	t.fut, t.kt, t.self = &t.f.future, &t.t, t
	t.start(ctx, kernel.FuncPC(f), opts, func(ctx context.Context) error {
		v, err := f(ctx)
		t.f.value = v
		return err
	})
	return t
}

// start makes the task ready to begin.
func (t *taskPart) start(ctx context.Context, pc uintptr, opts []TaskOption, f func(ctx context.Context) error) {
	l := t.fut.loop
	var o taskOptions
	for _, opt := range opts {
		opt(&o)
	}
	if t.name = o.name; t.name == "" {
		l.lastName++
		t.name = "Task-" + strconv.Itoa(l.lastName)
	}
	t.meta = kernel.TaskMeta{Name: t.name, HasName: true, Boot: t, Values: ctx}
	t.kt.Prepare(f, pc, &t.meta)
	if l.taskFactory != nil {
		l.taskFactory(l, t.self)
	}
	if !l.group.Spawn(t.kt) {
		panic(misuse("CreateTask on an event loop that is closed"))
	}
}

// Done reports whether the task has ended.
func (t *Task[T]) Done() bool { return t.f.Done() }

// Canceled reports whether the task has ended with a cancellation.
func (t *Task[T]) Canceled() bool { return t.f.Canceled() }

// Err returns the error of the task's function, ErrInvalidState if it has not ended. If
// it was canceled, the error matches anyio.ErrCanceled; if it panicked, it is an
// *anyio.PanicError.
func (t *Task[T]) Err() error { return t.f.Err() }

// Result returns the value of the task's function, or the error that Err returns.
func (t *Task[T]) Result() (T, error) { return t.f.Result() }

// Await waits until the task has ended and returns its result. Cancellation: as for
// Future.Await: the task is asked to end, too.
func (t *Task[T]) Await(ctx context.Context) (T, error) { return t.f.Await(ctx) }

// AddDoneCallback lets the loop call f when the task has ended; see Future.AddDoneCallback.
func (t *Task[T]) AddDoneCallback(f func()) (remove func() bool) { return t.f.AddDoneCallback(f) }

// Loop returns the loop that the task runs on.
func (t *Task[T]) Loop() *Loop { return t.f.loop }

func (t *Task[T]) core() *future { return &t.f.future }

func (t *taskPart) part() *taskPart { return t }

// Cancel asks the task to end: what it awaits is canceled or, if it awaits nothing, its
// next wait. If it has not begun, it will not. It returns false if the task has ended. The
// reason is in the error that the task gets.
func (t *taskPart) Cancel(reason string) bool {
	t.fut.loop.use("Cancel of a task")
	return t.cancel(reason)
}

func (t *taskPart) cancel(reason string) bool {
	if t.fut.state != pending {
		return false
	}
	if t.passing { // tasks await each other: here the request has come round
		t.kt.Request(&kernel.Cause{Reason: reason})
		return true
	}
	t.requests++
	t.reason = reason
	if f := t.awaits; f == nil || f.state != pending {
		t.kt.Request(&kernel.Cause{Reason: reason})
	} else if !t.pass(f, reason) {
		t.held = &kernel.Cause{Reason: reason}
	}
	return true
}

// pass asks what the task awaits to end.
func (t *taskPart) pass(f *future, reason string) bool {
	t.passing = true
	defer func() { t.passing = false }()
	return f.cancel(reason)
}

// stopAwaiting is called when the wait for awaits has ended.
func (t *taskPart) stopAwaiting() {
	t.awaits = nil
	if why := t.held; why != nil {
		t.held = nil
		t.kt.Request(why)
	}
}

// Cancelling returns how many requests to end there are: calls of Cancel, less those of
// Uncancel.
func (t *taskPart) Cancelling() int { return t.requests }

// Uncancel takes back one request, for who has caught it and goes on, and returns how many
// are left.
func (t *taskPart) Uncancel() int {
	t.requests = max(0, t.requests-1)
	return t.requests
}

// Name returns the task's name.
func (t *taskPart) Name() string { return t.name }

// SetName renames the task.
func (t *taskPart) SetName(name string) {
	t.fut.loop.use("SetName")
	t.name = name
}

// Stack returns where the task waits, the innermost call first: at most limit lines, or
// all if that is zero. It is empty if the task has ended.
func (t *taskPart) Stack(limit int) []string {
	if t.fut.state != pending {
		return nil
	}
	lines := t.where()
	if limit > 0 && len(lines) > limit {
		lines = lines[:limit]
	}
	return lines
}

// PrintStack writes what Stack returns; w is os.Stderr if it is nil.
func (t *taskPart) PrintStack(w io.Writer, limit int) error {
	if w == nil {
		w = os.Stderr
	}
	lines := t.Stack(limit)
	if len(lines) == 0 {
		_, err := fmt.Fprintf(w, "No stack for %s\n", t.name)
		return err
	}
	if _, err := fmt.Fprintf(w, "Stack for %s (innermost call first):\n", t.name); err != nil {
		return err
	}
	for _, line := range lines {
		if _, err := fmt.Fprintf(w, "  %s\n", line); err != nil {
			return err
		}
	}
	return nil
}

// where are the places in the user's code where the task stands.
func (t *taskPart) where() []string {
	views, places := t.fut.loop.run.Survey()
	for i, v := range views {
		if v.Task == t.kt {
			return places[i]
		}
	}
	return nil
}
