package simloop

import (
	"unsafe"

	"github.com/anyio-go/anyio/internal/race"
	"github.com/anyio-go/anyio/internal/schedule"
)

// A guide chooses among the tasks of a seeded bag in place of its seed. What it keeps is
// shared by the tasks of the run, which take turns: the race detector must not see it.
type guide struct {
	chooser schedule.Chooser
	tasks   schedule.Tasks
	ready   []*schedule.Task  // at the places of seeded.tasks
	few     [8]*schedule.Task // room for those of a small run
	watch   *watch            // nil if what steps touch is of no interest
}

// newGuide makes the guide of a run.
func newGuide(s *Sim, begin func(ts *schedule.Tasks) (schedule.Chooser, schedule.Watcher)) *guide {
	g := &guide{}
	g.ready = g.few[:0]
	var w schedule.Watcher
	if g.chooser, w = begin(&g.tasks); w != nil {
		g.watch = &watch{of: w, clock: &s.clock, tasks: &g.tasks, opaque: s.opaque}
	}
	return g
}

// push notes that the task with an ID, which runs the function at pc, is ready, at the end
// of the bag.
//
//go:norace
func (g *guide) push(id uint64, pc uintptr) {
	g.unseen(func() {
		t := g.tasks.Get(id)
		t.Kind = uint64(pc)
		g.ready = append(g.ready, t)
		g.chooser.Ready(t)
	})
}

// choose chooses a place in the bag. What is at its end comes to that place.
//
//go:norace
func (g *guide) choose() (i int) {
	g.unseen(func() {
		if g.watch != nil {
			g.watch.next()
		}
		i = g.chooser.Choose(g.ready)
		g.tasks.Step(g.ready[i])
		last := len(g.ready) - 1
		g.ready[i], g.ready[last] = g.ready[last], nil
		g.ready = g.ready[:last]
	})
	return i
}

// end tells the watch that the run is over.
//
//go:norace
func (g *guide) end() {
	if g.watch != nil {
		g.unseen(g.watch.end)
	}
}

func (g *guide) unseen(f func()) {
	race.Isolate(func() {
		race.Acquire(unsafe.Pointer(g))
		f()
		race.ReleaseMerge(unsafe.Pointer(g))
	})
}
