package anyiotest

import (
	"errors"
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/sim"
)

// Runs that fail in the same way have the same key. It is made of the place and of what the
// error is like, so that neither numbers nor the order of events matter: made too narrow, one
// bug would be reported a hundred times and could not be made simpler; made too wide, one bug
// would hide another.

// A keyed error knows its key.
type keyed interface{ failureKey() string }

// failureKey is the key of a call of Error or Errorf at a place with these arguments. The text
// tells nothing that the place does not, other than what differs from run to run. If died, an
// error tells what the run has died of, and the place does not matter: all that waits is
// told so.
func failureKey(place, format string, args []any) (key string, died bool) {
	for _, arg := range args {
		err, ok := arg.(error)
		if !ok {
			continue
		}
		if stuck, ok := errors.AsType[*sim.DeadlockError](err); ok {
			return deadlockKey(stuck), true
		}
		return place + format + " " + errorKey(err, 0), false
	}
	return place + format, false
}

// maxErrorDepth bounds the look into an error, which may hold itself.
const maxErrorDepth = 20

// errorKey is what is alike in errors of the same failure. The order of errors that were
// joined says nothing, nor how many of them are alike.
func errorKey(err error, depth int) string {
	if depth == maxErrorDepth {
		return ""
	}
	switch e := err.(type) {
	case keyed:
		return e.failureKey()
	case *anyio.PanicError:
		return panicKey(e)
	case interface{ Unwrap() []error }:
		var keys []string
		for _, inner := range e.Unwrap() {
			if inner != nil {
				keys = append(keys, errorKey(inner, depth+1))
			}
		}
		slices.Sort(keys)
		if keys = slices.Compact(keys); len(keys) > 0 {
			return strings.Join(keys, " and ")
		}
	case interface{ Unwrap() error }:
		if inner := e.Unwrap(); inner != nil && !plain(inner) {
			around, _, _ := strings.Cut(err.Error(), inner.Error())
			return likeness(around) + errorKey(inner, depth+1)
		}
	}
	return likeness(err.Error())
}

// plain reports whether all that an error is like is its text.
func plain(err error) bool {
	for range maxErrorDepth {
		switch e := err.(type) {
		case keyed, *anyio.PanicError, interface{ Unwrap() []error }:
			return false
		case interface{ Unwrap() error }:
			if err = e.Unwrap(); err == nil {
				return true
			}
		default:
			return true
		}
	}
	return true
}

// deadlockKey is which calls wait; if some of their tasks are known to wait for each other,
// those of them. Of a livelock, and of a step that does not come back, the
// others are wherever they happen to be.
func deadlockKey(e *sim.DeadlockError) string {
	switch {
	case e.Stuck != nil:
		return stuckKey + e.Stuck.State + " at " + e.Stuck.Source
	case e.Livelock:
		return livelockKey
	}
	cycle := e.Cycle()
	var waits []string
	for _, task := range e.Tasks {
		if counts := len(cycle) == 0 || slices.Contains(cycle, task.ID); counts && (e.Forgotten == 0 || task.Forgotten) {
			waits = append(waits, task.WaitsFor+" at "+strings.Join(append([]string{task.Source}, task.Callers...), " from "))
		}
	}
	slices.Sort(waits)
	return fmt.Sprintf("deadlock %q", slices.Compact(waits))
}

// livelockKey is the key of a run that has no end.
const livelockKey = "livelock"

// stuckKey is in the key of a run whose step did not come back.
const stuckKey = "stuck in "

// panicKey is what a task has panicked with, and where.
func panicKey(v any) string {
	pe, ok := v.(*anyio.PanicError)
	if !ok {
		return "panic " + likeness(fmt.Sprint(v))
	}
	what := ""
	if err, ok := pe.Value.(error); ok {
		what = errorKey(err, 1)
	} else {
		what = likeness(fmt.Sprint(pe.Value))
	}
	return "panic " + what + panicPlace(string(pe.Stack))
}

// panicPlace is the innermost call of a panic's stack that is not of the runtime or of this
// module, "" if there is none.
func panicPlace(stack string) string {
	lines := strings.Split(stack, "\n")
	begin := 0
	for i, l := range lines {
		if strings.HasPrefix(l, "panic(") {
			begin = i
		}
	}
	for i := begin; i+1 < len(lines); i++ {
		at, isPlace := strings.CutPrefix(lines[i+1], "\t")
		if isPlace && i > begin && !ours(lines[i]) {
			at, _, _ = strings.Cut(at, " ")
			return " at " + filepath.Base(at)
		}
	}
	return ""
}

var (
	numbers   = regexp.MustCompile(`0x[0-9a-f]+|[0-9]+([.:][0-9]+)*`)
	durations = regexp.MustCompile(`(#(ns|µs|ms|s|m|h))+\b`)
	taskID    = regexp.MustCompile(`^task [0-9]+ `)
)

// likeness is the first line of a text without its numbers, which differ from run to run.
func likeness(text string) string {
	text, _, _ = strings.Cut(text, "\n")
	return durations.ReplaceAllString(numbers.ReplaceAllString(text, "#"), "#")
}

// leftTasks is the error of a test that leaves tasks.
type leftTasks struct{ tasks string }

func (e leftTasks) Error() string { return e.tasks }

// failureKey leaves out the numbers of the tasks, and how many are alike.
func (e leftTasks) failureKey() string {
	lines := strings.Split(strings.TrimSpace(e.tasks), "\n")
	for i, l := range lines {
		lines[i] = taskID.ReplaceAllString(strings.TrimSpace(l), "")
	}
	slices.Sort(lines)
	return strings.Join(slices.Compact(lines), " and ")
}
