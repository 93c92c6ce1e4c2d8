package schedule

import "fmt"

// Record returns a Recorder of choices among the tasks of a run.
func Record(c Chooser, ts *Tasks) *Recorder {
	r := &Recorder{}
	d, _ := c.(Drawer)
	r.Record(c, d, ts)
	return r
}

// Wanted is how much a part has noted for who has the nodes above it, and how much of that
// is not the same again.
func (e *Explorer) Wanted() (all, different int) {
	seen := map[string]bool{}
	for _, w := range e.wanted {
		seen[fmt.Sprint(w)] = true
	}
	return len(e.wanted), len(seen)
}
