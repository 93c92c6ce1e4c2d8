package anyio

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/anyio-go/anyio/internal/errgraph"
	"github.com/anyio-go/anyio/internal/kernel"
)

// A Status is where a task or a Future stands.
type Status uint8

const (
	Pending   Status = iota // the task runs, or waits to run; the Future has no outcome yet
	Canceling               // Cancel was called, and the task is not over; no Future is
	Finished                // the task ended without an error; Set was called
	Canceled                // the task ended by a cancellation; Cancel was called
	Failed                  // the task ended by an error or a panic; SetError was called
)

func (s Status) String() string {
	return [...]string{"pending", "canceling", "finished", "canceled", "failed"}[s]
}

// A TaskError is what Await returns for a task that ended with an error,
// which is wrapped. The error reaches the task's group as well.
type TaskError struct {
	Task     string
	Err      error
	Canceled bool // the task was canceled
}

// Error says what failed, or why the task was canceled and by whom.
func (e *TaskError) Error() string {
	if e.Canceled {
		text := fmt.Sprintf("anyio: task %q was canceled", e.Task)
		if c, ok := errors.AsType[*CanceledError](errgraph.One(e, e.Err)); ok {
			text += strings.TrimPrefix(c.Error(), canceledText)
		}
		return text
	}
	return errgraph.Text(e, func() string { return fmt.Sprintf("anyio: task %q failed: %s", e.Task, errgraph.Say(e.Err)) })
}

// Unwrap returns the task's error. For a canceled task it is ErrTaskCanceled, which is
// not a cancellation of the caller.
func (e *TaskError) Unwrap() error {
	if e.Canceled {
		return ErrTaskCanceled
	}
	return errgraph.One(e, e.Err)
}

var _ = errgraph.Register(func(e *TaskError) []error { return []error{e.Err} })

// A TaskHandle is one task of a group, with which one can wait for it alone, cancel it
// alone, and see how it ended. Its methods may be called from anywhere at any time.
type TaskHandle struct{ t kernel.Task }

// A Handle is a *TaskHandle or a *ValueHandle, for code that does not care about the
// value. It cannot be implemented outside this module.
type Handle interface {
	Name() string
	// Wait waits until the task is over. Cancellation: nothing is lost.
	Wait(ctx context.Context) error
	Status() Status
	Err() error
	Cancel(reason string)
	// CancelAndWait cancels the task and waits until it is over. Cancellation: the task
	// stays canceled, but it may not be over.
	CancelAndWait(ctx context.Context, reason string) error
	handle() *TaskHandle
}

func (h *TaskHandle) handle() *TaskHandle { return h }

// A TaskOption is an option of Go, GoValue and Start. It may be used again: tasks that
// are started with the same one, and no other, share the memory it takes.
type TaskOption struct{ meta *kernel.TaskMeta }

// Name names the task; otherwise it is called after its function.
func Name(name string) TaskOption {
	return TaskOption{&kernel.TaskMeta{Name: name, HasName: true}}
}

// ValuesOf lets the task see the values of ctx in place of those of the group's
// context, for instance of the code that starts it. Cancellation still comes from
// the group alone.
func ValuesOf(ctx context.Context) TaskOption {
	return TaskOption{&kernel.TaskMeta{Values: ctx}}
}

// Service makes the task one that serves the others of its group: it is not canceled with
// them. When the body and all other tasks of the group have ended, whatever ended them,
// service tasks are canceled, all at once, and waited for. So a log, a cache, or a pool of
// connections is there for the others until the last of their cleanup is over.
//
// A service task may end before. Its error cancels the group as any other's does, and its
// handle cancels it alone. From when it is canceled, the group takes no more tasks. What it
// does after that is subject to nobody's deadline: give its cleanup one by Shielded.
func Service() TaskOption { return serviceOption }

var serviceOption = TaskOption{&kernel.TaskMeta{Service: true}}

// apply adds the option to those of one task.
func (o TaskOption) apply(m *kernel.TaskMeta) {
	switch {
	case o.meta == nil: // the zero option
	case o.meta.HasName:
		m.Name, m.HasName = o.meta.Name, true
	case o.meta.Where != 0:
		m.Where = o.meta.Where
	case o.meta.Service:
		m.Service = true
	default:
		m.Values = o.meta.Values
	}
}

// metaOf is what tasks with these options have. They must not change it.
func metaOf(opts []TaskOption) *kernel.TaskMeta {
	switch len(opts) {
	case 0:
		return nil
	case 1:
		return opts[0].meta
	}
	m := &kernel.TaskMeta{}
	for _, o := range opts {
		o.apply(m)
	}
	return m
}

// Go starts f as a task of the group. f begins later, never inside the call, and
// always runs up to its first blocking call, even if the group is canceled. Its
// error cancels the group. Go panics with a *MisuseError if the group has
// ended.
//
// The task begins with the pprof labels of its context. On the parallel backend its
// goroutine may run other tasks of the group before and after it, so f must not return with
// the goroutine locked to a thread by runtime.LockOSThread; see package osthread.
func (tg *TaskGroup) Go(f func(ctx context.Context) error, opts ...TaskOption) *TaskHandle {
	h := &TaskHandle{}
	h.start(tg, f, kernel.FuncPC(f), metaOf(opts))
	return h
}

func (h *TaskHandle) start(tg *TaskGroup, f func(context.Context) error, pc uintptr, meta *kernel.TaskMeta) {
	if f == nil {
		panic(errNilTask)
	}
	kernel.Preempt()
	h.t.Prepare(f, pc, meta)
	if !tg.spawn(&h.t) {
		panic(misuse("this task group is not active; no new tasks can be started: start them before WithTaskGroup returns"))
	}
	kernel.PreemptEnd()
}

func (tg *TaskGroup) spawn(t *kernel.Task) bool {
	if t.IsService() {
		return tg.g.SpawnService(t)
	}
	return tg.g.Spawn(t)
}

var errNilTask = misuse("task group: the task's function is nil")

// Wait waits until the task is over, whatever the outcome; the error is only
// about the waiting. Cancellation: nothing is lost.
func (h *TaskHandle) Wait(ctx context.Context) error {
	return h.t.Await(ctx, opTask)
}

var opTask = kernel.RegisterPassiveOp("TaskHandle.Wait")

// Await waits until the task is over and returns nil or a *TaskError. The task's
// error reaches the group as well. Cancellation: the task goes on.
func (h *TaskHandle) Await(ctx context.Context) error {
	if err := h.Wait(ctx); err != nil {
		return err
	}
	return h.outcome()
}

func (h *TaskHandle) outcome() error {
	switch how, err := h.t.Outcome(); how {
	case kernel.Pending:
		return ErrNotFinished
	case kernel.Failed:
		return &TaskError{Task: h.t.Name(), Err: err}
	case kernel.Canceled:
		return &TaskError{Task: h.t.Name(), Err: err, Canceled: true}
	}
	return nil
}

// Cancel cancels this task alone; its group and siblings go on. It has no effect
// on a task that is over. A new task still runs up to its first blocking call.
func (h *TaskHandle) Cancel(reason string) {
	kernel.Preempt()
	h.t.Scope.Cancel(&kernel.Cause{Reason: reason, PC: kernel.CallerPC(1)})
	kernel.PreemptEnd()
}

// CancelAndWait cancels this task alone, as Cancel does, and waits until it is over, whatever
// the outcome; the error is only about the waiting, as that of Wait. What the task works with
// may be closed or used by others after that.
//
// Cancellation: the task stays canceled, but it may not be over.
func (h *TaskHandle) CancelAndWait(ctx context.Context, reason string) error {
	kernel.Preempt()
	h.t.Scope.Cancel(&kernel.Cause{Reason: reason, PC: kernel.CallerPC(1)})
	kernel.PreemptEnd()
	return h.Wait(ctx)
}

// Status reports where the task stands. A task that ends without an error although it
// was canceled is Finished.
func (h *TaskHandle) Status() Status {
	switch how, _ := h.t.Outcome(); how {
	case kernel.Finished:
		return Finished
	case kernel.Canceled:
		return Canceled
	case kernel.Failed:
		return Failed
	}
	if h.t.Scope.CancelCalled() {
		return Canceling
	}
	return Pending
}

// Err returns nil if the task ended without an error, ErrNotFinished if it is not
// over, else what Await returns.
func (h *TaskHandle) Err() error {
	return h.outcome()
}

// Name returns the task's name.
func (h *TaskHandle) Name() string { return h.t.Name() }

func (h *TaskHandle) String() string {
	return fmt.Sprintf("TaskHandle(%q, %s)", h.Name(), h.Status())
}

// A ValueHandle is the handle of a task that returns a value.
type ValueHandle[T any] struct {
	TaskHandle
	value T
}

// GoValue starts f as a task of the group, as Go does; its value is there for Await.
func GoValue[T any](tg *TaskGroup, f func(ctx context.Context) (T, error), opts ...TaskOption) *ValueHandle[T] {
	if f == nil {
		panic(errNilTask)
	}
	h := &ValueHandle[T]{}
	run := func(ctx context.Context) (err error) {
		h.value, err = f(ctx)
		return err
	}
	h.start(tg, run, kernel.FuncPC(f), metaOf(opts))
	return h
}

// Await waits until the task is over and returns its value or a *TaskError.
// Cancellation: the task goes on.
func (h *ValueHandle[T]) Await(ctx context.Context) (T, error) {
	if err := h.TaskHandle.Await(ctx); err != nil {
		var zero T
		return zero, err
	}
	return h.value, nil
}

// Value returns the task's value, or the error that Err returns.
func (h *ValueHandle[T]) Value() (T, error) {
	if err := h.Err(); err != nil {
		var zero T
		return zero, err
	}
	return h.value, nil
}
