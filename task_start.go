package anyio

import (
	"context"
	"fmt"
	"sync"

	"github.com/anyio-go/anyio/internal/kernel"
)

// A starter is the conversation between Start and its task.
type starter struct {
	mu       sync.Mutex // guards what follows
	state    startState
	canceled bool // the caller was, while it waited: it returns no error of the task
	err      error
	ready    Event // state is no longer startWaiting
}

type startState uint8

const (
	startWaiting startState = iota
	startStarted            // the task called started: it belongs to the group
	startEnded              // the task ended without calling it
)

// ended tells the starter that its task is over; it reports whether the task's error
// goes to the starter and not to the group. b may be nil.
func (b *starter) ended(how kernel.Outcome, err error) bool {
	if b == nil {
		return false
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.state != startWaiting {
		return false
	}
	b.state, b.err = startEnded, err
	b.ready.latch.Open()
	return !b.canceled || how != kernel.Failed
}

// bootOf is the starter of a task that was begun by Start, else nil.
func bootOf(t *kernel.Task) *starter {
	if m := t.Meta(); m != nil {
		b, _ := m.Boot.(*starter)
		return b
	}
	return nil
}

// Start starts f as a task of the group and waits until f calls started, whose
// value it returns. From then on the task is like any other.
//
// An error of f before that is returned here, unwrapped, and does not touch the group; a
// task that ends without calling started is an error; calling it twice panics. If only
// the group is canceled, and the caller does not belong to it, the error is a *TaskError
// that matches ErrTaskCanceled: it is not a cancellation of the caller.
//
// Cancellation: the task is canceled, and waited for until it ends or calls started all
// the same. If it ends, the cancellation is returned, and an error of the task goes to
// the group. If it calls started, the value is returned and the task belongs to the
// group; the task goes on if it called started before the caller could cancel it, else it
// stays canceled.
func Start[T any](ctx context.Context, tg *TaskGroup, f func(ctx context.Context, started func(T)) error, opts ...TaskOption) (T, error) {
	value, _, err := StartHandle(ctx, tg, f, opts...)
	return value, err
}

// StartHandle is like Start but returns the task's handle as well. Cancellation: as for
// Start; the handle comes with the error if the task was started.
func StartHandle[T any](ctx context.Context, tg *TaskGroup, f func(ctx context.Context, started func(T)) error, opts ...TaskOption) (T, *TaskHandle, error) {
	var value, zero T
	if f == nil {
		panic(errNilTask)
	}
	p, err := kernel.Enter(ctx)
	if err != nil {
		return zero, nil, err
	}
	b := &starter{}
	h := &TaskHandle{}
	meta := &kernel.TaskMeta{Values: ctx, Boot: b}
	for _, o := range opts {
		o.apply(meta)
	}
	meta.Starter.Store(p.Task())
	started := func(v T) {
		kernel.Preempt()
		b.mu.Lock()
		state := b.state
		if state == startWaiting {
			value, b.state = v, startStarted
			meta.Starter.Store(nil)
			b.ready.latch.Open()
		}
		b.mu.Unlock()
		if state == startStarted {
			panic(misuse("started was called twice by the same task: call it once, when the task is ready to serve"))
		}
		kernel.PreemptEnd()
	}
	run := func(ctx context.Context) error { return f(ctx, started) }
	h.start(tg, run, kernel.FuncPC(f), meta)

	canceled := b.ready.latch.WaitFor(ctx, opStart, &h.t)
	if canceled != nil {
		b.mu.Lock()
		if b.state == startWaiting { // else the task is the group's by now
			b.canceled = true
			h.t.Scope.Cancel(&kernel.Cause{Reason: "the caller of Start was canceled", Err: canceled})
		}
		b.mu.Unlock()
		b.ready.latch.WaitShieldedFor(ctx, opStart, &h.t)
	}
	b.mu.Lock()
	state, givenUp, err := b.state, b.canceled, b.err
	b.mu.Unlock()
	if state == startStarted {
		return value, h, nil
	}
	// The task is over; let it leave the group before Start returns.
	h.t.AwaitShielded(ctx, opStart)
	switch {
	case givenUp:
		return zero, h, canceled
	case err == nil:
		return zero, h, fmt.Errorf("anyio: task %q ended without calling started", h.Name())
	}
	if how, _ := h.t.Outcome(); how == kernel.Canceled && !canceledWith(p) {
		err = &TaskError{Task: h.Name(), Err: err, Canceled: true}
	}
	return zero, h, err
}

// canceledWith reports whether what canceled a task reaches p as well: a cancellation on
// its way down the tree may have come to the task and not yet to p.
func canceledWith(p kernel.Place) bool { return p.Check() != nil || p.Canceling() }

var opStart = kernel.RegisterPassiveOp("Start: waiting for the task to end or to call started")
