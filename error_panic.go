package anyio

import (
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"strings"
	"sync/atomic"
	"time"

	"github.com/anyio-go/anyio/internal/errgraph"
	"github.com/anyio-go/anyio/internal/kernel"
)

// A PanicError carries a panic out of a task. It is reported as soon as it
// happens, cancels the task's group at once, and is raised again in the group's
// host when the group ends, up to the caller of Run. If the group does not end
// within the run's panic grace, the process crashes with it. So a panic is never
// late, never lost, and never hidden by a task that does not end.
//
// On its way up the errors of the groups it passes are added, in a new *PanicError of
// the same panic: errors.Is matches all of them. No panic is in an error twice.
//
// http.ErrAbortHandler is not a failure: it asks net/http to abort a response and to
// log nothing. A task's panic with it is not reported, and raised as it is.
type PanicError struct {
	Value any    // what the task panicked with
	Stack []byte // of the task when it panicked
	Task  string // the task's name
	Group error  // other errors of the groups that raised it again, nil if none

	origin *panicOrigin // nil if the error was not made here
}

// A panicOrigin is one panic, whatever was added to its error.
type panicOrigin struct{ reported atomic.Bool }

func (e *PanicError) Error() string {
	return errgraph.Text(e, func() string {
		s := fmt.Sprintf("%s\n\n%s", e.short(), e.Stack)
		switch group := e.Group.(type) {
		case nil:
		case *GroupError:
			s += fmt.Sprintf("\nother errors of the group: %+v\n", group)
		default:
			s += "\nother errors of the group: " + errgraph.Say(group) + "\n"
		}
		return s
	})
}

// short is the text without stack and other errors.
func (e *PanicError) short() string {
	value := ""
	if err, ok := e.Value.(error); ok {
		value = errgraph.Say(err)
	} else {
		value = fmt.Sprint(e.Value)
	}
	return fmt.Sprintf("anyio: task %q panicked: %s", e.Task, value)
}

// Unwrap returns the panic's value, if that is an error, and the other errors of the
// group.
func (e *PanicError) Unwrap() []error { return errgraph.Within(e, e.inside()...) }

func (e *PanicError) inside() (errs []error) {
	if err, ok := e.Value.(error); ok {
		errs = append(errs, err)
	}
	if e.Group != nil {
		errs = append(errs, e.Group)
	}
	return errs
}

var _ = errgraph.Register((*PanicError).inside)

// Is matches a *PanicError of the same panic.
func (e *PanicError) Is(target error) bool {
	other, ok := target.(*PanicError)
	return ok && other != nil && e.panic() == other.panic()
}

// panic identifies the panic.
func (e *PanicError) panic() any {
	if e.origin == nil {
		return e
	}
	return e.origin
}

// newPanicError wraps what recover returned. A PanicError that a group below has
// raised again is passed on.
func newPanicError(value any, task string) *PanicError {
	pe, ok := value.(*PanicError)
	switch {
	case !ok || pe == nil:
		return &PanicError{Value: value, Stack: debug.Stack(), Task: task, origin: &panicOrigin{}}
	case pe.origin == nil: // made by other hands
		own := *pe
		own.origin = &panicOrigin{}
		return &own
	}
	return pe
}

// report tells of the panic at once, unless somebody was told.
func (e *PanicError) report(r *kernel.Run) {
	if e.aborts() || e.origin.reported.Swap(true) {
		return
	}
	if r.PanicHandler != nil {
		r.PanicHandler(e)
		return
	}
	slog.Error("anyio: task panicked", "task", e.Task, "value", fmt.Sprint(e.Value), "stack", string(e.Stack))
}

// aborts reports whether the value is http.ErrAbortHandler. It is known by its text:
// programs without net/http do not pay for it.
func (e *PanicError) aborts() bool {
	err, ok := e.Value.(error)
	return ok && err != nil && !wraps(err) && err.Error() == "net/http: abort Handler"
}

// raise panics with what the host of the task shall see.
func (e *PanicError) raise() {
	if e.aborts() {
		panic(e.Value)
	}
	panic(e)
}

// with is the panic with other errors of a group, those left out that tell of it.
func (e *PanicError) with(group error) *PanicError {
	told := panics{}
	own := told.once(e).(*PanicError)
	told[e.panic()] = true
	if group = told.once(group); group == nil {
		return own
	}
	more := *own
	switch {
	case own.Group == nil:
		more.Group = group
	default: // from a group further in
		more.Group = &GroupError{errs: []error{own.Group, group}, names: []string{"", ""}}
	}
	return &more
}

const defaultPanicGrace = 5 * time.Second

// crash ends the process with the original stack; a variable for tests.
var crash = func(e *PanicError) { go func() { panic(e) }() }

// guard crashes the process unless stop is called within the run's panic grace.
func (e *PanicError) guard(r *kernel.Run) (stop func()) {
	grace := r.PanicGrace
	switch {
	case grace == 0:
		grace = defaultPanicGrace
	case grace == Forever:
		return func() {}
	}
	return r.CallAfter(grace, func() { crash(e) })
}

// panics are the panics that an error tells of already. What a group's body and tasks
// return may tell of a panic that the group raises: they got it from Start, Await, a
// handle's Err, or as the cause of their cancellation.
type panics map[any]bool

// toldOnce is err in which no panic is told twice.
func toldOnce(err error) error {
	if err == nil || !errgraph.Finite(err) || !hasPanic(err) {
		return err
	}
	return panics{}.once(err)
}

// once returns err without the panics that were told, and adds those in it. It is err
// itself if there is nothing to leave out, nil if nothing is left.
func (told panics) once(err error) error {
	if err == nil || !errgraph.Finite(err) || !hasPanic(err) {
		return err
	}
	var left []*PanicError
	return told.without(err, &left)
}

// hasPanic reports whether a finite error tells of a panic.
func hasPanic(err error) bool {
	if _, ok := err.(*PanicError); ok {
		return true
	}
	for _, inner := range errgraph.Inside(err) {
		if inner != nil && hasPanic(inner) {
			return true
		}
	}
	return false
}

// without is once of a finite error. It notes in left what it leaves out.
func (told panics) without(err error, left *[]*PanicError) error {
	if p, ok := err.(*PanicError); ok {
		if told[p.panic()] {
			*left = append(*left, p)
			return nil
		}
		told[p.panic()] = true
	}
	inside := errgraph.Inside(err)
	kept := make([]error, len(inside))
	changed := false
	var mine []*PanicError
	for i, inner := range inside {
		if inner == nil {
			continue
		}
		kept[i] = told.without(inner, &mine)
		changed = changed || kept[i] != inner
	}
	if !changed {
		return err
	}
	*left = append(*left, mine...)
	switch e := err.(type) {
	case *GroupError:
		g := &GroupError{cut: e.cut}
		for i, k := range kept {
			if k != nil {
				g.add(k, e.names[i])
			}
		}
		if g.Len() == 0 {
			return nil
		}
		return g
	case *PanicError:
		p := *e
		if value, ok := e.Value.(error); ok {
			if p.Value = kept[0]; kept[0] == nil {
				p.Value = textWithout(value, mine)
			}
			kept = kept[1:]
		}
		if e.Group != nil {
			p.Group = kept[0]
		}
		return &p
	case *TaskError:
		if kept[0] == nil {
			return nil // the panic itself says which task
		}
		return &TaskError{Task: e.Task, Err: kept[0], Canceled: e.Canceled}
	}
	if isJoin(err) {
		return errors.Join(kept...)
	}
	return &partError{text: textWithout(err, mine).Error(), inside: kept}
}

// A partError stands for an error that cannot be made anew, without the panics in it
// that are told elsewhere.
type partError struct {
	text   string
	inside []error
}

func (e *partError) Error() string { return e.text }

func (e *partError) Unwrap() []error { return errgraph.Within(e, e.inside...) }

// textWithout is err's text with the panics in it named only.
func textWithout(err error, left []*PanicError) error {
	text := errgraph.Say(err)
	for _, p := range left {
		text = strings.ReplaceAll(text, p.Error(), p.short())
	}
	return &partError{text: text}
}
