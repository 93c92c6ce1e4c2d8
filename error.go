package anyio

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/anyio-go/anyio/internal/errgraph"
	"github.com/anyio-go/anyio/internal/inside"
	"github.com/anyio-go/anyio/internal/kernel"
)

// The errors of the library. Five words cover resources: closed (you did it),
// broken (they did), busy (two at once), end of stream, would block.
var (
	// ErrCanceled is matched (errors.Is) by the error of every blocking call in a
	// canceled scope. It also matches context.Canceled. Err of a context is bare, and
	// does not match ErrCanceled; context.Cause does.
	ErrCanceled = errors.New(canceledText)
	// ErrTimeout is matched by the error of FailAfter and FailAt. That error also
	// matches context.DeadlineExceeded and os.ErrDeadlineExceeded.
	ErrTimeout = errors.New("anyio: timeout")
	// ErrClosed is returned by calls on what this side has closed. It matches
	// net.ErrClosed and os.ErrClosed. For what the other side closed see
	// ErrEndOfStream and ErrBroken.
	ErrClosed error = closedError{}
	// ErrBroken is matched when the other side, or something between, has failed;
	// its cause is wrapped where there is one.
	ErrBroken = errors.New("anyio: broken resource")
	// ErrEndOfStream is io.EOF: the other side has closed and all is received.
	ErrEndOfStream = io.EOF
	// ErrBusy is matched by a *BusyError.
	ErrBusy = errors.New("anyio: resource is busy")
	// ErrWouldBlock is returned by a Try function that could not finish at once.
	ErrWouldBlock = errors.New("anyio: operation would block")
	// ErrNotFinished is returned where the outcome is asked for of a task that is not
	// over, or of a Future that has none yet.
	ErrNotFinished = errors.New("anyio: not finished: there is no outcome yet")
	// ErrTaskCanceled is matched by the error of Await for a canceled task.
	ErrTaskCanceled = errors.New("anyio: awaited task was canceled")
	// ErrFutureFinished is returned by Set and SetError of a Future that has a
	// value or an error already.
	ErrFutureFinished = errors.New("anyio: future already has an outcome")
	// ErrFutureCanceled is matched by the error of everything that asks a canceled
	// Future for its outcome, and returned by Set and SetError. It is not a
	// cancellation of the caller.
	ErrFutureCanceled = errors.New("anyio: future was canceled")
	// ErrNoRun is returned where a run is needed and the context belongs to
	// none.
	ErrNoRun = errors.New("anyio: no run here: this context belongs to none")
	// ErrRunFinished is returned when a run is entered from outside after its end.
	ErrRunFinished = errors.New("anyio: the run has already finished")
	// ErrAlreadyRunning is returned by Run inside a task of a loop, which it would block.
	ErrAlreadyRunning = errors.New("anyio: a loop is already running on this goroutine; use a task group, or start a goroutine for the other run")
)

type closedError struct{}

func (closedError) Error() string { return "anyio: resource is closed" }
func (closedError) Is(target error) bool {
	return target == net.ErrClosed || target == os.ErrClosed
}

// A CanceledError is returned by a blocking call in a canceled scope, and by
// context.Cause of the scope's context, whose Err is the bare context.Canceled or
// context.DeadlineExceeded. It says who canceled, why, and which deadline passed.
// Return it (wrapped or not) up to the scope that was canceled, which removes it.
//
// errors.Is matches ErrCanceled and context.Canceled and, if a deadline was the
// cause, context.DeadlineExceeded.
type CanceledError struct {
	Reason   string    // given to Cancel; "" if none
	Cause    error     // the error because of which it was canceled, nil if none
	Task     string    // the task that failed, "" if none
	Deadline time.Time // the deadline that passed, zero if none did
	Source   string    // file:line of the call to Cancel, "" if unknown
	kind     kernel.CauseKind
	timeout  bool // a deadline of a context above was the cause
}

// newCanceledError makes the error of a cause. A context derived from ours that was
// canceled with it has our error for a cause: that one says it all.
func newCanceledError(c *kernel.Cause) error {
	if of, ok := c.Err.(*CanceledError); ok && c.Kind == kernel.ByContext && (of.Timeout() || !c.Timeout) {
		return of
	}
	e := &CanceledError{Reason: c.Reason, Cause: c.Err, Task: c.Task, Deadline: c.Deadline, kind: c.Kind, timeout: c.Timeout}
	if c.PC != 0 {
		f, _ := runtime.CallersFrames([]uintptr{c.PC}).Next()
		e.Source = kernel.FileLine(f.File, strconv.Itoa(f.Line))
	}
	return e
}

const canceledText = "anyio: canceled"

func (e *CanceledError) Error() string { return errgraph.Text(e, e.text) }

func (e *CanceledError) text() string {
	var b strings.Builder
	b.WriteString(canceledText)
	if e.kind == kernel.ByDeadline {
		b.WriteString(": deadline ")
		b.WriteString(e.Deadline.Format("15:04:05.000"))
		b.WriteString(" passed")
	}
	if e.Reason != "" {
		b.WriteString(": ")
		b.WriteString(e.Reason)
	}
	if e.Task != "" {
		b.WriteString(": task ")
		b.WriteString(strconv.Quote(e.Task)) // package fmt has a pool, which would order who print
		b.WriteString(" failed")
	}
	if e.Cause != nil {
		// One cancellation because of another is said to be one once.
		cause := errgraph.Say(e.Cause)
		if p, ok := e.Cause.(*PanicError); ok {
			cause = p.short() // who raises it shows the stack
		}
		cause = strings.ReplaceAll(cause, canceledText+": ", "")
		if cause != canceledText { // nor is the module
			cause = strings.TrimPrefix(cause, "anyio: ")
		}
		if cause != canceledText {
			b.WriteString(": ")
			b.WriteString(cause)
		}
	}
	if e.Source != "" {
		b.WriteString(" (by ")
		b.WriteString(e.Source)
		b.WriteString(")")
	}
	return b.String()
}

// Is matches ErrCanceled, context.Canceled and, for a deadline of ours or of a
// context above, context.DeadlineExceeded.
func (e *CanceledError) Is(target error) bool {
	switch target {
	case ErrCanceled, context.Canceled:
		return true
	case context.DeadlineExceeded:
		return e.Timeout()
	}
	return false
}

// Timeout reports whether a deadline was the cause, as net.Error does.
func (e *CanceledError) Timeout() bool {
	return e.kind == kernel.ByDeadline || e.timeout || e.kind == kernel.ByContext && errors.Is(errgraph.One(e, e.Cause), context.DeadlineExceeded)
}

// A BusyError is returned when two tasks use at once what serves one. It matches ErrBusy.
type BusyError struct {
	Action string // "reading from", "using", …
}

// Is makes the error match ErrBusy.
func (e *BusyError) Is(target error) bool { return target == ErrBusy }

func (e *BusyError) Error() string {
	return "anyio: another task is already " + e.Action + " this resource"
}

// A BrokenError says why a resource is broken. It matches ErrBroken and what its
// cause matches.
type BrokenError struct{ Cause error }

func (e *BrokenError) Error() string {
	return errgraph.Text(e, func() string { return ErrBroken.Error() + ": " + errgraph.Say(e.Cause) })
}

// Is matches ErrBroken, for which nobody has to look into the cause.
func (e *BrokenError) Is(target error) bool { return target == ErrBroken }

// Unwrap returns ErrBroken and the cause.
func (e *BrokenError) Unwrap() []error { return errgraph.Within(e, e.inside()...) }

func (e *BrokenError) inside() []error { return []error{ErrBroken, e.Cause} }

// A MisuseError tells of a call that can never be right, and of the fix. Calls
// that return an error return it; others panic with it.
type MisuseError struct{ Text string }

func (e *MisuseError) Error() string { return "anyio: " + e.Text }

func misuse(text string) error { return &MisuseError{text} }

var _ = errgraph.Register((*BrokenError).inside)

func init() {
	kernel.Install(kernel.Hooks{
		Canceled: newCanceledError,
		Panic:    func(value any, where string) error { return newPanicError(value, where) },
		Misuse:   misuse,
	})
	inside.NewCase = newCase
	inside.Group = func(tg any) *kernel.Group { return &tg.(*TaskGroup).g }
	inside.GroupOfRun = groupOfRun
	inside.Task = func(h any) *kernel.Task { return &h.(*TaskHandle).t }
	inside.FutureDone = func(f any) *kernel.Latch { return f.(interface{ doneLatch() *kernel.Latch }).doneLatch() }
	inside.Meta = func(opts any) *kernel.TaskMeta { return metaOf(opts.([]TaskOption)) }
	inside.OptionOf = func(m *kernel.TaskMeta) TaskOption { return TaskOption{m} }
	inside.NewGroupError = func(errs []error, names []string) error { return &GroupError{errs: errs, names: names} }
	inside.OwnCall = BlockingOption(func(o *blockingOptions) { o.own = true })
	inside.OnThread = onThread
	inside.RegisterCancellation = registerCancellation
	inside.GuestOf = guestOf
	inside.Strip = func(err error) error { rest, _ := strip(err); return rest }
}
