package kernel

import (
	"runtime"
	"sync/atomic"

	"github.com/anyio-go/anyio/internal/waitq"
)

// An Interrupter makes a call that blocks its goroutine somewhere outside of this
// package return early, also if the call only begins afterwards. Interrupt must
// not block.
type Interrupter interface{ Interrupt() }

// An External is a wait of a goroutine in such a call: a read of package net, say.
// It is seen and aborted as any wait, but aborting it calls the Interrupter.
//
// The order is Begin, the call, End. No task of a loop may wait like this.
type External struct {
	Waiter
	i           Interrupter
	interrupted atomic.Bool // by whoever has aborted the wait, as the last it does
	stop        func() bool // ends the watch of a foreign context
}

var externals = waitq.NewPool(func() *External {
	x := &External{}
	x.ext = x
	return x
})

// GetExternal takes an external wait from the pool.
func GetExternal() *External { return externals.Get() }

// PutExternal gives it back, its wait being over.
func PutExternal(x *External) { externals.Put(x) }

// Begin begins the wait. If it fails, the place is canceled, the call must not be
// made, and End not called.
//
//go:noinline
func (x *External) Begin(p Place, op Op, i Interrupter) error {
	if p.mayBePulled() {
		if err := pulledByLoop(); err != nil {
			return err
		}
	}
	x.i = i
	if p.Ctx != nil {
		return x.beginForeign(p, op)
	}
	x.prepareFor(nil, p, uint64(op)<<opShift)
	s := p.S
	s.add(&x.Waiter)
	if s.state.Load()&(stCanceled|stClosed) != 0 && x.abortSelf() {
		s.remove(&x.Waiter)
		x.i = nil
		return s.cancelError()
	}
	return nil
}

func (x *External) beginForeign(p Place, op Op) error {
	x.prepareFor(nil, p, uint64(op)<<opShift|foreign)
	if p.Ctx.Done() != nil {
		word := x.word.Load()
		x.stop = p.Run().watchForeign(p.Ctx, func() {
			if x.word.CompareAndSwap(word, word+2) {
				x.Unpark()
			}
		})
	}
	if s := p.S; s != nil { // to be seen, and for Kill
		s.add(&x.Waiter)
		if s.run.killed.Load() != nil && x.abortSelf() {
			x.leave(p)
			return s.cancelError()
		}
	}
	return nil
}

// End ends the wait. Its error is the cancellation, if the Interrupter was called:
// then Interrupt has returned, and will not be called again.
//
//go:noinline
func (x *External) End(p Place) error {
	if x.Wake() {
		x.leave(p)
		return nil
	}
	for !x.interrupted.Load() { // Interrupt is on its way, and does not block
		runtime.Gosched()
	}
	x.interrupted.Store(false)
	x.leave(p)
	if s := p.S; s != nil && (p.Ctx == nil || s.run.killed.Load() != nil) {
		return s.cancelError()
	}
	return p.err()
}

func (x *External) leave(p Place) {
	if x.stop != nil {
		x.stop()
		x.stop = nil
	}
	if p.S != nil {
		p.S.remove(&x.Waiter)
	}
	x.i = nil
}
