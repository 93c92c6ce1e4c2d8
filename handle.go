package anyio

import (
	"context"
	"errors"
	"fmt"

	"github.com/anyio-go/anyio/internal/kernel"
)

// A TaskStatus is where a task stands. [TG-16]
type TaskStatus uint8

const (
	TaskPending   TaskStatus = iota // it runs, or waits to run
	TaskCanceling                   // Cancel was called, and it is not over
	TaskFinished                    // it ended without an error
	TaskCanceled                    // it ended by a cancellation
	TaskFailed                      // it ended by an error or a panic
)

func (s TaskStatus) String() string {
	return [...]string{"pending", "canceling", "finished", "canceled", "failed"}[s]
}

// ErrTaskNotFinished is returned by Err of a task that is not over. [EX-14]
var ErrTaskNotFinished = errors.New("anyio: task has not finished")

// A TaskFailedError is what Await returns for a task that ended with an error,
// which is wrapped. The error reaches the task's group as well. [EX-12]
type TaskFailedError struct {
	Task     string
	Err      error
	Canceled bool // the task was canceled [EX-13]
}

func (e *TaskFailedError) Error() string {
	if e.Canceled {
		return fmt.Sprintf("anyio: task %q was canceled", e.Task)
	}
	return fmt.Sprintf("anyio: task %q failed: %v", e.Task, e.Err)
}

// Unwrap is the task's error. For a canceled task it is ErrTaskCanceled, which is
// no cancellation of the caller.
func (e *TaskFailedError) Unwrap() error {
	if e.Canceled {
		return ErrTaskCanceled
	}
	return e.Err
}

// ErrTaskCanceled is matched by the error of Await for a canceled task. [EX-13]
var ErrTaskCanceled = errors.New("anyio: awaited task was canceled")

// A TaskHandle is one task of a group, for whoever wants to wait for it alone,
// cancel it alone, or see how it ended. Its methods may be called from anywhere
// at any time. [TG-10]
type TaskHandle struct {
	t    kernel.Task
	tg   *TaskGroup
	f    func(ctx context.Context) error
	err  error // set before done
	how  TaskStatus
	done Event
	boot *starter // of a task begun by Start
}

// A TaskOption is an option of Go, Spawn and Start.
type TaskOption func(*kernel.TaskMeta)

// Name names the task; otherwise it is called after its function. [DB-06]
func Name(name string) TaskOption {
	return func(m *kernel.TaskMeta) { m.Name, m.HasName = name, true }
}

// ValuesOf lets the task see the values of ctx in place of those of the group's
// context, for instance of the code that starts it. Cancellation still comes from
// the group alone. [TG-04]
func ValuesOf(ctx context.Context) TaskOption {
	return func(m *kernel.TaskMeta) { m.Values = ctx }
}

func metaOf(opts []TaskOption) *kernel.TaskMeta {
	if len(opts) == 0 {
		return nil
	}
	m := &kernel.TaskMeta{}
	for _, o := range opts {
		o(m)
	}
	return m
}

// Go starts f as a task of the group. f begins later, never inside the call, and
// always runs up to its first blocking call, even if the group is canceled. Its
// error cancels the group. Go panics with a *MisuseError if the group has
// ended. [TG-04]
func (tg *TaskGroup) Go(f func(ctx context.Context) error, opts ...TaskOption) *TaskHandle {
	h := &TaskHandle{tg: tg, f: f}
	h.start(kernel.FuncPC(f), metaOf(opts))
	return h
}

func (h *TaskHandle) start(pc uintptr, meta *kernel.TaskMeta) {
	if h.f == nil {
		panic(misuse("task group: the task's function is nil"))
	}
	h.t.Prepare((*taskBody)(h), pc, meta)
	if !h.tg.g.Spawn(&h.t) {
		panic(misuse("this task group is not active; no new tasks can be started: start them before WithTaskGroup returns"))
	}
}

// taskBody is the handle as the kernel sees it.
type taskBody TaskHandle

// RunTask runs the task's function on the task's goroutine.
func (b *taskBody) RunTask() {
	h := (*TaskHandle)(b)
	returned := false
	defer func() {
		if !returned {
			h.broken(recover())
		}
	}()
	err := h.f(&h.t.Scope)
	returned = true
	if err == nil {
		h.finish(TaskFinished, nil)
	} else {
		h.ended(err)
	}
}

// ended takes the error of the task's function.
func (h *TaskHandle) ended(err error) {
	rest, canceled := err, false
	s := &h.t.Scope
	if s.Canceled() {
		rest, canceled = strip(err)
	}
	if rest != nil {
		h.finish(TaskFailed, rest)
		return
	}
	if canceled && s.OuterCanceled() {
		h.tg.mu.Lock()
		h.tg.canceled = true
		h.tg.mu.Unlock()
	}
	h.finish(TaskCanceled, err)
}

// broken takes a panic's value, or nil if the task called runtime.Goexit.
func (h *TaskHandle) broken(value any) {
	name := h.t.Name()
	var err error
	if value != nil {
		err = h.tg.panicked(value, name)
	} else {
		err = fmt.Errorf("anyio: task %q called runtime.Goexit", name)
		h.tg.mu.Lock()
		h.tg.goexit = true
		h.tg.mu.Unlock()
		h.tg.g.Scope.Cancel(&kernel.Cause{Err: err, Task: name})
	}
	h.how, h.err = TaskFailed, err
	h.boot.ended(err)
	h.done.Set()
	h.t.Exit()
}

// finish tells those who wait for the task, then the group.
func (h *TaskHandle) finish(how TaskStatus, err error) {
	h.f = nil
	h.how, h.err = how, err
	toStarter := h.boot.ended(err)
	h.done.Set()
	if how == TaskFailed && !toStarter {
		h.tg.fail(err, h.t.Name())
	}
	if h.t.Exit() != nil && how != TaskFailed {
		h.tg.fail(misuse("task ended before a cancel scope opened in it was closed: close what you open"), h.t.Name())
	}
}

// Wait waits until the task is over, whatever the outcome; the error is only
// about the waiting. Cancellation: nothing is lost. [TG-12]
func (h *TaskHandle) Wait(ctx context.Context) error { return h.done.Wait(ctx) }

// Await waits until the task is over and returns nil or a *TaskFailedError. The
// task's error reaches the group as well. [TG-13]
func (h *TaskHandle) Await(ctx context.Context) error {
	if err := h.done.Wait(ctx); err != nil {
		return err
	}
	return h.outcome()
}

func (h *TaskHandle) outcome() error {
	switch h.how {
	case TaskFailed:
		return &TaskFailedError{Task: h.t.Name(), Err: h.err}
	case TaskCanceled:
		return &TaskFailedError{Task: h.t.Name(), Err: h.err, Canceled: true}
	}
	return nil
}

// Cancel cancels this task alone; its group and siblings go on. It has no effect
// on a task that is over. A new task still runs up to its first blocking call. [TG-11]
func (h *TaskHandle) Cancel(reason string) {
	h.t.Scope.Cancel(&kernel.Cause{Reason: reason, PC: kernel.CallerPC(1)})
}

// Status is where the task stands. A task that ends without an error although it
// was canceled is TaskFinished. [TG-16]
func (h *TaskHandle) Status() TaskStatus {
	if h.done.IsSet() {
		return h.how
	}
	if h.t.Scope.CancelCalled() {
		return TaskCanceling
	}
	return TaskPending
}

// Err is nil if the task ended without an error, ErrTaskNotFinished if it is not
// over, else what Await returns. [TG-15]
func (h *TaskHandle) Err() error {
	if !h.done.IsSet() {
		return ErrTaskNotFinished
	}
	return h.outcome()
}

// Name is the task's name. [TG-18]
func (h *TaskHandle) Name() string { return h.t.Name() }

func (h *TaskHandle) String() string {
	return fmt.Sprintf("TaskHandle(%q, %s)", h.Name(), h.Status())
}

// A ValueHandle is the handle of a task that returns a value.
type ValueHandle[T any] struct {
	TaskHandle
	value T
}

// Spawn starts f as a task of the group, as Go does; its value is there for Await.
func Spawn[T any](tg *TaskGroup, f func(ctx context.Context) (T, error), opts ...TaskOption) *ValueHandle[T] {
	if f == nil {
		panic(misuse("task group: the task's function is nil"))
	}
	h := &ValueHandle[T]{}
	h.tg = tg
	h.f = func(ctx context.Context) (err error) {
		h.value, err = f(ctx)
		return err
	}
	h.start(kernel.FuncPC(f), metaOf(opts))
	return h
}

// Await waits until the task is over and returns its value or a
// *TaskFailedError. [TG-13] [TG-14]
func (h *ValueHandle[T]) Await(ctx context.Context) (T, error) {
	if err := h.TaskHandle.Await(ctx); err != nil {
		var zero T
		return zero, err
	}
	return h.value, nil
}

// Value is the task's value, or the error that Err returns.
func (h *ValueHandle[T]) Value() (T, error) {
	if err := h.Err(); err != nil {
		var zero T
		return zero, err
	}
	return h.value, nil
}
