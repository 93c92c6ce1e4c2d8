// Package schedule holds the ways of choosing which task runs next in a simulated run. It
// knows tasks by number and name only, so that what a way promises can be tested without
// a simulator.
package schedule

import "slices"

// A Task is what a Chooser knows of a task.
type Task struct {
	// ID counts the tasks of a run in the order in which they were started, from 1.
	ID uint64
	// Key is the same in all runs in which a task is the n-th one that its starter has
	// started, and the same holds of its starter.
	Key uint64
	// Kind is the same for tasks that run the same function, and 0 if nobody has said.
	Kind uint64
	// Steps is how many it has made.
	Steps int

	touched []Footprint // by its steps, if they are watched
	rank    uint64      // the Chooser's: who has the highest goes on, say
	place   uint64      // where it has stopped, as a Scout was told
	started uint64      // tasks that it has started
	from    *Task       // who has started it; nil for the first
	late    bool        // put off: usually it runs only if no other task can
	first   int         // which step of the run its first one was, from 1
	latest  int         // and its last one
}

// A Strategy makes the choices of a run.
type Strategy interface {
	// Begin returns what makes the choices of a run, all drawn from a seed. Of what the runs
	// before were like the Profile tells, which may be nil.
	Begin(seed uint64, p *Profile) Chooser
	// String names the strategy and its parameters, such as "pct(3)".
	String() string
}

// A Chooser makes the choices of one run.
type Chooser interface {
	// Ready tells of a task that has become ready: it was started, woken, or has given way.
	Ready(t *Task)
	// Choose returns the index of the task to run next. There is one at least, and their
	// order says nothing. It is asked before each step, also if there is no choice.
	Choose(ready []*Task) int
}

// Tasks are those of a run.
type Tasks struct {
	byID  []*Task  // at their ID less one
	last  *Task    // of whom the step is
	spare []Task   // room for tasks that are new
	freed []*Task  // of a run before, empty
	forks int      // choices so far, as a Recorder counts them
	steps int      // so far
	draws int      // choices within the last step so far, as a Recorder counts them
	late  []uint64 // keys of tasks that are put off
	fails failing
	few   struct { // room for those of a small run
		byID  [few]*Task
		tasks [few]Task
	}
}

// few are the tasks for which there is room from the start: a search makes millions of runs
// with so many.
const few = 4

// Get returns the task with an ID. A task that was not heard of before was started by
// whoever has made the last step.
func (ts *Tasks) Get(id uint64) *Task {
	if ts.byID == nil {
		ts.byID, ts.spare = ts.few.byID[:0], ts.few.tasks[:]
	}
	for uint64(len(ts.byID)) < id {
		ts.byID = append(ts.byID, nil)
	}
	t := ts.byID[id-1]
	if t == nil {
		t = ts.room()
		t.ID, t.Key, t.from = id, firstKey, ts.last
		if p := ts.last; p != nil {
			p.started++
			t.Key = Mix(p.Key, p.started)
		}
		t.late = slices.Contains(ts.late, t.Key)
		ts.byID[id-1] = t
	}
	return t
}

// room is where a new task is kept.
func (ts *Tasks) room() (t *Task) {
	if last := len(ts.freed) - 1; last >= 0 {
		t, ts.freed = ts.freed[last], ts.freed[:last]
		return t
	}
	if len(ts.spare) == 0 {
		ts.spare = make([]Task, len(ts.byID))
	}
	t, ts.spare = &ts.spare[0], ts.spare[1:]
	return t
}

// Reset makes ts those of another run. The tasks of the last one must not be used any more.
func (ts *Tasks) Reset() {
	for i, t := range ts.byID {
		if t != nil {
			*t = Task{}
			ts.freed = append(ts.freed, t)
			ts.byID[i] = nil
		}
	}
	ts.byID, ts.last, ts.forks, ts.steps, ts.draws, ts.late, ts.fails = ts.byID[:0], nil, 0, 0, 0, nil, failing{}
}

// find is the task with a key, nil if there is none.
func (ts *Tasks) find(key uint64) *Task {
	for _, t := range ts.byID {
		if t != nil && t.Key == key {
			return t
		}
	}
	return nil
}

// Step notes that a task makes a step.
func (ts *Tasks) Step(t *Task) {
	ts.steps++
	ts.draws = 0
	if t.Steps == 0 {
		t.first = ts.steps
	}
	t.Steps++
	t.latest = ts.steps
	ts.last = t
}

// Last is the task that has made the last step, nil if there is none.
func (ts *Tasks) Last() *Task { return ts.last }

// firstKey is that of a run's first task.
const firstKey = 1
