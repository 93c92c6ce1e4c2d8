package schedule

import (
	"context"
	"slices"
	"time"
)

// Shrink returns the simplest plan that it finds which still fails: with the fewest
// faults, then the fewest switches, then the fewest draws, then without time that steps
// take, then of the first model, then with the fewest tasks that run before it fails, then
// with round times. A run of a plan tells the plan of what happened, as some of its switches
// and draws may have become impossible, the tasks, and whether it failed in the same way.
// There are at most so many runs, and none when ctx is done: to make a plan simpler takes
// its time, too.
//
// Switches and draws are taken away in halves, quarters and so on as long as the rest fails
// (Zeller and Hildebrandt, "Simplifying and Isolating Failure-Inducing Input", 2002); then in
// pairs, to a task and back again, and in place of a pair all others are tried.
func Shrink(ctx context.Context, p *Plan, ts *Tasks, runs int, run func(p *Plan) (as *Plan, ts *Tasks, fails bool)) *Plan {
	s := &shrinker{ctx: ctx, best: p, usual: p.Usual, ts: ts, runs: runs, run: run}
	for again := true; again; {
		again = s.faults()
		again = s.still() || again
		again = s.simplify(func(p *Plan) { p.Model = 0 }) || again
		again = fewer(s, func(p *Plan) *[]Switch { return &p.Switches }) || again
		again = fewer(s, func(p *Plan) *[]Draw { return &p.Draws }) || again
		again = again || s.fewerTasks() || s.soonerTasks()
		again = again || s.oneForTwo()
	}
	return s.best
}

type shrinker struct {
	ctx   context.Context
	best  *Plan
	usual []time.Duration // at which something is sent or arrives without faults
	ts    *Tasks          // of its run
	runs  int             // that are left
	run   func(p *Plan) (as *Plan, ts *Tasks, fails bool)
}

// over reports whether there are no more runs, as when ctx is done.
func (s *shrinker) over() bool {
	if s.ctx.Err() != nil {
		s.runs = 0
	}
	return s.runs == 0
}

// simplify tries a change of the best plan, and reports whether that is a better one.
func (s *shrinker) simplify(change func(p *Plan)) bool {
	if s.over() {
		return false
	}
	p := *s.best
	p.Faults, p.Switches, p.Late, p.Draws = slices.Clone(p.Faults), slices.Clone(p.Switches), slices.Clone(p.Late), slices.Clone(p.Draws)
	change(&p)
	if !simpler(&p, s.best) {
		return false
	}
	s.runs--
	as, ts, fails := s.run(&p)
	if !fails || !simpler(as, s.best) {
		return false
	}
	s.best, s.ts = as, ts
	return true
}

// fewer takes away all of a list, then halves, quarters and so on.
func fewer[T any](s *shrinker, of func(p *Plan) *[]T) (better bool) {
	for size := len(*of(s.best)); size > 0; size /= 2 {
		better = without(s, size, of) || better
	}
	return better
}

// without takes away so many neighbors of a list at a time, the last ones first: what comes
// before them stays as it was.
func without[T any](s *shrinker, size int, of func(p *Plan) *[]T) (better bool) {
	for end := len(*of(s.best)); end >= size; end = min(end, len(*of(s.best))) {
		if s.simplify(func(p *Plan) { *of(p) = slices.Delete(*of(p), end-size, end) }) {
			better = true
		} else {
			end -= size
		}
	}
	return better
}

// oneForTwo puts one switch, or none, in the place of two.
func (s *shrinker) oneForTwo() bool {
	for j := len(s.best.Switches) - 1; j > 0; j-- {
		for i := j - 1; i >= 0 && !s.over(); i-- {
			if s.simplify(func(p *Plan) { p.remove(i, j) }) {
				return true
			}
			for _, from := range s.ts.byID {
				for step := 1; from != nil && step <= from.Steps; step++ {
					for _, to := range s.ts.byID {
						if to != nil && to != from && s.simplify(func(p *Plan) {
							p.remove(i, j)
							p.Switches = append(p.Switches, Switch{After: from.Key, Step: step, To: to.Key})
						}) {
							return true
						}
						if s.runs == 0 {
							return false
						}
					}
				}
			}
		}
	}
	return false
}

// remove takes away the switches i and j, i being less.
func (p *Plan) remove(i, j int) {
	p.Switches = slices.Delete(slices.Delete(p.Switches, j, j+1), i, i+1)
}

// simpler reports whether a is simpler than b.
func simpler(a, b *Plan) bool {
	if order := compareFaults(a.Faults, b.Faults); order != 0 {
		return order < 0
	}
	if len(a.Switches) != len(b.Switches) {
		return len(a.Switches) < len(b.Switches)
	}
	if len(a.Draws) != len(b.Draws) {
		return len(a.Draws) < len(b.Draws)
	}
	if a.StepMax != b.StepMax {
		return a.StepMax < b.StepMax
	}
	if a.Model != b.Model {
		return a.Model < b.Model
	}
	if a.Ran != b.Ran {
		return a.Ran < b.Ran
	}
	if len(a.Late) != len(b.Late) {
		return len(a.Late) < len(b.Late)
	}
	return sum(a.Faults, Fault.digits) < sum(b.Faults, Fault.digits)
}
