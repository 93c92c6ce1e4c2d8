package kernel

import (
	"context"
	"runtime"
	"unsafe"

	"github.com/anyio-go/anyio/internal/quiet"
	"github.com/anyio-go/anyio/internal/race"
)

// An Interrupter makes a call that blocks its goroutine somewhere outside of this
// package return early, also if the call only begins afterwards. Interrupt must
// not block.
type Interrupter interface{ Interrupt() }

// An External is a wait of a goroutine in such a call: a read of package net, say.
// It is seen and aborted as any wait, but aborting it calls the Interrupter.
//
// The order is Begin, the call, End. What can be closed while it is waited for calls
// Close before it makes the call fail: the word decides what was first, as the call
// cannot tell. So an External belongs to what is waited for, and is not reused for
// another. No task of a loop may wait like this.
type External struct {
	Waiter
	i           Interrupter
	interrupted quiet.Bool  // by whoever has aborted the wait, as the last it does
	stop        func() bool // ends the watch of a foreign context

	// Where the wait is. Close comes at any time, so these are not Waiter's.
	place quiet.Pointer[Scope]
	outer quiet.Pointer[context.Context]
}

// Begin begins the wait. If it fails, the place is canceled, the call must not be
// made, and End not called. Whoever can be closed looks whether it is after Begin, and
// calls Close if so.
//
//go:noinline
//go:norace
func (x *External) Begin(p Place, op Op, i Interrupter) error {
	if p.mayBePulled() {
		if err := pulledByLoop(); err != nil {
			return err
		}
	}
	x.i, x.ext = i, x
	x.place.Store(p.S)
	race.ReleaseMerge(unsafe.Pointer(x)) // Interrupt may see what was done before
	if p.Ctx != nil {
		return x.beginForeign(p, op)
	}
	x.prepareFor(nil, p, uint64(op)<<opShift)
	s := p.S
	s.add(&x.Waiter)
	if s.state.Load()&(stCanceled|stClosed) != 0 && x.abortSelf() {
		x.leave(p)
		return s.cancelError()
	}
	return nil
}

//go:norace
func (x *External) beginForeign(p Place, op Op) error {
	if p.Ctx.Done() != nil {
		ctx := p.Ctx
		x.outer.Store(&ctx)
	}
	x.prepareFor(nil, p, uint64(op)<<opShift|foreign)
	word := x.word.Load()
	if s := p.S; s != nil { // to be seen, and for Kill
		s.add(&x.Waiter)
		if s.run.killed.Load() != nil && x.abortSelf() {
			x.leave(p)
			return s.cancelError()
		}
	}
	if p.Ctx.Done() != nil {
		x.stop = p.Run().AfterDone(p.Ctx, func() {
			if x.word.CompareAndSwap(word, word+2) {
				x.Unpark()
			}
		})
	}
	return nil
}

// Close ends the wait, if there is one, in favor of who closes what is waited for,
// unless its scope was canceled before. Any goroutine may call it.
//
//go:norace
func (x *External) Close() {
	for {
		word := x.word.Load()
		if word&phaseMask != phaseWaiting {
			return
		}
		add := x.failure(word)
		if !x.word.CompareAndSwap(word, word+add) {
			continue
		}
		if (word+add)&phaseMask == phaseCanceled {
			x.Unpark()
		}
		return
	}
}

//go:norace
func (x *External) failure(word uint64) uint64 {
	var ctx context.Context
	if c := x.outer.Load(); c != nil {
		ctx = *c
	}
	return x.verdict(word, x.place.Load(), ctx)
}

// End ends the wait; failed tells whether the call has. Its error is the cancellation,
// if that was first: then Interrupt, if it was called, has returned, and will not be
// called again. After Close, and if the call has failed by itself, it is nil, and the
// call's error the one to return.
//
//go:noinline
//go:norace
func (x *External) End(p Place, failed bool) error {
	word := x.word.Load()
	if failed && word&phaseMask == phaseWaiting && (word+x.failure(word))&phaseMask == phaseCanceled && x.abortSelf() {
		x.leave(p)
		return p.CanceledOr(nil)
	}
	if x.Wake() || x.word.Load()&phaseMask == phaseWoken {
		x.leave(p)
		return nil
	}
	for !x.interrupted.Load() { // Interrupt is on its way, and does not block
		runtime.Gosched()
	}
	x.interrupted.Store(false)
	race.Acquire(unsafe.Pointer(x))
	x.leave(p)
	if s := p.S; s != nil && (p.Ctx == nil || s.run.killed.Load() != nil) {
		return s.cancelError()
	}
	return p.err()
}

//go:norace
func (x *External) leave(p Place) {
	if x.stop != nil {
		x.stop()
		x.stop = nil
	}
	if p.S != nil {
		p.S.remove(&x.Waiter)
	}
	x.i = nil
	x.place.Store(nil)
	if p.Ctx != nil {
		x.outer.Store(nil)
	}
}
