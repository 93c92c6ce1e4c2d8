package sim

import (
	"fmt"
	"strings"
	"time"

	"github.com/anyio-go/anyio/internal/kernel"
)

// A DeadlockError ends a simulated run that cannot go on: every task waits and no
// timer is pending, or the run made more steps than it may (Livelock), or a task did
// not come back from a step (Stuck), or some tasks wait in vain (Forgotten) while
// others go on. It names every task with what it waits for,
// where, and since when.
type DeadlockError struct {
	Livelock bool
	Stuck    *StuckStep
	// Forgotten is the number of tasks that waited too long beside others, which are
	// marked in Tasks: see Config.MaxWait.
	Forgotten int
	Seed      uint64 // run again with it to see the same
	Steps     uint64
	Now       time.Time // virtual
	Tasks     []BlockedTask

	began time.Time // when the virtual clock did
}

// A StuckStep is a step of a simulated run that did not come back: between two calls
// of this library the code of a task waited for something that only another task, or
// nobody, would do (a sync.Mutex, a channel, a sync.Once), was in a system call, or
// computed without end. Its goroutine is left behind, and those of all other tasks
// of the run: their deferred functions do not run. Should the step end after all, its
// task stops at its next call of this library that lets others run.
type StuckStep struct {
	ID     uint64 // of the task; 0 if a function that the run calls was stuck, such as OnStep
	Name   string
	Source string        // file:line of the task's code, "" if unknown
	State  string        // of the goroutine, as package runtime names it: "sync.Mutex.Lock"
	After  time.Duration // how long the step had taken, in real time
	Stack  string        // of the goroutine; if it runs an iterator of iter.Pull, of who does that as well

	interrupted bool // tasks were, also where they hold a mutex
}

// A BlockedTask is a task of a run that cannot go on.
type BlockedTask struct {
	ID        uint64
	Name      string
	Depth     int       // nesting: the main task has 0
	WaitsFor  string    // "Event.Wait"; "" if it was not waiting
	Source    string    // file:line of the user's code that waits, "" if unknown
	Callers   []string  // file:line of the user's calls that led to it, the nearest first, at most two
	Since     time.Time // when the wait began
	HeldBy    []uint64  // IDs of the tasks that hold what it waits for, such as a Lock, if known
	Forgotten bool      // it waited too long, while others went on
}

func newDeadlockError(s *kernel.Stall) *DeadlockError {
	e := &DeadlockError{Livelock: s.Kind == "livelock", Seed: s.Seed, Steps: s.Steps, Now: s.Now, began: s.Began}
	if in := s.Stuck; in != nil {
		e.Stuck = &StuckStep{State: in.State, After: in.After, Stack: in.Stack}
		if in.Task != nil {
			e.Stuck.ID, e.Stuck.Name = in.Task.ID(), in.Task.Name()
			e.Stuck.interrupted = in.Preempted
		}
	}
	holders := make(map[uint64][]uint64)
	for _, t := range s.Tasks {
		for _, h := range t.Holds {
			for _, id := range h.Wanted {
				holders[id] = append(holders[id], t.ID)
			}
		}
	}
	for _, t := range s.Tasks {
		b := BlockedTask{ID: t.ID, Name: t.Name, Depth: t.Depth, WaitsFor: t.Op, Since: t.Since, HeldBy: holders[t.ID]}
		if len(t.Places) > 0 {
			b.Source = t.Places[0]
		}
		if len(t.Places) > 1 {
			b.Callers = t.Places[1:]
		}
		if e.Stuck != nil && e.Stuck.ID == t.ID {
			e.Stuck.Source = b.Source
		}
		if b.Forgotten = t.Forgotten; b.Forgotten {
			e.Forgotten++
		}
		e.Tasks = append(e.Tasks, b)
	}
	return e
}

func (e *DeadlockError) Error() string {
	var b strings.Builder
	switch {
	case e.Stuck != nil:
		fmt.Fprintf(&b, "anyio: a step did not come back for %s: %s", e.Stuck.After.Round(time.Millisecond), e.Stuck.describe())
	case e.Forgotten > 0:
		fmt.Fprintf(&b, "anyio: deadlock of %d tasks (marked with *), beside others that go on", e.Forgotten)
	case e.Livelock:
		fmt.Fprintf(&b, "anyio: livelock: the run made %d steps and is not done", e.Steps)
	default:
		b.WriteString("anyio: deadlock: every task waits and no timer is pending")
	}
	fmt.Fprintf(&b, " (seed %d, step %d, virtual time %s)", e.Seed, e.Steps, e.clock(e.Now))
	for _, t := range e.Tasks {
		mark := ' '
		if t.Forgotten {
			mark = '*'
		}
		fmt.Fprintf(&b, "\n %c%stask %d %q", mark, strings.Repeat("  ", t.Depth), t.ID, t.Name)
		switch {
		case e.Stuck != nil && e.Stuck.ID == t.ID:
			b.WriteString(" does not come back")
		case t.WaitsFor == "":
			b.WriteString(" is ready")
		default:
			b.WriteString(" waits for " + t.WaitsFor)
		}
		if t.Source != "" {
			b.WriteString(kernel.PlacesText(append([]string{t.Source}, t.Callers...)))
		}
		if !t.Since.IsZero() {
			b.WriteString(" since " + e.clock(t.Since))
		}
	}
	if e.Stuck != nil {
		b.WriteString("\n" + strings.TrimSpace(e.Stuck.Stack))
	}
	return b.String()
}

// clock is a virtual time as text, with the date if it is not of the first day.
func (e *DeadlockError) clock(t time.Time) string {
	if t.Sub(e.began) < 24*time.Hour {
		return t.Format("15:04:05.000")
	}
	return t.Format("2006-01-02 15:04:05.000")
}

func (s *StuckStep) describe() string {
	text := "a function that the run calls"
	if s.ID != 0 {
		text = fmt.Sprintf("task %d %q", s.ID, s.Name)
	}
	text += " [" + s.State + "]"
	if s.Source != "" {
		text += " at " + s.Source
	}
	if s.interrupted && strings.HasPrefix(s.State, "sync.") {
		text += ", perhaps held by a task that sim.Goroutines has interrupted in a call of this library: make that call after Unlock, or use anyio.Lock"
	}
	return text
}
