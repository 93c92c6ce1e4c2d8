package kernel

import (
	"path"
	"runtime"
	"slices"
	"strconv"
	"strings"
)

// UserCalls tells of calls by their program counters, the innermost first, which are those
// of a task: which function of this module the user's code has called, such as
// "Lock.Acquire", and the places of the user's calls.
//
//go:norace
func UserCalls(pcs []uintptr) (call string, places []string) {
	if len(pcs) == 0 {
		return "", nil
	}
	last := "" // function of this module
	all := runtime.CallersFrames(pcs)
	for more := true; more; {
		var at runtime.Frame
		at, more = all.Next()
		f := frame{at.Function, at.File, strconv.Itoa(at.Line)}
		switch {
		case f.function == runsTask:
			return call, places
		case at.Line <= 1: // made by the compiler
		case f.library():
			last = f.function
		case f.standard():
		default:
			if len(places) == 0 {
				call = shortFunction(last)
			}
			if place := f.place(); !slices.Contains(places, place) {
				places = append(places, place)
			}
		}
	}
	return call, places
}

// shortFunction is "Lock.Acquire" for a method and "Sleep" for a function.
//
//go:norace
func shortFunction(name string) string {
	_, name, _ = strings.Cut(path.Base(strings.ReplaceAll(name, "[...]", "")), ".")
	return strings.NewReplacer("(*", "", ")", "").Replace(name)
}

// Ended reports how the task has ended, and with which error; ok is false if it has not. It is
// for who looks at the run from outside: no step depends on it.
//
//go:norace
func (t *Task) Ended() (how Outcome, err error, ok bool) {
	if !t.Finished() {
		return Pending, nil, false
	}
	how, err = t.outcome()
	return how, err, true
}

// Awaits tells what the task of a loop waits for, and whether its scope has ended the wait;
// ok is false if it does not wait.
//
//go:norace
func (t *Task) Awaits() (op Op, canceled, ok bool) {
	if t.strand.Coro == nil {
		return 0, false, false
	}
	w, ok := t.strand.Coro.Wait.(*Waiter)
	if !ok || w == nil {
		return 0, false, false
	}
	return Op(w.word.Load() >> opShift & opMask), w.Aborted(), true
}

// AbortedFor tells why the scope of a task's wait has ended it, "" if that was a deadline or
// nobody has said.
//
//go:norace
func (t *Task) AbortedFor() string {
	s := &t.Scope
	if w, ok := t.strand.Coro.Wait.(*Waiter); ok && w != nil && w.scope != nil {
		s = w.scope
	}
	if c := s.why(); c.Kind == ByCall {
		return c.Reason
	}
	return ""
}
