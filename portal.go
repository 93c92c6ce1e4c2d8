package anyio

import (
	"context"
	"errors"
	"runtime"
	"unsafe"

	"github.com/anyio-go/anyio/internal/kernel"
	"github.com/anyio-go/anyio/internal/quiet"
	"github.com/anyio-go/anyio/internal/race"
)

// ErrPortalStopped is returned by calls through a portal that was stopped.
var ErrPortalStopped = errors.New("anyio: this portal is not running")

// A Portal is a door into a run: goroutines outside of the run start tasks in it and
// wait for them. So plain Go code, with callbacks from a C library or handlers of
// another framework, uses what lives on an event loop.
//
// The functions that take a portal may be called from any goroutine, also from
// tasks, of this run or another. On the simulator only tasks of the run may use a
// portal, and they may use no other: what happens when outside is not decided by the
// seed. Those calls get a *MisuseError.
type Portal struct {
	tg *TaskGroup

	mu      quiet.Mutex // guards stopped; a portal orders nobody who uses it
	stopped bool
	stop    Event // stopped is set
	run     *portalRun
}

// WithPortal runs body with a portal into the run of ctx. The tasks started through the
// portal belong to a task group of it: after body has returned, the portal is stopped
// and the tasks are waited for; if body fails they are canceled. An error of such a
// task is returned to the caller who started it and does not affect the others; a panic
// cancels all, and is raised again here. Cancellation: as for WithTaskGroup.
func WithPortal(ctx context.Context, body func(ctx context.Context, p *Portal) error) error {
	return WithTaskGroup(ctx, func(ctx context.Context, tg *TaskGroup) error {
		p := &Portal{tg: tg}
		defer p.Stop(false)
		return body(ctx, p)
	})
}

// Stop shuts the portal: further calls through it get ErrPortalStopped, and
// WaitStopped returns. The tasks that are left go on to their end, or with
// cancelRemaining are canceled. It does not wait and may be called again.
func (p *Portal) Stop(cancelRemaining bool) {
	kernel.Preempt()
	p.shut()
	if cancelRemaining { // first, so that who waits for the stop finds them canceled
		p.tg.g.Scope.Cancel(&kernel.Cause{Reason: "the portal was stopped", PC: kernel.CallerPC(1)})
	}
	p.stop.latch.Open()
	kernel.Preempt()
}

// shut refuses the calls that come from now on.
//
//go:norace
func (p *Portal) shut() {
	race.ReleaseMerge(unsafe.Pointer(p))
	p.mu.Lock()
	p.stopped = true
	p.mu.Unlock()
}

//go:norace
func (p *Portal) isStopped() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.stoppedLocked()
}

//go:norace
func (p *Portal) stoppedLocked() bool {
	if p.stopped {
		race.Acquire(unsafe.Pointer(p))
	}
	return p.stopped
}

// spawn starts a task, which after Stop has returned it does not do any more.
//
//go:norace
func (p *Portal) spawn(t *kernel.Task) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return !p.stoppedLocked() && p.tg.g.Spawn(t)
}

// WaitStopped waits until Stop is called: as the end of the body of WithPortal it
// keeps the portal open. Cancellation: nothing is lost.
func (p *Portal) WaitStopped(ctx context.Context) error { return p.stop.Wait(ctx) }

// A PortalTask is a task that was started through a portal. Its methods may be
// called from any goroutine at any time.
type PortalTask[T any] struct {
	h        TaskHandle
	caller   context.Context // whose cancellation cancels the task while it runs; may be nil
	returned bool            // f has; this and what follows is written before the task's end
	value    T
	err      error
}

// PortalSpawn starts f as a task of the portal and returns at once. The error is
// ErrPortalStopped, or a *MisuseError in or into a simulation, see Portal.
func PortalSpawn[T any](p *Portal, f func(ctx context.Context) (T, error), opts ...TaskOption) (*PortalTask[T], error) {
	if f == nil {
		panic(errNilTask)
	}
	kernel.Preempt()
	t, err := spawnPortal(p, f, kernel.FuncPC(f), opts)
	kernel.Preempt()
	return t, err
}

// spawnPortal starts f, which is called after the function at pc.
func spawnPortal[T any](p *Portal, f func(ctx context.Context) (T, error), pc uintptr, opts []TaskOption) (*PortalTask[T], error) {
	if err := p.refusal(); err != nil {
		return nil, err
	}
	t := newPortalTask(f, pc, opts)
	if !p.spawn(&t.h.t) {
		return nil, ErrPortalStopped
	}
	return t, nil
}

// refusal is why the calling goroutine may not use the portal whatever it calls.
func (p *Portal) refusal() error {
	r, t := p.tg.g.Run(), kernel.LoopTask()
	if t != nil && t.Scope.Run() == r {
		return nil
	}
	if err := r.Admit(kernel.PortalIn); err != nil || t == nil {
		return err
	}
	return t.Scope.Run().Admit(kernel.PortalOut)
}

func newPortalTask[T any](f func(ctx context.Context) (T, error), pc uintptr, opts []TaskOption) *PortalTask[T] {
	t := &PortalTask[T]{}
	t.h.t.Prepare(func(ctx context.Context) error {
		if t.caller != nil {
			defer t.follow(t.caller)()
		}
		return t.settle(f(ctx))
	}, pc, metaOf(opts))
	return t
}

// follow cancels the task when its caller is canceled, until what it returns is called.
func (t *PortalTask[T]) follow(caller context.Context) (stop func() bool) {
	if place := kernel.Locate(caller); place.Ctx == nil {
		caller = place.S // which package context needs no goroutine for
	}
	return kernel.AfterDone(caller, func() {
		t.h.t.Scope.Cancel(&kernel.Cause{Reason: "the caller of PortalCall was canceled", Err: context.Cause(caller)})
	})
}

// settle keeps the outcome for the caller. The group hears of a cancellation only.
func (t *PortalTask[T]) settle(value T, err error) error {
	t.returned = true
	if err != nil && t.h.t.Scope.Canceled() {
		rest, _ := strip(err)
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
// ErrTaskCanceled; that of one that panicked is the *PanicError. Cancellation:
// the task goes on.
func (t *PortalTask[T]) Await(ctx context.Context) (T, error) {
	if err := t.h.Wait(ctx); err != nil {
		var zero T
		return zero, err
	}
	return t.outcome()
}

func (t *PortalTask[T]) outcome() (T, error) {
	var zero T
	switch how, err := t.h.t.Outcome(); how {
	case kernel.Finished:
		return t.value, t.err
	case kernel.Failed: // a panic, or Goexit
		return zero, err
	}
	return zero, t.h.outcome()
}

// Wait waits until the task is over, whatever the outcome. Cancellation: the task
// goes on.
func (t *PortalTask[T]) Wait(ctx context.Context) error { return t.h.Wait(ctx) }

// Cancel cancels the task. It works also after the portal was stopped.
func (t *PortalTask[T]) Cancel(reason string) {
	kernel.Preempt()
	t.h.t.Scope.Cancel(&kernel.Cause{Reason: reason, PC: kernel.CallerPC(1)})
	kernel.Preempt()
}

// Name returns the task's name.
func (t *PortalTask[T]) Name() string { return t.h.Name() }

var opPortal = kernel.RegisterPassiveOp("PortalCall")

// PortalCall runs f as a task of the portal, waits for its end and returns what it
// returned, as PortalTask.Await does. It may be called from tasks of the same run, too.
// runtime.Goexit in f goes on here. Cancellation: the task is canceled and waited for;
// if it ended for that reason, the cancellation is returned, else what f returned.
func PortalCall[T any](ctx context.Context, p *Portal, f func(ctx context.Context) (T, error), opts ...TaskOption) (T, error) {
	var zero T
	if f == nil {
		panic(errNilTask)
	}
	place, err := kernel.Enter(ctx)
	if err != nil {
		return zero, err
	}
	if p.tg.g.MayRunHere() {
		return callHereFor(ctx, place, p, newPortalTask(f, kernel.FuncPC(f), opts))
	}
	t := newPortalTask(f, kernel.FuncPC(f), opts)
	if err := t.spawnHelping(ctx, p); err != nil {
		return zero, err
	}
	value, err := t.finish(ctx, "the caller of PortalCall was canceled")
	if how, _ := t.h.t.Outcome(); how == kernel.Failed && t.exited(err) {
		runtime.Goexit()
	}
	return value, err
}

// exited reports whether err, with which the task failed, stands for a
// runtime.Goexit of its function.
func (t *PortalTask[T]) exited(err error) bool {
	_, panicked := errors.AsType[*PanicError](err)
	return !t.returned && !panicked
}

// spawnHelping starts the task. The calling goroutine is going to wait for it, and may
// drive its loop meanwhile.
func (t *PortalTask[T]) spawnHelping(ctx context.Context, p *Portal) error {
	if err := p.refusal(); err != nil {
		return err
	}
	if p.isStopped() || !p.tg.g.Adopt(&t.h.t) {
		return ErrPortalStopped
	}
	if kernel.LoopTask() == nil && ctx.Done() != nil {
		defer t.follow(ctx)()
	}
	p.tg.g.StartHelping(&t.h.t)
	return nil
}

// finish waits for the task, which it cancels if ctx is canceled.
func (t *PortalTask[T]) finish(ctx context.Context, reason string) (T, error) {
	canceled := t.h.t.DoneLatch().Wait(ctx, opPortal)
	if canceled != nil {
		t.h.t.Scope.Cancel(&kernel.Cause{Reason: reason, Err: canceled})
		t.h.t.DoneLatch().WaitShielded(ctx, opPortal)
	}
	return t.outcomeFor(canceled)
}

// outcomeFor is the outcome for a caller who was canceled with the error, or was
// not, if it is nil.
func (t *PortalTask[T]) outcomeFor(canceled error) (T, error) {
	if how, _ := t.h.t.Outcome(); how == kernel.Canceled && canceled != nil {
		var zero T
		return zero, canceled
	}
	return t.outcome()
}

// callHereFor is PortalCall where the caller's goroutine may as well be the task's.
func callHereFor[T any](ctx context.Context, place kernel.Place, p *Portal, t *PortalTask[T]) (T, error) {
	if ctx.Done() != nil {
		t.caller = ctx
	}
	if p.isStopped() || !t.runHere(place, p.tg) {
		var zero T
		return zero, ErrPortalStopped
	}
	return t.outcomeFor(place.Check())
}

// runHere runs the task on the goroutine of its caller, who is seen to wait meanwhile.
func (t *PortalTask[T]) runHere(place kernel.Place, tg *TaskGroup) bool {
	if place.S == nil { // nobody looks
		return tg.g.RunHere(place, &t.h.t)
	}
	w := kernel.GetWaiter()
	w.Hold(place, opPortal)
	defer func() { // also if the task exits the goroutine
		w.Release(place)
		kernel.PutWaiter(w)
	}()
	return tg.g.RunHere(place, &t.h.t)
}
