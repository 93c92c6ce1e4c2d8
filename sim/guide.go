package sim

import (
	"runtime"

	"github.com/anyio-go/anyio/internal/schedule"
	"github.com/anyio-go/anyio/internal/simloop"
)

// A Guide lets runs learn from those before them. Of each that reaches something new, such as
// a line of the program, a further round of a loop, or that one task follows another
// somewhere, it keeps the schedule; further runs begin as one that was kept and go on by
// their Strategy. So a bug behind a chain of right choices is found link by link, if
// each shows in what the program does; where nothing shows until the end, a Guide is of no
// use.
//
// Set it as the Config.Guide of some of a program's runs, and call Learn after each. The zero
// value is ready to use, by several simulators at the same time. It must not be copied.
type Guide struct{ pool schedule.Pool }

// Learn keeps the last run of s, which has ended, if that has reached something new, and
// reports whether it has. Of a run that had another Guide or none, it reports false.
func (g *Guide) Learn(s *Sim) (news bool) {
	if s.last == nil || s.watcher == nil || s.cfg.Guide != g {
		return false
	}
	return g.pool.Learn(s.watcher, s.told)
}

// lead has the run's guide say how it begins.
func (s *Sim) lead(c *simloop.Config, model *Model) {
	g := s.cfg.Guide
	if g == nil {
		return
	}
	watch, plan, choices := g.pool.Draw(schedule.Mix(s.cfg.Seed, 2))
	s.watched = watch
	if plan != nil {
		s.base, s.choices = plan, choices
		s.apply(plan, c, model)
	}
}

// place tells where on its stack a task has stopped. The callers are the simulator's, then
// those of the library's that say how it waits, then the program's.
func place() uint64 {
	const ours = 4      // at least, and the same for all
	var pcs [16]uintptr // a few of the program's: each costs a tenth of a microsecond
	sum := uint64(0)
	for _, pc := range pcs[:runtime.Callers(ours, pcs[:])] {
		sum = schedule.Mix(sum, uint64(pc))
	}
	return sum
}
