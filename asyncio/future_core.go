package asyncio

import (
	"context"
	"errors"
	"slices"

	"github.com/anyio-go/anyio/internal/kernel"
)

// ErrInvalidState is returned by a future that is asked for its outcome before it has one,
// or is given a second one.
var ErrInvalidState = errors.New("asyncio: invalid state of the future")

// An AnyFuture is a *Future or a *Task of any type.
type AnyFuture interface {
	// Done reports whether there is an outcome; being canceled is one.
	Done() bool
	// Canceled reports whether it was canceled.
	Canceled() bool
	// Err returns the error it has failed with, nil if it has a result. If it was
	// canceled the error matches anyio.ErrCanceled, if it is not done it is ErrInvalidState.
	Err() error
	// Cancel cancels a future that is not done, or asks a task to end. It reports whether
	// there was anything to cancel.
	Cancel(reason string) bool
	// AddDoneCallback lets the loop call f, as CallSoon does, when there is an outcome. The
	// returned function takes f back; it reports whether it was in time.
	AddDoneCallback(f func()) (remove func() bool)
	// Loop returns the loop it belongs to.
	Loop() *Loop

	core() *future
}

type futureState uint8

const (
	pending futureState = iota
	finished
	canceled
)

// A future is what futures of all types are.
type future struct {
	loop      *Loop
	state     futureState
	err       error // it failed with, or the cancellation
	callbacks []doneCallback
	first     [1]doneCallback          // where callbacks begin: mostly there is one
	onCancel  func(reason string) bool // what Cancel does instead, see Gather
	task      *taskPart                // if it is a task's
	self      AnyFuture
	lost      *lostError // of an error that nobody has asked for
}

// A doneCallback is a function to be called, or a task that waits.
type doneCallback struct {
	h *Handle
	w *kernel.Waiter
}

func (f *future) core() *future { return f }

// Done reports whether there is an outcome; being canceled is one.
func (f *future) Done() bool { return f.state != pending }

// Canceled reports whether the future was canceled.
func (f *future) Canceled() bool { return f.state == canceled }

// Loop returns the loop that the future belongs to.
func (f *future) Loop() *Loop { return f.loop }

// Err returns the error that the future has failed with, nil if it has a result. If it was
// canceled, the error matches anyio.ErrCanceled; if it is not done it is ErrInvalidState.
func (f *future) Err() error {
	if f.state == pending {
		return ErrInvalidState
	}
	f.asked()
	return f.err
}

// Cancel cancels the future: those who wait for it get an error that matches
// anyio.ErrCanceled. It returns false if the future is done.
func (f *future) Cancel(reason string) bool {
	f.loop.use("Cancel of a future")
	return f.cancel(reason)
}

func (f *future) cancel(reason string) bool {
	switch {
	case f.state != pending:
		return false
	case f.onCancel != nil:
		return f.onCancel(reason)
	case f.task != nil:
		return f.task.cancel(reason)
	}
	f.settle(canceled, canceledError(reason))
	return true
}

// canceledError is the error of a cancellation that belongs to no scope.
func canceledError(reason string) error {
	return kernel.RequestError(&kernel.Cause{Reason: reason})
}

// fail gives the future an error, false if it has an outcome.
func (f *future) fail(err error) bool {
	if f.state != pending {
		return false
	}
	f.settle(finished, err)
	f.loop.lost.add(f, err)
	return true
}

// settle ends the future and makes ready who waits for it, in the order of their coming.
func (f *future) settle(how futureState, err error) {
	f.state, f.err = how, err
	all := f.callbacks
	f.callbacks = nil
	for _, cb := range all {
		if cb.w == nil {
			f.loop.looper.Call(cb.h.call())
		} else if cb.w.Wake() {
			cb.w.Unpark()
		}
	}
	f.first = [1]doneCallback{}
}

// AddDoneCallback lets the loop call fn, as CallSoon does, when there is an outcome. remove
// takes fn back, and reports whether it was in time.
func (f *future) AddDoneCallback(fn func()) (remove func() bool) {
	f.loop.use("AddDoneCallback")
	h := f.loop.newHandle(fn)
	h.users = true
	f.addHandle(h)
	return func() bool { return f.remove(func(cb doneCallback) bool { return cb.h == h }) }
}

// addCallback is AddDoneCallback for callbacks of this package.
func (f *future) addCallback(fn func()) *Handle {
	h := f.loop.newHandle(fn)
	f.addHandle(h)
	return h
}

func (f *future) addHandle(h *Handle) {
	if f.state != pending {
		f.loop.looper.Call(h.call())
	} else {
		f.add(doneCallback{h: h})
	}
}

func (f *future) add(cb doneCallback) {
	if f.callbacks == nil {
		f.callbacks = f.first[:0]
	}
	if f.callbacks = append(f.callbacks, cb); len(f.callbacks) > 1 {
		f.first = [1]doneCallback{} // they have moved: what is removed must not be kept here
	}
}

func (f *future) removeHandle(h *Handle) {
	f.remove(func(cb doneCallback) bool { return cb.h == h })
}

func (f *future) remove(is func(doneCallback) bool) bool {
	i := slices.IndexFunc(f.callbacks, is)
	if i < 0 {
		return false
	}
	f.callbacks = slices.Delete(f.callbacks, i, i+1)
	return true
}

var (
	opAwait     = kernel.RegisterOp("asyncio.Await")
	opAwaitTask = kernel.RegisterPassiveOp("asyncio.Await")
)

// wait lets the calling task wait until the future is done. It does not wait for one that
// is done, nor give way before: the place among those who wait is the task's at once. The
// error is a cancellation: one of a scope or, as Python has it, the request to the task to
// end, which is first made to what it waits for, and comes back as that one's.
func (f *future) wait(ctx context.Context) error {
	p := kernel.Locate(ctx)
	if err := p.CheckAtOnce(); err != nil || f.state != pending {
		return err
	}
	t := f.loop.looper.Current()
	if t == nil {
		return misuse("a future was awaited by a goroutine that does not run a task of its loop")
	}
	part := f.loop.partOf(t)
	if part != nil && part.fut == f {
		return misuse("task " + part.name + " awaits itself")
	}
	w := kernel.GetWaiter()
	w.Prepare(p, f.op())
	f.add(doneCallback{w: w})
	if part != nil {
		part.awaits = f
		if t.Requested() {
			_ = t.TakeRequest()
			if !part.pass(f, part.reason) {
				part.held = &kernel.Cause{Reason: part.reason}
			}
		}
	}
	err := w.Wait(p)
	if part != nil {
		part.stopAwaiting()
	}
	if err != nil {
		f.remove(func(cb doneCallback) bool { return cb.w == w })
		f.cancel("who awaited it was canceled")
	} else if err = t.TakeRequest(); f.state == canceled {
		err = f.err // which came first
	}
	kernel.PutWaiter(w)
	return err
}

// waitShielded is wait not minding cancellation, for what must not end before.
func (f *future) waitShielded(ctx context.Context) {
	for f.state == pending {
		p, w := kernel.Locate(ctx), kernel.GetWaiter()
		w.PrepareShielded(p, f.op())
		f.add(doneCallback{w: w})
		_ = w.Wait(p) // cannot be aborted
		kernel.PutWaiter(w)
	}
}

func (f *future) op() kernel.Op {
	if f.task != nil {
		return opAwaitTask
	}
	return opAwait
}
