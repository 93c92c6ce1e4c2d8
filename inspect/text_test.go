package inspect

import (
	"testing"
	"time"
)

func TestTitleOfARun(t *testing.T) {
	now := time.Now()
	for want, r := range map[string]Run{
		"run 3 on parallel, for 1.5s: 2 tasks":    {ID: 3, Backend: "parallel", Began: now.Add(-1500 * time.Millisecond), Loops: 1, Tasks: make([]Task, 2)},
		"run 4 on 2 eventloops, for 12ms: 1 task": {ID: 4, Backend: "eventloops", Began: now.Add(-12 * time.Millisecond), Loops: 2, Tasks: make([]Task, 1)},
		"outside of all runs: 1 task":             {Backend: "parallel", Loops: 1, Tasks: make([]Task, 1)},
	} {
		if got := r.title(now); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
