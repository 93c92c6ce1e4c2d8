package anyio

import (
	"fmt"
	"log/slog"
	"runtime/debug"
	"time"

	"github.com/anyio-go/anyio/internal/kernel"
)

// A PanicError carries a panic out of a task. It is reported as soon as it
// happens, cancels the task's group at once, and is raised again in the group's
// host when the group ends, up to the caller of Run. If the group does not end
// within the run's panic grace, the process crashes with it. So a panic is never
// late, never lost, and never hidden by a task that does not end.
type PanicError struct {
	Value any    // what the task panicked with
	Stack []byte // of the task when it panicked
	Task  string // the task's name
	Group error  // other errors of the group that raised it again, nil if none

	reported bool
}

func (e *PanicError) Error() string {
	s := fmt.Sprintf("anyio: task %q panicked: %v\n\n%s", e.Task, e.Value, e.Stack)
	if e.Group != nil {
		s += "\nother errors of the group: " + e.Group.Error() + "\n"
	}
	return s
}

// Unwrap is the panic's value if that is an error.
func (e *PanicError) Unwrap() error {
	err, _ := e.Value.(error)
	return err
}

// newPanicError wraps what recover returned. A PanicError that a group below has
// raised again is passed on; fresh reports that nobody was told of it yet.
func newPanicError(value any, task string) (pe *PanicError, fresh bool) {
	if pe, ok := value.(*PanicError); ok {
		return pe, !pe.reported
	}
	return &PanicError{Value: value, Stack: debug.Stack(), Task: task}, true
}

// report tells of the panic at once.
func (e *PanicError) report(r *kernel.Run) {
	e.reported = true
	if r.PanicHandler != nil {
		r.PanicHandler(e)
		return
	}
	slog.Error("anyio: task panicked", "task", e.Task, "value", fmt.Sprint(e.Value), "stack", string(e.Stack))
}

const defaultPanicGrace = 5 * time.Second

// crash ends the process with the original stack; a variable for tests.
var crash = func(e *PanicError) { go func() { panic(e) }() }

// guard crashes the process unless stop is called within the run's panic grace.
func (e *PanicError) guard(r *kernel.Run) (stop func()) {
	grace := r.PanicGrace
	if grace == 0 {
		grace = defaultPanicGrace
	}
	if grace < 0 {
		return func() {}
	}
	if r.Virtual {
		t := &kernel.Timer{When: r.After(grace), Value: fireFunc(func() { crash(e) })}
		r.Arm(t)
		return func() { r.Disarm(t) }
	}
	t := time.AfterFunc(grace, func() { crash(e) })
	return func() { t.Stop() }
}

type fireFunc func()

func (f fireFunc) Fire() { f() }
