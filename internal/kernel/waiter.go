package kernel

import (
	"context"
	"unsafe"

	"github.com/anyio-go/anyio/internal/bubble"
	"github.com/anyio-go/anyio/internal/quiet"
	"github.com/anyio-go/anyio/internal/race"
)

// A Waiter is one wait of one task or goroutine. All that can end the wait race
// for its word, and exactly one wins: the primitive (Wake) or the scope (abort).
//
//	bits 0–1  phase: idle, waiting, woken, canceled
//	bit  2    nothing can abort this wait
//	bit  3    the wait obeys a foreign context; the scope only sees it
//	bits 4–16 Op
//	bit  17   it is the scope's own task that waits
//	bit  18   the task runs a function that blocks, see Hold
//	bit  19   a request ends the wait though nothing else does, see Request
//	bits 20–  generation, so that a late canceler never hits a later wait
//
// The order of a wait is Prepare, put nodes into queues under the primitives'
// locks, Wait, take the nodes out. A Waiter may be used again afterwards.
type Waiter struct {
	word  quiet.Uint64
	task  *Task           // the loop task that waits; nil: a goroutine, on c
	c     chan struct{}   // capacity 1, made at first need, kept
	inner bool            // c belongs to a bubble of synctest and is of no use elsewhere
	next  *Waiter         // in the scope's list, guarded by the scope's mu
	woken *Waiter         // in the list of who has won the word, until Unpark
	since quiet.Int64     // one more than when the wait began, only in runs that are timed
	Index int             // for Select: which node was woken, set by the waker
	ext   *External       // set if this is the waiter of one
	of    Source          // that is waited for, nil if it does not know who has it; see For
	who   stranger        // who waits, if it is not the scope's own task
	scope *Scope          // where the wait is; nil if ctx is none of ours. Not of an External
	ctx   context.Context // that decides, of a wait with the bit foreign. Not of an External
}

const (
	phaseIdle uint64 = iota
	phaseWaiting
	phaseWoken
	phaseCanceled

	phaseMask = 3
	noAbort   = 1 << 2
	foreign   = 1 << 3
	opShift   = 4
	own       = 1 << 17
	held      = 1 << 18
	heeds     = 1 << 19
	genShift  = 20
	opMask    = maxOp - 1
)

var waiters = quiet.NewPool(func() *Waiter { return new(Waiter) })

// GetWaiter takes a waiter from the pool.
//
//go:norace
func GetWaiter() *Waiter { return waiters.Get() }

// PutWaiter gives a waiter back whose wait is over.
//
//go:norace
func PutWaiter(w *Waiter) {
	w.Forget()
	waiters.Put(w)
}

// Forget drops what a waiter whose wait is over would keep alive until its next one.
// Those that are not given back to a pool call it where nobody can Fail them.
//
//go:norace
func (w *Waiter) Forget() { w.scope, w.ctx, w.of = nil, nil, nil }

// Prepare begins a wait of the calling task or goroutine.
//
//go:norace
func (w *Waiter) Prepare(p Place, op Op) { w.prepareFor(p.RunningTask(), p, uint64(op)<<opShift) }

// PrepareFor is Prepare for t, the place's RunningTask: apart, these two take less stack.
//
//go:norace
func (w *Waiter) PrepareFor(t *Task, p Place, op Op) { w.prepareFor(t, p, uint64(op)<<opShift) }

// PrepareShielded begins a wait that no scope can abort.
//
//go:norace
func (w *Waiter) PrepareShielded(p Place, op Op) {
	w.prepareFor(p.RunningTask(), p, uint64(op)<<opShift|noAbort)
}

// prepareFor begins a wait of t or, if that is nil, of the calling goroutine. What a
// task does on its stack before it waits counts for each of many: what is rare is apart.
//
//go:norace
func (w *Waiter) prepareFor(t *Task, p Place, bits uint64) {
	w.task = t
	if t == nil && w.ext == nil && (w.c == nil || w.inner || bubble.In()) {
		w.newChannel()
	}
	if p.S != nil && p.S.run.timed || w.since.Load() != 0 {
		w.noteTime(p.S)
	}
	failable := bits&noAbort == 0 && w.ext == nil
	if failable {
		w.scope = p.S
	}
	if p.Ctx != nil {
		if failable {
			w.ctx = p.Ctx
		}
		race.ReleaseMerge(unsafe.Pointer(&w.ctx))
		bits |= foreign
	}
	if t != nil && (p.S == nil || p.S.task == t) && w.who.goid.Load() == 0 || w.isOwn(t, p.S) {
		bits |= own
	}
	gen := w.word.Load()>>genShift + 1
	w.word.Store(gen<<genShift | bits | phaseWaiting)
}

// newChannel makes the channel of a goroutine that has none that it may use.
//
//go:noinline
//go:norace
func (w *Waiter) newChannel() { w.c, w.inner = make(chan struct{}, 1), bubble.In() }

// noteTime notes when the wait begins, in a run that is timed. Else it forgets an earlier one.
//
//go:noinline
//go:norace
func (w *Waiter) noteTime(s *Scope) {
	since := int64(0)
	if s != nil && s.run.timed {
		since = s.run.Now() + 1
	}
	w.since.Store(since)
}

// Wake ends the wait in favor of the caller, who may then write to what the
// waiter will read, and must call Unpark. It returns false if the wait is over.
//
//go:norace
func (w *Waiter) Wake() bool {
	word := w.word.Load()
	return word&phaseMask == phaseWaiting && w.word.CompareAndSwap(word, word+1)
}

// Fail is Wake for those who have nothing but an error to give, such as who closes
// what is waited for. They may do it because of the very cancellation that is about
// to reach the wait: if its scope was canceled before, the wait ends in the scope's
// favor. Unpark must follow in either case. The caller holds the lock of the queue
// that the waiter stands in.
//
//go:norace
func (w *Waiter) Fail() bool {
	word := w.word.Load()
	return word&phaseMask == phaseWaiting && w.word.CompareAndSwap(word, word+w.verdict(word, w.scope, w.ctx))
}

// verdict is what a failure adds to the word of a wait.
//
//go:norace
func (w *Waiter) verdict(word uint64, s *Scope, ctx context.Context) uint64 {
	const woken, canceled = phaseWoken - phaseWaiting, phaseCanceled - phaseWaiting
	switch {
	case word&noAbort != 0:
	case word&foreign != 0:
		over := s != nil && s.run.killed.Load() != nil
		if !over && ctx != nil { // which is known to who waits, not to who fails it
			race.Apart(unsafe.Pointer(&w.ctx), func() { over = ctx.Err() != nil })
		}
		if over {
			return canceled
		}
	case s != nil && s.canceling():
		return canceled
	}
	return woken
}

// Requeue lets a waiter that Wake has won wait on, now for op and of, in a queue of the
// caller's choice, in place of Unpark. No scope can abort what is left of the wait.
//
//go:norace
func (w *Waiter) Requeue(op Op, of Source) {
	w.of = of
	word := w.word.Load()
	gen := word>>genShift + 1
	w.word.Store(gen<<genShift | word&own | uint64(op)<<opShift | noAbort | phaseWaiting)
}

// Aborted reports whether the wait has ended in favor of the scope, until the next one.
//
//go:norace
func (w *Waiter) Aborted() bool { return w.word.Load()&phaseMask == phaseCanceled }

// Waiting reports whether the wait can still be won by Wake.
//
//go:norace
func (w *Waiter) Waiting() bool { return w.word.Load()&phaseMask == phaseWaiting }

// Unpark lets a waiter go on that Wake has won. After it the waiter may be gone.
//
//go:norace
func (w *Waiter) Unpark() {
	race.ReleaseMerge(unsafe.Pointer(w))
	w.unpark()
}

// unparkBy is Unpark or, if silent, unpark.
//
//go:norace
func (w *Waiter) unparkBy(silent bool) {
	if !silent {
		race.ReleaseMerge(unsafe.Pointer(w))
	}
	w.unpark()
}

// unpark is Unpark that is no synchronization.
//
//go:norace
func (w *Waiter) unpark() {
	if t := w.task; t != nil {
		t.run.Unpark(t)
		return
	}
	if x := w.ext; x != nil {
		race.Apart(unsafe.Pointer(x), x.i.Interrupt)
		x.interrupted.Store(true)
		return
	}
	race.Disable()
	w.c <- struct{}{}
	race.Enable()
}

// IsTaskOf reports whether it is a task of the run, one on a loop, that waits.
//
//go:norace
func (w *Waiter) IsTaskOf(r *Run) bool { return w.task != nil && w.task.run == r }

// Wait parks until woken (nil) or aborted by the scope (its error, and nothing
// was granted).
//
//go:norace
func (w *Waiter) Wait(p Place) error {
	if w.task == nil && loops.Load() != nil {
		if err := w.refusePulled(p); err != nil {
			return err
		}
	}
	if w.task != nil && w.task.state.Load()&stRequested != 0 {
		if err := w.heedRequest(); err != nil {
			return err
		}
	}
	if p.Ctx != nil {
		return w.waitForeign(p)
	}
	s := p.S
	s.add(w)
	if s.state.Load()&(stCanceled|stClosed) != 0 && w.abortSelf() {
		s.remove(w)
		return s.cancelError()
	}
	if Heard() { // apart for the sake of small stacks
		w.parkTold(s)
	} else {
		w.park()
	}
	w.resumed()
	s.remove(w)
	if w.word.Load()&phaseMask == phaseCanceled {
		if err := w.task.TakeRequest(); err != nil {
			return err
		}
		return s.cancelError()
	}
	return nil
}

// Hold begins a wait that no scope can abort, of a caller that is about to call a
// function that blocks its own goroutine. Release, which is given what Hold has returned,
// ends it. Of a function that is a task's, to be run by RunHere, For is to be told: its
// caller is seen to wait only while the task is there; before and after that he runs.
//
//go:norace
func (w *Waiter) Hold(p Place, op Op) (ended func()) {
	w.prepareFor(p.RunningTask(), p, uint64(op)<<opShift|noAbort|held)
	if p.S != nil {
		p.S.add(w)
	}
	if Heard() {
		ended = w.tellWait(p.S)
	}
	return ended
}

// Release ends what Hold began.
//
//go:norace
func (w *Waiter) Release(p Place, ended func()) {
	if p.S != nil {
		p.S.remove(w)
	}
	w.Wake()
	if ended != nil {
		ended()
	}
}

// Restart tells whether a wait that was prepared, but not waited for, is still
// unclaimed; then it is over. If not, Unpark is on its way and Wait must be called.
//
//go:norace
func (w *Waiter) Restart() bool { return w.abortSelf() }

// abortSelf ends the wait in favor of its own goroutine.
//
//go:norace
func (w *Waiter) abortSelf() bool {
	word := w.word.Load()
	return word&phaseMask == phaseWaiting && word&noAbort == 0 && w.word.CompareAndSwap(word, word+2)
}

// waitForeign obeys a context that is not ours, or is derived from ours with a
// cancellation of its own.
//
//go:norace
func (w *Waiter) waitForeign(p Place) error {
	if word := w.word.Load(); word&noAbort == 0 && p.Ctx.Done() != nil {
		waiting := word&^phaseMask | phaseWaiting
		stop := p.Run().AfterDone(p.Ctx, func() {
			if w.word.CompareAndSwap(waiting, waiting+2) {
				w.Unpark()
			}
		})
		defer stop()
	}
	s := p.S
	if s == nil && w.task != nil { // a loop's task with a context from elsewhere
		s = &w.task.Scope
	}
	if s != nil { // to be seen, and for Kill
		s.add(w)
		defer s.remove(w)
		if s.run.killed.Load() != nil && w.abortSelf() {
			return s.cancelError()
		}
	}
	if Heard() { // apart for the sake of small stacks
		w.parkTold(s)
	} else {
		w.park()
	}
	w.resumed()
	if w.word.Load()&phaseMask != phaseCanceled {
		return nil
	}
	if err := w.task.TakeRequest(); err != nil {
		return err
	}
	if s != nil && s.run.killed.Load() != nil {
		return s.cancelError()
	}
	return p.err()
}

// park suspends the caller until Unpark. A goroutine does not spin first: looking
// for the wake 50, 300 or 1000 times made a ping-pong over streams 1.07, 1.5 and
// 5 times as slow, and a stream without buffer likewise (two cores).
//
//go:norace
func (w *Waiter) park() {
	if t := w.task; t != nil {
		t.wait(w)
	} else {
		race.Disable()
		<-w.c
		race.Enable()
	}
	race.Acquire(unsafe.Pointer(w))
}

// parkTold is park, and tells of the wait, which is in s, if that is not nil.
//
//go:norace
func (w *Waiter) parkTold(s *Scope) {
	ended := w.tellWait(s)
	w.park()
	if ended != nil {
		ended()
	}
}

// resumed tells the run's watcher that what waited goes on with its operation.
//
//go:norace
func (w *Waiter) resumed() {
	if t := w.task; t != nil && t.run.Watcher != nil {
		t.run.Watcher.Begin()
	}
}

// wait parks a task of a loop, which can be found waiting meanwhile.
//
//go:norace
func (t *Task) wait(w *Waiter) {
	co := t.strand.Coro
	if co != nil {
		co.Wait = w
	}
	t.run.Park(t)
	if co != nil {
		co.Wait = nil
	}
}

// describe returns what the waiter waits for; ok is false if it does not wait.
//
//go:norace
func (w *Waiter) describe() (op Op, word uint64, ok bool) {
	word = w.word.Load()
	return Op(word >> opShift & opMask), word, word&phaseMask == phaseWaiting
}
