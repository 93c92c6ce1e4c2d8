package portal

import (
	"context"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/inside"
	"github.com/anyio-go/anyio/internal/kernel"
)

// A Task is a task that was started through a portal. Its methods may be
// called from any goroutine at any time.
type Task[T any] struct {
	h        anyio.TaskHandle
	done     kernel.Latch    // its DoneLatch
	caller   context.Context // whose cancellation cancels the task while it runs; may be nil
	returned bool            // f has; this and what follows is written before the task's end
	value    T
	err      error
}

// Go starts f as a task of the portal and returns at once. The error is
// ErrStopped, or an *anyio.MisuseError in or into a simulation, see Portal.
func Go[T any](p *Portal, f func(ctx context.Context) (T, error), opts ...anyio.TaskOption) (*Task[T], error) {
	if f == nil {
		panic(errNoFunction)
	}
	kernel.Preempt()
	t, err := spawn(p, f, kernel.FuncPC(f), metaOf(opts))
	kernel.Preempt()
	return t, err
}

// spawn starts f, which is called after the function at pc.
func spawn[T any](p *Portal, f func(ctx context.Context) (T, error), pc uintptr, meta *kernel.TaskMeta) (*Task[T], error) {
	if err := p.refusal(); err != nil {
		return nil, err
	}
	t := newTask(f, pc, meta)
	if !p.spawn(t.task()) {
		return nil, ErrStopped
	}
	return t, nil
}

// refusal is why the calling goroutine may not use the portal whatever it calls.
func (p *Portal) refusal() error {
	r, t := p.group.Run(), kernel.LoopTask()
	if t != nil && t.Scope.Run() == r {
		return nil
	}
	if err := r.Admit(kernel.PortalIn); err != nil || t == nil {
		return err
	}
	return t.Scope.Run().Admit(kernel.PortalOut)
}

func newTask[T any](f func(ctx context.Context) (T, error), pc uintptr, meta *kernel.TaskMeta) *Task[T] {
	t := &Task[T]{}
	task := t.task()
	task.DoneAt(&t.done)
	task.Prepare(func(ctx context.Context) error {
		if t.caller != nil {
			defer t.follow(t.caller)()
		}
		return t.settle(f(ctx))
	}, pc, meta)
	return t
}

// follow cancels the task when its caller is canceled, until what it returns is called.
func (t *Task[T]) follow(caller context.Context) (stop func() bool) {
	if place := kernel.Locate(caller); place.Ctx == nil {
		caller = place.S // which package context needs no goroutine for
	}
	return kernel.AfterDone(caller, func() {
		t.task().Scope.Cancel(&kernel.Cause{Reason: "the caller of portal.Call was canceled", Err: context.Cause(caller)})
	})
}

// settle keeps the outcome for the caller. The group hears of a cancellation only.
func (t *Task[T]) settle(value T, err error) error {
	t.returned = true
	if err != nil && t.task().Scope.WasCanceled() {
		rest := inside.Strip(err)
		if rest == nil {
			return err
		}
		err = rest
	}
	t.value, t.err = value, err
	return nil
}

// Await waits until the task is over and returns what it returned. The error of a
// task that was canceled, by Cancel or by the end of its portal, matches
// anyio.ErrTaskCanceled; that of one that panicked is the *anyio.PanicError. Cancellation:
// the task goes on.
func (t *Task[T]) Await(ctx context.Context) (T, error) {
	if err := t.h.Wait(ctx); err != nil {
		var zero T
		return zero, err
	}
	return t.outcome()
}

func (t *Task[T]) outcome() (T, error) { return t.outcomeOf(t.task().Outcome()) }

// outcomeOf is what the task's end means to those who wait for it.
func (t *Task[T]) outcomeOf(how kernel.Outcome, err error) (T, error) {
	var zero T
	switch how {
	case kernel.Finished:
		return t.value, t.err
	case kernel.Failed: // a panic, or Goexit
		return zero, err
	}
	return zero, t.h.Err()
}

// Wait waits until the task is over, whatever the outcome. Cancellation: the task
// goes on.
func (t *Task[T]) Wait(ctx context.Context) error { return t.h.Wait(ctx) }

// Cancel cancels the task. It works also after the portal was stopped.
func (t *Task[T]) Cancel(reason string) {
	kernel.Preempt()
	t.task().Scope.Cancel(&kernel.Cause{Reason: reason, PC: kernel.CallerPC(1)})
	kernel.Preempt()
}

// Name returns the task's name.
func (t *Task[T]) Name() string { return t.h.Name() }

func (t *Task[T]) task() *kernel.Task { return inside.Task(&t.h) }

// calledBy is metaOf for a task whose caller waits for it. Only who listens asks for him, and
// not where ValuesOf tells whose values the task is to have.
func calledBy(ctx context.Context, opts []anyio.TaskOption) *kernel.TaskMeta {
	shared := metaOf(opts)
	if !kernel.Heard() || shared != nil && shared.Values != nil {
		return shared
	}
	meta := &kernel.TaskMeta{Caller: ctx}
	if shared != nil {
		meta.Name, meta.HasName, meta.Where, meta.Service = shared.Name, shared.HasName, shared.Where, shared.Service
	}
	return meta
}

func metaOf(opts []anyio.TaskOption) *kernel.TaskMeta {
	if len(opts) == 0 {
		return nil
	}
	return inside.Meta(opts)
}

func misuse(text string) error { return &anyio.MisuseError{Text: text} }

var errNoFunction = misuse("portal: the task's function is nil")
