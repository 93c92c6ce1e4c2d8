package simloop

import (
	"github.com/anyio-go/anyio/internal/kernel"
	"github.com/anyio-go/anyio/internal/schedule"
)

// A watch tells a schedule.Watcher what the steps of a run touch.
type watch struct {
	of      schedule.Watcher
	clock   *clock
	tasks   *schedule.Tasks
	objects schedule.Objects
	step    schedule.Footprint // of the step that goes on
	unnamed bool               // an operation has begun whose object is not known
	now     int64              // when the step began
	called  bool               // a callback has run since
	opaque  func() bool        // whether all steps may touch anything
}

// next tells that the last step is over, and another one about to begin.
func (w *watch) next() {
	w.end()
	if w.called || w.clock.now != w.now {
		w.of.Passed()
	}
	w.now, w.called = w.clock.now, false
}

// end tells that the last step is over.
func (w *watch) end() {
	if w.tasks.Last() == nil {
		return
	}
	f := w.step
	f.All = f.All || w.unnamed || w.opaque()
	w.step, w.unnamed = schedule.Footprint{}, false
	w.tasks.Note(f)
	w.of.Stepped(f)
}

// begin is as kernel.Watcher says, as is touch.
//
//go:norace
func (w *watch) begin() {
	if w.unnamed {
		w.step.All = true
	}
	w.unnamed = true
}

//go:norace
func (w *watch) touch(object any, how kernel.Access) {
	w.unnamed = false
	if object == nil {
		w.step.All = true
	}
	by := w.tasks.Last()
	if by == nil || object == kernel.Nothing {
		return
	}
	name, fresh := w.objects.Name(object, by)
	w.step.Fresh = w.step.Fresh || fresh
	w.step.Add(name, schedule.Access(how))
}

// selects reports whether a task waits in a Select. If it is woken, it no longer stands in
// the queues of all its cases: whoever comes to one of these finds somebody else.
//
//go:norace
func selects(t *kernel.Task) bool {
	op, _, waits := t.Awaits()
	return waits && op == kernel.OpSelect
}

// touchBeside is touch of something beside the object of an operation.
//
//go:norace
func (w *watch) touchBeside(object any) {
	unnamed := w.unnamed
	w.touch(object, kernel.Changes)
	w.unnamed = unnamed
}

// watched is a Sim as the watcher of its run.
type watched struct{ *Sim }

var _ kernel.Watcher = watched{}

// Begin implements kernel.Watcher, as does Touch.
//
//go:norace
func (w watched) Begin() {
	if g := w.order.guide; g != nil { // not of a run that is over
		g.watch.begin()
	}
}

//go:norace
func (w watched) Touch(object any, how kernel.Access) {
	if g := w.order.guide; g != nil {
		g.unseen(func() { g.watch.touch(object, how) })
	}
}

// Gather implements kernel.Watcher.
//
//go:norace
func (w watched) Gather(object any) {
	g := w.order.guide
	if g == nil {
		return
	}
	g.unseen(func() {
		if name, known := g.watch.objects.Known(object); known {
			g.watch.of.Gathered(name)
		}
	})
}

// touchDraws notes that the step draws from the seed: in another order it draws another
// number.
//
//go:norace
func (s *Sim) touchDraws() {
	if g := s.order.guide; g != nil && g.watch != nil {
		g.unseen(func() { g.watch.touchBeside(&s.order.rng) })
	}
}

// touchAll notes that the step may touch anything.
func (s *Sim) touchAll() {
	if g := s.order.guide; g != nil && g.watch != nil {
		g.watch.step.All = true
	}
}

// opaque reports whether what package asyncio does goes on in the run, whose loop, futures
// and callbacks are not told apart.
//
//go:norace
func (s *Sim) opaque() bool { return s.run.Asyncio.Load() != nil }
