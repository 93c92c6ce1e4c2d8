package schedule

import "slices"

// A Switch is a choice that was not the usual one.
type Switch struct {
	After uint64 // key of the task that had the step before; 0 at the begin
	Step  int    // which of that task's steps it was
	To    uint64 // key of the task that was chosen
}

// The usual choice is the task that ran last, and if it waits or has ended, the oldest that
// is ready. Tasks that are put off come after all others. A run that is made of usual choices
// has as few switches as possible.
func usual(ready []*Task, last *Task) int {
	best := 0
	for i, t := range ready {
		if usually(t, ready[best], last) {
			best = i
		}
	}
	return best
}

// usually reports whether a task comes before another one.
func usually(t, other, last *Task) bool {
	switch {
	case t.late != other.late:
		return other.late
	case t == last || other == last:
		return t == last
	}
	return t.ID < other.ID
}

// after is where in a run a choice is made: there is no other after the same step.
func after(last *Task) Switch {
	if last == nil {
		return Switch{}
	}
	return Switch{After: last.Key, Step: last.Steps}
}

// A Recorder notes what another Chooser chooses.
type Recorder struct {
	Chooser
	ts       *Tasks
	switches []Switch
	few      [2 * few]Switch // room for those of a small run
}

// Record has r note what c chooses among the tasks of a run. What it has noted of another
// run is lost.
func (r *Recorder) Record(c Chooser, ts *Tasks) {
	if r.switches == nil {
		r.switches = r.few[:]
	}
	r.Chooser, r.ts, r.switches = c, ts, r.switches[:0]
}

// Choose implements Chooser.
func (r *Recorder) Choose(ready []*Task) int {
	i := r.Chooser.Choose(ready)
	if len(ready) == 1 {
		return i
	}
	r.ts.forks++
	if i != usual(ready, r.ts.last) {
		s := after(r.ts.last)
		s.To = ready[i].Key
		r.switches = append(r.switches, s)
	}
	return i
}

// Switches are those of the run so far.
func (r *Recorder) Switches() []Switch { return slices.Clone(r.switches) }

// A Script makes the choices that were recorded. One that is not possible, because the
// task is not ready or the step is not made, is left out, and all further ones are the
// usual.
type Script struct {
	switches []Switch
	late     []uint64       // keys of tasks that are put off
	at       map[Switch]int // index of a switch, from that without its To
}

// NewScript returns the script of these switches.
func NewScript(switches []Switch) *Script {
	s := &Script{switches: switches, at: make(map[Switch]int, len(switches))}
	for i, w := range switches {
		s.at[Switch{After: w.After, Step: w.Step}] = i
	}
	return s
}

// Script returns the script of a plan.
func (p *Plan) Script() *Script {
	s := NewScript(p.Switches)
	s.late = p.Late
	return s
}

// Begin returns the script's Chooser for a run with these tasks.
func (s *Script) Begin(ts *Tasks) *Actor {
	ts.late = s.late
	return &Actor{s: s, ts: ts, made: make([]bool, len(s.switches))}
}

// An Actor follows a Script.
type Actor struct {
	s    *Script
	ts   *Tasks
	made []bool // the switches that were
}

// Ready implements Chooser.
func (*Actor) Ready(*Task) {}

// Choose implements Chooser.
func (a *Actor) Choose(ready []*Task) int {
	if at, is := a.s.at[after(a.ts.last)]; is {
		for i, t := range ready {
			if t.Key == a.s.switches[at].To {
				a.made[at] = true
				return i
			}
		}
	}
	return usual(ready, a.ts.last)
}

// Missed returns the first switch that was not made in a run which has ended, with its tasks
// as that run has them: nil for one that it has not. There is none if made is true.
func (a *Actor) Missed() (after, to *Task, step int, made bool) {
	for i, w := range a.s.switches {
		if !a.made[i] {
			return a.ts.find(w.After), a.ts.find(w.To), w.Step, false
		}
	}
	return nil, nil, 0, true
}

// Late are the keys of tasks that are put off.
func (s *Script) Late() []uint64 { return s.late }
