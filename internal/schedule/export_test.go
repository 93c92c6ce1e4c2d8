package schedule

// Record returns a Recorder of choices among the tasks of a run.
func Record(c Chooser, ts *Tasks) *Recorder {
	r := &Recorder{}
	d, _ := c.(Drawer)
	r.Record(c, d, ts)
	return r
}
