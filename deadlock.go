package anyio

import (
	"fmt"
	"strings"
	"time"

	"github.com/anyio-go/anyio/internal/kernel"
)

// A DeadlockError ends a simulated run in which every task waits and no timer is
// pending, or which made more steps than it may (Livelock). It names every task
// with what it waits for, where, and since when.
type DeadlockError struct {
	Livelock bool
	Seed     uint64 // run again with it to see the same
	Steps    uint64
	Now      time.Time // virtual
	Tasks    []BlockedTask
}

// A BlockedTask is a task of a run that cannot go on.
type BlockedTask struct {
	ID       uint64
	Name     string
	Depth    int       // nesting: the main task has 0
	WaitsFor string    // "Event.Wait"; "" if it was not waiting
	Source   string    // file:line of the user's code that waits, "" if unknown
	Callers  []string  // file:line of the user's calls that led to it, the nearest first, at most two
	Since    time.Time // when the wait began
}

func newDeadlockError(s *kernel.Stall) error {
	e := &DeadlockError{Livelock: s.Kind == "livelock", Seed: s.Seed, Steps: s.Steps, Now: s.Now}
	for _, t := range s.Tasks {
		b := BlockedTask{ID: t.ID, Name: t.Name, Depth: t.Depth, WaitsFor: t.Op, Since: t.Since}
		if len(t.Places) > 0 {
			b.Source = t.Places[0]
		}
		if len(t.Places) > 1 {
			b.Callers = t.Places[1:]
		}
		e.Tasks = append(e.Tasks, b)
	}
	return e
}

func (e *DeadlockError) Error() string {
	var b strings.Builder
	if e.Livelock {
		fmt.Fprintf(&b, "anyio: livelock: the run made %d steps and is not done", e.Steps)
	} else {
		b.WriteString("anyio: deadlock: every task waits and no timer is pending")
	}
	fmt.Fprintf(&b, " (seed %d, step %d, virtual time %s)", e.Seed, e.Steps, e.Now.Format("15:04:05.000"))
	for _, t := range e.Tasks {
		fmt.Fprintf(&b, "\n  %stask %d %q", strings.Repeat("  ", t.Depth), t.ID, t.Name)
		if t.WaitsFor == "" {
			b.WriteString(" is ready")
		} else {
			b.WriteString(" waits for " + t.WaitsFor)
		}
		if t.Source != "" {
			b.WriteString(kernel.PlacesText(append([]string{t.Source}, t.Callers...)))
		}
		if !t.Since.IsZero() {
			b.WriteString(" since " + t.Since.Format("15:04:05.000"))
		}
	}
	return b.String()
}
