package asyncio

import (
	"errors"
	"fmt"
	"log/slog"
	"path"
	"runtime"
	"runtime/debug"
	"strconv"
	"time"

	"github.com/anyio-go/anyio"
)

// An ErrorContext describes an error that nobody has asked for: it goes to the loop's
// exception handler. Only Message is always there.
type ErrorContext struct {
	Message   string
	Err       error
	Future    AnyFuture
	Task      AnyTask
	Handle    *Handle
	Protocol  any
	Transport any
}

// CallExceptionHandler gives an error to the loop's exception handler. A handler that
// panics, or calls runtime.Goexit, is replaced, for that error and its own, by the default
// one.
func (l *Loop) CallExceptionHandler(c ErrorContext) {
	f := l.onError
	if f == nil {
		l.log(c)
		return
	}
	returned := false
	defer func() {
		if !returned {
			v := recover()
			l.log(ErrorContext{Message: "the exception handler failed", Err: failure(v, "the exception handler")})
			l.log(c)
			l.mayHalt(v)
		}
	}()
	f(l, c)
	returned = true
}

// log calls DefaultExceptionHandler. If the log panics nobody is left to be told.
func (l *Loop) log(c ErrorContext) {
	defer func() { _ = recover() }()
	l.DefaultExceptionHandler(c)
}

// DefaultExceptionHandler logs an error of package slog.
func (l *Loop) DefaultExceptionHandler(c ErrorContext) {
	args := []any{}
	add := func(key string, value any) { args = append(args, key, value) }
	if c.Err != nil {
		add("error", c.Err)
	}
	if c.Task != nil {
		add("task", c.Task.Name())
	}
	if c.Protocol != nil {
		add("protocol", fmt.Sprintf("%T", c.Protocol))
	}
	if c.Transport != nil {
		add("transport", fmt.Sprintf("%T", c.Transport))
	}
	if c.Handle != nil && c.Handle.pc != 0 {
		frame, _ := runtime.CallersFrames([]uintptr{c.Handle.pc}).Next()
		add("scheduled", position(frame))
	}
	slog.Error("asyncio: "+c.Message, args...)
}

// SetExceptionHandler sets the function that gets the errors that nobody has asked for;
// nil stands for DefaultExceptionHandler.
func (l *Loop) SetExceptionHandler(f func(*Loop, ErrorContext)) {
	l.use("SetExceptionHandler")
	l.onError = f
}

// ExceptionHandler returns what SetExceptionHandler was given last.
func (l *Loop) ExceptionHandler() func(*Loop, ErrorContext) { return l.onError }

// SetDebug switches debug mode: callbacks that take long are reported, see
// SetSlowCallback, and reports say where callbacks were scheduled.
func (l *Loop) SetDebug(on bool) {
	l.use("SetDebug")
	l.debug.Store(on)
}

// Debug reports whether debug mode is on.
func (l *Loop) Debug() bool { return l.debug.Load() }

// SetSlowCallback sets how long a callback may take in debug mode before it is reported;
// default 100 ms. Tasks that hold up the loop are reported in every mode, see
// anyio.HoldLimit.
func (l *Loop) SetSlowCallback(d time.Duration) {
	l.use("SetSlowCallback")
	l.slow = d
}

// callbackTook reports a callback that took long.
func (l *Loop) callbackTook(h *Handle, f func(), d time.Duration) {
	if d >= l.slow {
		slog.Warn("asyncio: a callback held up the loop", "callback", callbackName(h, f), "for", d)
	}
}

// callbackFailed tells of a callback that has not returned; value is what recover has
// returned.
func (l *Loop) callbackFailed(h *Handle, f func(), value any) {
	name := callbackName(h, f)
	l.failed(ErrorContext{Message: "exception in callback " + name, Err: failure(value, name), Handle: h}, value)
}

// failed tells of a function of the user that has panicked with a value or, if that is nil,
// has exited its goroutine.
func (l *Loop) failed(c ErrorContext, value any) {
	l.mayHalt(value)
	l.CallExceptionHandler(c)
}

// mayHalt stops a loop whose goroutine exits: it goes on in a deferred call, and only when
// it is over, the goroutine, and that of Run, exit. Tasks have their own.
func (l *Loop) mayHalt(value any) {
	if value == nil && l.running.Load() && l.looper.InTurn() && l.looper.Current() == nil {
		l.looper.Halt()
	}
}

var errGoexit = errors.New("asyncio: runtime.Goexit was called")

// failure is the error of a function that has not returned; value is what recover has
// returned.
func failure(value any, name string) error {
	if value == nil {
		return errGoexit
	}
	return panicked(value, name)
}

// panicked is what recover has returned as an error.
func panicked(value any, name string) *anyio.PanicError {
	if pe, ok := value.(*anyio.PanicError); ok && pe != nil {
		return pe
	}
	return &anyio.PanicError{Value: value, Stack: debug.Stack(), Task: name}
}

func position(f runtime.Frame) string { return path.Base(f.File) + ":" + strconv.Itoa(f.Line) }
