package loop

import (
	"errors"
	"fmt"
	"strings"

	"github.com/anyio-go/anyio/internal/kernel"
	"github.com/anyio-go/anyio/internal/race"
)

// ErrStuck is returned beside the stall when tasks blocked again after they were
// told to end, and had to be left behind.
var ErrStuck = errors.New("anyio: tasks still wait after the run was ended; they are abandoned")

// patiencePerTask is how many steps a task of a killed run may make to unwind,
// with a minimum for all together.
const (
	patiencePerTask = 100
	minPatience     = 100_000
)

// maxNamed is how many abandoned tasks are named.
const maxNamed = 10

// stall ends a run that cannot go on: all tasks are told so, and have one more
// chance to unwind. It returns false if they had it already.
func (l *Loop) stall(kind string) bool {
	if l.stalled != nil {
		if kind == "deadlock" {
			l.abandon()
		}
		return !l.given
	}
	report := l.run.Stalled(kind)
	l.patience = max(minPatience, patiencePerTask*len(report.Tasks))
	l.stalled = l.Director.OnStall(report)
	cause := &kernel.Cause{Kind: kernel.ByKill, Err: l.stalled}
	race.Isolate(func() { l.run.Kill(cause) })
	return true
}

// abandon gives up the tasks of a killed run that wait where nothing can end the
// wait, or go on although every wait fails.
func (l *Loop) abandon() {
	if !l.given {
		l.given = true
		l.stalled = errors.Join(l.stalled, abandoned(l.run.Stalled("abandoned").Tasks))
	}
}

// abandoned is ErrStuck with the tasks that it is about.
func abandoned(tasks []kernel.StalledTask) error {
	var b strings.Builder
	for i, t := range tasks {
		if i == maxNamed {
			fmt.Fprintf(&b, "\n  and %d more", len(tasks)-i)
			break
		}
		does := "goes on although its waits fail"
		if t.Op != "" {
			does = "waits for " + t.Op
		}
		fmt.Fprintf(&b, "\n  task %d %q %s%s", t.ID, t.Name, does, kernel.PlacesText(t.Places))
	}
	return fmt.Errorf("%w%s", ErrStuck, b.String())
}

// givenUp reports whether no task may run any more.
//
//go:norace
func (l *Loop) givenUp() bool {
	if l.run.GivenUp() != nil {
		l.given = true
	}
	return l.given
}
