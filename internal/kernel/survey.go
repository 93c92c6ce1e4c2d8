package kernel

import (
	"strings"
	"time"
)

// A Standing is what a task does, and where, at about one instant.
type Standing struct {
	TaskView
	Places []string // in the user's code, see userFrames
	State  string   // of its goroutine, in the words of package runtime; "" if it has none
	Owners Owners   // who can end its wait, as far as known
}

// Survey is Tasks together with the places where they stand in the user's code. The world
// stops meanwhile. A task that goes on just then is said not to wait, as the place may be
// another than that of the wait.
//
//go:norace
func (r *Run) Survey() (views []TaskView, places [][]string) {
	for _, s := range lookAt([]*Run{r}, false)[0] {
		views, places = append(views, s.TaskView), append(places, s.Places)
	}
	return views, places
}

// LookAt tells of all tasks of some runs, and whom they wait for. Those that are said to wait
// did so at one instant: from before the first look at them all to the second one. The
// world stops meanwhile, once.
//
//go:norace
func LookAt(runs []*Run) [][]Standing { return lookAt(runs, true) }

//go:norace
func lookAt(runs []*Run, owners bool) [][]Standing {
	all := make([][]Standing, len(runs))
	ids := make(map[int64]*Task) // for owners
	for i, r := range runs {
		for _, v := range r.Tasks() {
			all[i] = append(all[i], Standing{TaskView: v})
			if id := v.Task.HolderID(); owners && id != 0 { // else it has not begun
				ids[id] = v.Task
			}
		}
	}
	stacks := Stacks()
	if owners {
		asked := make(map[Source]Owners) // once each, as thousands may wait for one
		for _, of := range all {
			for n := range of {
				of[n].Owners = ownersOf(of[n].Of, ids, asked)
			}
		}
	}
	for i, r := range runs {
		again := make(map[*Task]TaskView)
		for _, v := range r.Tasks() {
			again[v.Task] = v
		}
		for n := range all[i] {
			now := again[all[i][n].Task]
			all[i][n].settle(stacks, &now)
		}
	}
	return all
}

// settle tells where the task stood, and whether it still does, as now tells.
//
//go:norace
func (s *Standing) settle(stacks map[int64]string, now *TaskView) {
	g := s.goid
	if g == 0 {
		g = s.Task.GoroutineID()
	}
	s.Places = userFrames(stacks, g, s.Word&held != 0, s.Task.isGuest())
	s.State = StateOf(stacks[g])
	if !s.sameWait(now) {
		s.Waiting, s.Op, s.Of, s.Since, s.Owners = false, 0, nil, time.Time{}, Owners{}
	}
}

// StateOf is what the first line of a stack says: "select, 2 minutes" in "goroutine 7
// [select, 2 minutes]:".
//
//go:norace
func StateOf(stack string) string {
	_, rest, _ := strings.Cut(stack, "[")
	state, _, _ := strings.Cut(rest, "]")
	return state
}
