package kernel

import "time"

// A Hog is a task that has kept its loop to itself for long.
type Hog struct {
	Task   string
	For    time.Duration // at least
	Places []string      // the user's innermost calls
	Stack  string
}

// Hog describes the task that runs on a goroutine. The world stops meanwhile.
//
//go:norace
func (r *Run) Hog(goroutine int64) Hog {
	stacks := Stacks()
	h := Hog{Stack: stacks[goroutine], Places: userFrames(stacks, goroutine, false, false)}
	for _, v := range r.Tasks() {
		if v.Task.GoroutineID() == goroutine {
			h.Task = v.Task.Name()
		}
	}
	return h
}
