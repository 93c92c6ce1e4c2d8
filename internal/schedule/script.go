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
	drawer   Drawer
	ts       *Tasks
	switches []Switch
	draws    []Draw
	few      [2 * few]Switch // room for those of a small run
}

// Record has r note what c chooses among the tasks of a run, and d, which may be nil, within
// their steps. What it has noted of another run is lost.
func (r *Recorder) Record(c Chooser, d Drawer, ts *Tasks) {
	if r.switches == nil {
		r.switches = r.few[:]
	}
	r.Chooser, r.drawer, r.ts, r.switches = c, d, ts, r.switches[:0]
	r.draws = nil
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
// task is not ready, the step is not made or less can be drawn in it, is left out, and all
// further ones are the usual.
type Script struct {
	switches []Switch
	late     []uint64       // keys of tasks that are put off
	at       map[Switch]int // index of a switch, from that without its To
	drawn    bool           // choices within steps are its own
	draws    []Draw
	within   map[Draw]int // index of a draw, from that without its Chosen
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
	s.late, s.drawn, s.draws = p.Late, p.Drawn, p.Draws
	if len(p.Draws) > 0 {
		s.within = make(map[Draw]int, len(p.Draws))
	}
	for i, d := range p.Draws {
		d.Chosen = 0
		s.within[d] = i
	}
	return s
}

// Begin returns the script's Chooser for a run with these tasks.
func (s *Script) Begin(ts *Tasks) *Actor {
	ts.late = s.late
	return &Actor{s: s, ts: ts, made: make([]bool, len(s.switches)), drawn: make([]bool, len(s.draws))}
}

// Late are the keys of tasks that are put off.
func (s *Script) Late() []uint64 { return s.late }

// Drawn reports whether the choices within steps are the script's, and not those of the seed.
func (s *Script) Drawn() bool { return s.drawn }

// An Actor follows a Script.
type Actor struct {
	s      *Script
	ts     *Tasks
	made   []bool // the switches that were
	drawn  []bool // and the draws
	missed Missed // the first choice that was not possible
	misses bool   // there is one
}

// Ready implements Chooser.
func (*Actor) Ready(*Task) {}

// Choose implements Chooser.
func (a *Actor) Choose(ready []*Task) int {
	if at, is := a.s.at[after(a.ts.last)]; is {
		w := a.s.switches[at]
		for i, t := range ready {
			if t.Key == w.To {
				a.made[at] = true
				return i
			}
		}
		a.miss(Missed{After: a.ts.last, Step: w.Step, To: a.ts.find(w.To)})
	}
	return usual(ready, a.ts.last)
}

// Missed is a choice that a script tells and that was not made.
type Missed struct {
	After  *Task // who has made the step before, or makes it; nil if there is no such task
	Step   int   // which of its steps
	To     *Task // who was to be chosen, nil if there is no such task
	Chosen int   // of a choice within a step: what was to be chosen, which is not 0
}

// miss notes a choice that is not possible.
func (a *Actor) miss(m Missed) {
	if !a.misses {
		a.missed, a.misses = m, true
	}
}

// Missed returns the first choice that was not made in a run which has ended. There is none
// if made is true.
func (a *Actor) Missed() (m Missed, made bool) {
	if a.misses {
		return a.missed, false
	}
	for i, w := range a.s.switches {
		if !a.made[i] {
			return Missed{After: a.ts.find(w.After), Step: w.Step, To: a.ts.find(w.To)}, false
		}
	}
	for i, d := range a.s.draws {
		if !a.drawn[i] {
			return Missed{After: a.ts.find(d.In), Step: d.Step, Chosen: d.Chosen}, false
		}
	}
	return Missed{}, true
}
