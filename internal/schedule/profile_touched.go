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

// A sharing is an object that several tasks touch, and one of them not only looks at.
type sharing struct {
	object uint64
	steps  map[uint64]uint64 // by task: those that touch it, with those of the tasks it starts
}

// share finds what tasks share. It is once for all the runs that make use of it.
func (p *Profile) share() {
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
	for _, object := range all {
		if u := of[object]; u.tasks >= 2 && u.changed {
			p.shared = append(p.shared, sharing{object, p.touches(object)})
		}
	}
}

// touches is how many steps of each task touch an object, with those of tasks that it starts.
func (p *Profile) touches(object uint64) map[uint64]uint64 {
	n := make(map[uint64]uint64)
	for _, key := range slices.Backward(p.order) { // who was started before who has started it
		w := p.tasks[key]
		sum := uint64(0)
		for i := range w.touched {
			if w.touched[i].touches(object) {
				sum++
			}
		}
		for _, child := range w.started {
			sum += n[child]
		}
		if sum > 0 {
			n[key] = sum
		}
	}
	return n
}
