package inspect

import "slices"

// A Change is what became of a task from one snapshot of a process to a later one.
type Change string

const (
	Began Change = "began" // it is not in the earlier one
	Ended Change = "ended" // it is not in the later one
	Moved Change = "moved" // it has gone on: it does something else, or waits anew
	Stood Change = "stood" // it seems not to have gone on
)

// Diff tells what became of each task that is in one of two snapshots of the same process.
// That one has stood is not certain: it may have come back to the same place, and unless it
// is known since when tasks wait, that counts as having stood.
func Diff(earlier, later *Snapshot) map[Ref]Change {
	changes := make(map[Ref]Change)
	before := make(map[Ref]*Task)
	for i := range earlier.Runs {
		for j := range earlier.Runs[i].Tasks {
			t := &earlier.Runs[i].Tasks[j]
			ref := Ref{earlier.Runs[i].ID, t.ID}
			before[ref], changes[ref] = t, Ended
		}
	}
	for _, r := range later.Runs {
		for i := range r.Tasks {
			t, ref := &r.Tasks[i], Ref{r.ID, r.Tasks[i].ID}
			old := before[ref]
			switch {
			case old == nil:
				changes[ref] = Began
			case t.stands(old):
				changes[ref] = Stood
			default:
				changes[ref] = Moved
			}
		}
	}
	return changes
}

// stands reports whether a task seems to be where it was.
func (t *Task) stands(old *Task) bool {
	return t.State == old.State && t.WaitsFor == old.WaitsFor && slices.Equal(t.At, old.At) &&
		(t.Waited == nil || old.Waited == nil || *t.Waited >= *old.Waited)
}
