package schedule

// A Profile is what is known of a program from a run of it. Nil knows nothing.
type Profile struct {
	forks   int              // choices: steps before which several tasks were ready
	tasks   map[uint64]*work // by key
	order   []uint64         // keys, who starts before who is started
	touched bool             // what steps touch is known
	shared  []sharing        // if it is
}

// work is what a task did.
type work struct {
	own, all int         // steps: its own, and with those of the tasks that it has started
	started  []uint64    // keys
	touched  []Footprint // of its steps, if they were watched
}

// NewProfile makes a profile of a run that has ended.
func NewProfile(ts *Tasks) *Profile {
	p := &Profile{forks: ts.forks, tasks: make(map[uint64]*work, len(ts.byID))}
	for i := len(ts.byID) - 1; i >= 0; i-- { // who was started before who has started it
		t := ts.byID[i]
		if t == nil {
			continue
		}
		w := p.work(t.Key)
		w.own += t.Steps
		w.all += t.Steps
		if t.from != nil {
			from := p.work(t.from.Key)
			from.all += w.all
			from.started = append(from.started, t.Key)
		}
	}
	for _, t := range ts.byID {
		if t != nil {
			p.order = append(p.order, t.Key)
			p.tasks[t.Key].touched = t.touched
			p.touched = p.touched || len(t.touched) > 0
		}
	}
	p.share()
	return p
}

func (p *Profile) work(key uint64) *work {
	w := p.tasks[key]
	if w == nil {
		w = &work{}
		p.tasks[key] = w
	}
	return w
}

// choices is the number of choices of a run, 0 if unknown.
func (p *Profile) choices() int {
	if p == nil {
		return 0
	}
	return p.forks
}

// all is how many steps a task makes, with those of the tasks that it starts; 0 if unknown.
func (p *Profile) all(key uint64) int {
	if p == nil || p.tasks[key] == nil {
		return 0
	}
	return p.tasks[key].all
}
