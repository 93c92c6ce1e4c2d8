package schedule

import "errors"

// failing is when a run has failed, as far as was told.
type failing struct {
	at   int // the step with which it has; 0 if nobody has said
	ends []end
}

// An end is that of a task that has failed.
type end struct {
	err error
	at  int
}

// maxEnds is how many ends of tasks are kept.
const maxEnds = 64

// Ended tells that the task with an ID has ended with an error, which may be what the
// run fails with later.
func (ts *Tasks) Ended(id uint64, err error) {
	if len(ts.fails.ends) < maxEnds && ts.fails.at == 0 && id <= uint64(len(ts.byID)) {
		ts.fails.ends = append(ts.fails.ends, end{err, ts.byID[id-1].latest})
	}
}

// Fail tells that the run fails with an error, which may be nil: now, or as soon as the
// last one of those tasks has failed whose errors it holds. The first call counts.
func (ts *Tasks) Fail(err error) {
	if ts.fails.at > 0 {
		return
	}
	for _, e := range ts.fails.ends {
		if errors.Is(err, e.err) {
			ts.fails.at = e.at
		}
	}
	if ts.fails.at == 0 {
		ts.fails.at = ts.steps
	}
}

// Stuck tells that the run fails because the tasks with these IDs wait for ever: it has
// failed as soon as the last one does.
func (ts *Tasks) Stuck(ids []uint64) {
	if ts.fails.at > 0 {
		return
	}
	for _, id := range ids {
		if id <= uint64(len(ts.byID)) && ts.byID[id-1] != nil {
			ts.fails.at = max(ts.fails.at, ts.byID[id-1].latest)
		}
	}
}

// ran reports whether the task had run when the run failed.
func (ts *Tasks) ran(t *Task) bool {
	return t != nil && t.Steps > 0 && (ts.fails.at == 0 || t.first <= ts.fails.at)
}

// Ran is how many tasks had run when the run failed.
func (ts *Tasks) Ran() (n int) {
	for _, t := range ts.byID {
		if ts.ran(t) {
			n++
		}
	}
	return n
}

// Unneeded are the IDs of tasks that had not run when the run failed.
func (ts *Tasks) Unneeded() (ids []uint64) {
	for _, t := range ts.byID {
		if t != nil && !ts.ran(t) {
			ids = append(ids, t.ID)
		}
	}
	return ids
}
