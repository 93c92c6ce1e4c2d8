package sim

import (
	"slices"

	"github.com/anyio-go/anyio/internal/kernel"
)

// NoteFailure notes that the run has failed: with an error, or with nil in another way.
// It is called by a task of the run, or after the run; the first call counts. Shrink
// prefers schedules on which few tasks have run before. What tasks have failed with that
// the error holds, made the run fail when they did. A deadlock is noted by itself. It
// has no effect in a run without Config.Replay.
func (s *Sim) NoteFailure(err error) {
	if s.last != nil && s.script != nil {
		s.last.NoteFailure(err)
	}
}

// Unneeded returns the IDs of the tasks that had not yet run when the last run, which
// has ended and had a Config.Replay, failed: see NoteFailure.
func (s *Sim) Unneeded() []uint64 {
	if s.last == nil || s.script == nil {
		return nil
	}
	return s.last.Tasks().Unneeded()
}

// stalled makes the error of a run that cannot go on, and notes a deadlock: the run has
// failed when the last one of those has begun to wait that wait for each other, or for ever.
func (s *Sim) stalled(st *kernel.Stall) error {
	e := newDeadlockError(st)
	if e.Stuck != nil || e.Livelock {
		return e
	}
	ids := e.Cycle()
	if len(ids) == 0 {
		for _, t := range e.Tasks {
			if e.Forgotten == 0 || t.Forgotten {
				ids = append(ids, t.ID)
			}
		}
	}
	s.last.NoteStuck(ids)
	return e
}

// Cycle returns the IDs of the tasks that wait for each other by what they hold, nil if
// none is known to. The others wait because of them, or for them, and in another run
// they may be elsewhere.
func (e *DeadlockError) Cycle() (ids []uint64) {
	heldBy := make(map[uint64][]uint64)
	for _, t := range e.Tasks {
		heldBy[t.ID] = t.HeldBy
	}
	for _, t := range e.Tasks {
		seen := make(map[uint64]bool)
		for todo := slices.Clone(t.HeldBy); len(todo) > 0 && !seen[t.ID]; {
			id := todo[0]
			if todo = todo[1:]; !seen[id] {
				seen[id] = true
				todo = append(todo, heldBy[id]...)
			}
		}
		if seen[t.ID] {
			ids = append(ids, t.ID)
		}
	}
	return ids
}
