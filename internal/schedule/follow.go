package schedule

// Follow returns a Chooser for a run with these tasks that makes so many choices as a run
// with these switches did, and all further ones as another Chooser does.
func Follow(switches []Switch, choices int, ts *Tasks, then Chooser) Chooser {
	return &follower{Chooser: then, first: NewScript(switches).Begin(ts), left: choices}
}

type follower struct {
	Chooser // is told of all tasks from the begin on
	first   *Actor
	left    int // choices that are made as first does
}

// Choose implements Chooser.
func (f *follower) Choose(ready []*Task) int {
	if f.left == 0 {
		return f.Chooser.Choose(ready)
	}
	f.left--
	return f.first.Choose(ready)
}
