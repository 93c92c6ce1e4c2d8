package schedule

// A Switch is a choice that was not the usual one.
type Switch struct {
	After uint64 // key of the task that had the step before; 0 at the begin
	Step  int    // which of that task's steps it was
	To    uint64 // key of the task that was chosen
}

// The usual choice is the task that ran last, and if it waits or has ended, the oldest that
// is ready. A run that is made of usual choices has as few switches as possible.
func usual(ready []*Task, last *Task) int {
	oldest := 0
	for i, t := range ready {
		if t == last {
			return i
		}
		if t.ID < ready[oldest].ID {
			oldest = i
		}
	}
	return oldest
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
}

// Record returns a Recorder of choices among the tasks of a run.
func Record(c Chooser, ts *Tasks) *Recorder { return &Recorder{Chooser: c, ts: ts} }

// Choose implements Chooser.
func (r *Recorder) Choose(ready []*Task) int {
	i := r.Chooser.Choose(ready)
	if len(ready) > 1 && i != usual(ready, r.ts.last) {
		s := after(r.ts.last)
		s.To = ready[i].Key
		r.switches = append(r.switches, s)
	}
	return i
}

// Switches are those of the run so far.
func (r *Recorder) Switches() []Switch { return r.switches }

// A Script makes the choices that were recorded. One that is not possible, because the
// task is not ready or the step is not made, is left out, and all further ones are the
// usual.
type Script struct {
	to map[Switch]uint64 // from the switch without its To
}

// NewScript returns the script of these switches.
func NewScript(switches []Switch) *Script {
	s := &Script{to: make(map[Switch]uint64, len(switches))}
	for _, w := range switches {
		s.to[Switch{After: w.After, Step: w.Step}] = w.To
	}
	return s
}

// Begin returns the script's Chooser for a run with these tasks.
func (s *Script) Begin(ts *Tasks) Chooser { return &actor{s, ts} }

type actor struct {
	s  *Script
	ts *Tasks
}

func (*actor) Ready(*Task) {}

func (a *actor) Choose(ready []*Task) int {
	if key := a.s.to[after(a.ts.last)]; key != 0 {
		for i, t := range ready {
			if t.Key == key {
				return i
			}
		}
	}
	return usual(ready, a.ts.last)
}
