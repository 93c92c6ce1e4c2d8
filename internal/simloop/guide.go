package simloop

import (
	"unsafe"

	"github.com/anyio-go/anyio/internal/kernel"
	"github.com/anyio-go/anyio/internal/race"
	"github.com/anyio-go/anyio/internal/schedule"
)

// A Room is memory that several runs may use, one after the other.
type Room struct{ guide guide }

// A guide chooses among the tasks of a seeded bag in place of its seed. What it keeps is
// shared by the tasks of the run, which take turns: the race detector must not see it.
type guide struct {
	chooser schedule.Chooser
	drawer  schedule.Drawer // nil: the seed draws
	tasks   schedule.Tasks
	ready   []*schedule.Task  // at the places of seeded.tasks
	few     [8]*schedule.Task // room for those of a small run
	watch   *watch            // nil if what steps touch is of no interest
}

// open makes g the guide of a run.
func (g *guide) open(s *Sim, begin func(ts *schedule.Tasks) (schedule.Chooser, schedule.Watcher, schedule.Drawer)) {
	if g.ready == nil {
		g.ready = g.few[:]
	}
	g.ready = g.ready[:0]
	g.watch = nil
	g.tasks.Reset()
	var w schedule.Watcher
	if g.chooser, w, g.drawer = begin(&g.tasks); w != nil {
		g.watch = &watch{of: w, clock: &s.clock, tasks: &g.tasks, opaque: s.opaque}
	}
}

// Vacate has the run let go of its Room, and reports whether it may be used for another one:
// not if the run goes on or something of it may still do. Then nobody may ask the run for its
// tasks any more.
func (s *Sim) Vacate() bool {
	if !s.clean {
		return false
	}
	s.order.guide = nil // contexts of the run lead here, and others may still use them
	return true
}

// push notes that a task is ready, at the end of the bag.
//
//go:norace
func (g *guide) push(task *kernel.Task) {
	id, pc, unqueued := task.ID(), task.Func(), g.watch != nil && selects(task)
	g.unseen(func() {
		t := g.tasks.Get(id)
		t.Kind = uint64(pc)
		if unqueued {
			g.watch.step.Unqueue(t)
		}
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

// drawing is a Sim as the drawer of its run.
type drawing struct{ *Sim }

var _ kernel.Drawer = drawing{}

// Draw implements kernel.Drawer. Who is no task of the run, or comes when it is over, has no
// choice: when that is nobody knows.
//
//go:norace
func (d drawing) Draw(n int) (i int) {
	g := d.order.guide
	if g == nil || d.Loop.Current() == nil {
		return 0
	}
	g.unseen(func() { i = g.drawer.Draw(n) })
	d.hash = (d.hash ^ uint64(n)<<32 ^ uint64(i)) * fnvPrime
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
