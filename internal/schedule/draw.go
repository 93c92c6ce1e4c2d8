package schedule

import "slices"

// A Drawer makes choices within steps, such as which of several cases of a Select goes on.
type Drawer interface {
	// Draw returns a number less than n, which is 2 at least, for the step that was chosen
	// last. The usual one is 0.
	Draw(n int) int
}

// A Draw is a choice within a step that was not the usual one.
type Draw struct {
	In     uint64 // key of the task whose step it was
	Step   int    // which of that task's steps
	Nth    int    // which choice within that step, from 0
	Chosen int    // above 0
}

// within is where in a run the next choice within a step is made.
func (ts *Tasks) within() Draw {
	return Draw{In: ts.last.Key, Step: ts.last.Steps, Nth: ts.draws}
}

// Draw implements Drawer.
func (r *Recorder) Draw(n int) int {
	d := r.ts.within()
	d.Chosen = r.drawer.Draw(n)
	r.ts.draws++
	if d.Chosen != 0 {
		r.draws = append(r.draws, d)
	}
	return d.Chosen
}

// Draws are the unusual choices within steps so far. Drawn is false if it was not asked for
// such choices, but the seed.
func (r *Recorder) Draws() (unusual []Draw, drawn bool) {
	return slices.Clone(r.draws), r.drawer != nil
}

// Draw implements Drawer.
func (a *Actor) Draw(n int) int {
	i, is := a.s.within[a.ts.within()]
	if !is {
		return 0
	}
	d := a.s.draws[i]
	if d.Chosen >= n {
		a.miss(Missed{After: a.ts.last, Step: d.Step, Chosen: d.Chosen})
		return 0
	}
	a.drawn[i] = true
	return d.Chosen
}
