package schedule

// Record returns a Recorder of choices among the tasks of a run.
func Record(c Chooser, ts *Tasks) *Recorder {
	r := &Recorder{}
	r.Record(c, ts)
	return r
}
