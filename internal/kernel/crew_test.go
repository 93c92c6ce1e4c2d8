package kernel

import (
	"context"
	"testing"
)

// gate tells which tasks have begun, and holds them.
type gate struct {
	begun chan *Task
	open  chan struct{}
}

func (g gate) RunTask(t *Task) { g.begun <- t; <-g.open }

// newCrew opens a group on nothing but its crew, for tasks that r runs.
func newCrew(r Runner) *Group {
	g := &Group{}
	g.Init(&NewRun(nil, Traits{}, context.Background(), Config{}).Root, NoDeadline, false)
	g.Open(r)
	return g
}

// startInTurn starts a task that does not end.
func (g *Group) startInTurn(t *Task) {
	t.Prepare(nil, 0, nil)
	g.adopt(t)
	t.StartInTurn()
}

// Each task begins though all before it block, also where closures do not look as closure
// supposes.
func TestCrewHasOneGoroutineMoreThanTasks(t *testing.T) {
	known := turnsCode
	defer func() { turnsCode = known }()
	for name, code := range map[string]uintptr{"task": known, "closure": 0} {
		turnsCode = code
		r := gate{begun: make(chan *Task), open: make(chan struct{})}
		g := newCrew(r)
		tasks := make([]Task, 3*turns)
		for i := range tasks {
			g.startInTurn(&tasks[i])
			if got := <-r.begun; got != &tasks[i] {
				t.Fatalf("%s: another task than the %dth began", name, i)
			}
		}
		close(r.open)
	}
}

// told is where tasks tell on which goroutine they run.
type told chan int64

func (r told) RunTask(*Task) { r <- GoroutineID() }

func TestGoroutineTakesNoMoreThanItsTurns(t *testing.T) {
	const n = 10 * turns
	r := make(told, n)
	g := newCrew(r)
	tasks := make([]Task, n)
	for i := range tasks {
		g.startInTurn(&tasks[i])
	}
	each := make(map[int64]int)
	for range n {
		each[<-r]++
	}
	for id, count := range each {
		if count > turns {
			t.Errorf("goroutine %d has run %d tasks, want at most %d", id, count, turns)
		}
	}
}
