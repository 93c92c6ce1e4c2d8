package schedule

// A Scout notes what a run reaches that others may not have, as marks: numbers that are
// the same in all runs of a process for what is alike. Marked is that a task has stopped at a
// place for the n-th time, and that one which has stopped at a place is followed by another
// one that had stopped at some place.
type Scout struct {
	Chooser
	ts     *Tasks
	place  func() uint64
	step   int // choices so far
	counts map[uint64]uint32
	marks  []mark
}

// A mark is made after a number of choices.
type mark struct {
	what uint64
	step int
	of   matter
}

// A matter is what a mark is of. What comes later leads on more often, if it is new.
type matter int

const (
	order matter = iota // one task follows another
	round               // a task has stopped at a place again
	stop                // a task has stopped at a place
	matters
)

const (
	maxCount = 32      // of stops at a place that are told apart; beyond, powers of two
	maxMarks = 1 << 14 // of a run
)

// Watch returns a Scout of choices among the tasks of a run. Place tells where the task
// that has made the last step has stopped; it is called for each step.
func Watch(c Chooser, ts *Tasks, place func() uint64) *Scout {
	return &Scout{Chooser: c, ts: ts, place: place, counts: make(map[uint64]uint32)}
}

// Choose implements Chooser.
func (w *Scout) Choose(ready []*Task) int {
	last := w.ts.last
	if last != nil {
		last.place = w.place()
		at := Mix(last.Key, last.place)
		n := w.counts[at] + 1
		w.counts[at] = n
		switch {
		case n == 1:
			w.note(Mix(at, 1), stop)
		case n <= maxCount || n&(n-1) == 0:
			w.note(Mix(at, uint64(n)), round)
		}
	}
	i := w.Chooser.Choose(ready)
	w.step++
	if next := ready[i]; last != nil && next != last {
		pair := Mix(Mix(last.place, 1), next.place)
		n := w.counts[pair]
		w.counts[pair] = n + 1
		if n == 0 {
			w.note(pair, order)
		}
	}
	return i
}

func (w *Scout) note(what uint64, of matter) {
	if len(w.marks) < maxMarks {
		w.marks = append(w.marks, mark{what, w.step, of})
	}
}
