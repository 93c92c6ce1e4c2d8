package schedule

import "slices"

// An Access says what a step does to an object.
type Access uint8

// These are as kernel.Access says.
const (
	Looks Access = iota
	Adds
	Changes
)

// A Footprint is what a step touches. Two steps of different tasks whose footprints do not
// conflict can be made in either order, with the same result.
type Footprint struct {
	// All is set if it may be anything.
	All bool
	// Fresh is set if the step is the first of the run to touch some object. In another run
	// that may be another step, so that the object has another name.
	Fresh   bool
	touched []touched
}

type touched struct {
	object uint64
	how    Access
}

// Add notes that an object was touched.
func (f *Footprint) Add(object uint64, how Access) {
	for i := range f.touched {
		if t := &f.touched[i]; t.object == object {
			if t.how != how {
				t.how = Changes
			}
			return
		}
	}
	f.touched = append(f.touched, touched{object, how})
}

// Unqueue notes that a task is woken that was put into queues by its last step: what that has
// changed is changed again.
func (f *Footprint) Unqueue(t *Task) {
	if len(t.touched) == 0 {
		return
	}
	queued := &t.touched[len(t.touched)-1]
	f.All = f.All || queued.All
	for _, q := range queued.touched {
		if q.how != Looks {
			f.Add(q.object, Changes)
		}
	}
}

// Conflicts reports whether the order of the two steps may matter.
func (f *Footprint) Conflicts(g *Footprint) bool {
	if f.All || g.All {
		return true
	}
	for _, a := range f.touched {
		for _, b := range g.touched {
			if a.object == b.object && (a.how != b.how || a.how == Changes) {
				return true
			}
		}
	}
	return false
}

// ConflictsAcross is Conflicts for footprints that were seen in two runs.
func (f *Footprint) ConflictsAcross(g *Footprint) bool {
	return f.Fresh && g.Fresh || f.Conflicts(g)
}

// adds reports whether the step adds to an object.
func (f *Footprint) adds(object uint64) bool {
	return slices.Contains(f.touched, touched{object, Adds})
}

// A Watcher is told what the steps touch.
type Watcher interface {
	// Stepped tells of the step that was chosen last, when it is over.
	Stepped(f Footprint)
	// Gathered tells that who is made ready next comes after all who have added to an object.
	Gathered(object uint64)
	// Passed tells that time has passed, or a callback has run: the steps that follow come
	// after all before, in whatever order these are.
	Passed()
}

// An Objects gives names to the objects of a run.
type Objects struct {
	names map[any]uint64
	first map[uint64]uint64 // how many objects a task has touched first, by its key
}

// Name returns the name of an object that a task touches: the same in all runs in which it is
// the n-th that the task is the first to touch.
func (o *Objects) Name(object any, by *Task) (name uint64, fresh bool) {
	if name, known := o.names[object]; known {
		return name, false
	}
	if o.names == nil {
		o.names, o.first = make(map[any]uint64), make(map[uint64]uint64)
	}
	o.first[by.Key]++
	name = Mix(^by.Key, o.first[by.Key])
	o.names[object] = name
	return name, true
}

// Known returns the name of an object that has one.
func (o *Objects) Known(object any) (name uint64, known bool) {
	name, known = o.names[object]
	return name, known
}
