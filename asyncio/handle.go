package asyncio

import (
	"runtime"
	"time"

	"github.com/anyio-go/anyio/internal/kernel"
)

// A Handle is a callback that the loop is going to call.
type Handle struct {
	loop     *Loop
	f        func()
	pc       uintptr // in debug mode, where it was made
	canceled bool
	users    bool // not one of this package's own
}

// newHandle makes the handle of a callback. f must not be nil.
func (l *Loop) newHandle(f func()) *Handle {
	h := &Handle{}
	h.init(l, f)
	return h
}

// handleBatch is how many handles are allocated together, by a loop that gives them out:
// they are what most of the time of a callback goes to. One that is kept keeps the others.
const handleBatch = 16

// nextHandle is newHandle by who has the turn, of a callback that comes soon.
func (l *Loop) nextHandle(f func()) *Handle {
	if l.handles == nil || l.given == handleBatch {
		l.handles, l.given = new([handleBatch]Handle), 0
	}
	h := &l.handles[l.given]
	l.given++
	h.init(l, f)
	return h
}

func (h *Handle) init(l *Loop, f func()) {
	if f == nil {
		panic(misuse("the callback is nil"))
	}
	h.loop, h.f = l, f
	if l.debug.Load() {
		h.pc = kernel.CallerPC(3)
	}
}

// CallSoon lets the loop call f in its next iteration, after all that is ready already,
// and never inside CallSoon. A panic of f goes to the loop's exception handler. f must not
// block: a blocking call of this module fails in it.
func (l *Loop) CallSoon(f func()) *Handle {
	l.use("CallSoon")
	h := l.nextHandle(f)
	h.users = true
	l.looper.CallHere(h.call())
	return h
}

// callSoon is CallSoon of what cannot be canceled.
func (l *Loop) callSoon(f func()) { l.looper.Call(l.newHandle(f).call()) }

// CallSoonThreadsafe lets the loop call f as CallSoon does, and may be called by any
// goroutine: it wakes the loop. The error is ErrLoopClosed if the loop is over; then f is
// not called. (It is not called either if the loop is closed before its turn has come.) In
// a simulation it is a *anyio.MisuseError if another goroutine calls than one of a task, as
// the seed does not decide when it comes.
func (l *Loop) CallSoonThreadsafe(f func()) (*Handle, error) {
	if !l.looper.InTurn() && !l.ended.Load() {
		if err := l.run.Admit(kernel.CallIn); err != nil {
			return nil, err
		}
	}
	h := l.newHandle(f)
	h.users = true
	if !l.looper.Call(h.call()) {
		return nil, ErrLoopClosed
	}
	return h, nil
}

// Cancel drops the callback, unless it was called already.
func (h *Handle) Cancel() { h.canceled, h.f = true, nil }

// Canceled reports whether Cancel was called.
func (h *Handle) Canceled() bool { return h.canceled }

// A handleCall is a Handle as the kernel calls it.
type handleCall Handle

// Called implements kernel.Callee.
func (c *handleCall) Called() {
	h := (*Handle)(c)
	if f := h.f; f != nil {
		h.f = nil
		if !h.users || !h.loop.dropping {
			h.loop.invoke(h, f)
		}
	}
}

func (h *Handle) call() *handleCall { return (*handleCall)(h) }

// invoke calls a callback, which may panic, and exit its goroutine.
func (l *Loop) invoke(h *Handle, f func()) {
	var begin time.Time
	if l.debug.Load() {
		begin = time.Now()
	}
	returned := false
	defer func() {
		if !returned {
			l.callbackFailed(h, f, recover())
		}
	}()
	f()
	returned = true
	if l.debug.Load() {
		l.callbackTook(h, f, time.Since(begin))
	}
}

// callbackName is a callback as it is told: its function and, in debug mode, where it was
// scheduled.
func callbackName(h *Handle, f func()) string {
	name := "callback"
	if fn := runtime.FuncForPC(kernel.FuncPC(f)); fn != nil {
		name = fn.Name()
	}
	if h != nil && h.pc != 0 {
		frame, _ := runtime.CallersFrames([]uintptr{h.pc}).Next()
		name += " scheduled at " + position(frame)
	}
	return name
}

// A TimerHandle is a callback that the loop is going to call at a time.
type TimerHandle struct {
	Handle
	timer kernel.Timer
	when  time.Duration
}

// CallLater lets the loop call f after a time, which may be zero or less. Those that are
// due at the same time are called in any order.
func (l *Loop) CallLater(d time.Duration, f func()) *TimerHandle {
	l.use("CallLater")
	return l.callAt(time.Duration(kernel.Later(l.run.Now(), d)), f)
}

// CallAt lets the loop call f when its clock, see Time, has come so far.
func (l *Loop) CallAt(when time.Duration, f func()) *TimerHandle {
	l.use("CallAt")
	return l.callAt(when, f)
}

func (l *Loop) callAt(when time.Duration, f func()) *TimerHandle {
	h := &TimerHandle{when: when}
	h.init(l, f)
	h.users = true
	h.timer.Value = (*timerFirer)(h)
	h.timer.When = int64(when)
	l.run.Arm(&h.timer)
	return h
}

// When returns the time at which the callback is due, on the loop's clock.
func (h *TimerHandle) When() time.Duration { return h.when }

// Cancel drops the callback, unless it was called already.
func (h *TimerHandle) Cancel() {
	h.Handle.Cancel()
	h.loop.run.Disarm(&h.timer)
}

// timerFirer is what a TimerHandle's timer is for.
type timerFirer TimerHandle

// Fire makes the callback ready. The loop calls it, and it knows nothing of who made it.
//
//go:norace
func (h *timerFirer) Fire() { h.loop.looper.Call(h.Handle.call()) }
