package schedule

import "slices"

// Note keeps what the last step has touched, for the Profile.
func (ts *Tasks) Note(f Footprint) {
	if t := ts.last; t != nil {
		t.touched = append(t.touched, f)
	}
}

// Touched reports whether it is known what steps touch.
func (p *Profile) Touched() bool { return p != nil && p.touched }

// next is what the next step of a task touches, nil if that is not known.
func (p *Profile) next(t *Task) *Footprint {
	if p == nil {
		return nil
	}
	w := p.tasks[t.Key]
	if w == nil || t.Steps >= len(w.touched) {
		return nil
	}
	return &w.touched[t.Steps]
}

// touches reports whether the step touches an object by itself: one that may touch anything
// says nothing of this one.
func (f *Footprint) touches(object uint64) bool {
	return slices.ContainsFunc(f.touched, func(t touched) bool { return t.object == object && t.how != Adds })
}

// shared are the objects that several tasks touch, and one of them not only looks at.
func (p *Profile) shared() []uint64 {
	type users struct {
		tasks   int
		last    uint64 // key
		changed bool
	}
	of := make(map[uint64]users)
	var all []uint64
	for _, key := range p.order {
		for _, f := range p.tasks[key].touched {
			for _, t := range f.touched {
				u, known := of[t.object]
				if !known {
					all = append(all, t.object)
				}
				if u.last != key {
					u.tasks, u.last = u.tasks+1, key
				}
				u.changed = u.changed || t.how == Changes
				of[t.object] = u
			}
		}
	}
	return slices.DeleteFunc(all, func(object uint64) bool { return of[object].tasks < 2 || !of[object].changed })
}

// touches is how many steps of each task touch an object, with those of tasks that it starts.
func (p *Profile) touches(object uint64) map[uint64]int {
	n := make(map[uint64]int)
	for _, key := range slices.Backward(p.order) { // who was started before who has started it
		w := p.tasks[key]
		for i := range w.touched {
			if w.touched[i].touches(object) {
				n[key]++
			}
		}
		for _, child := range w.started {
			n[key] += n[child]
		}
	}
	return n
}
