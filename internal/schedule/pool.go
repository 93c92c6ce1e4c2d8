package schedule

import (
	"slices"
	"sync"
)

// A Pool keeps runs that have reached something new, so that others may begin as they did
// and go on in another way. So a chain of right choices is found link by link, if each
// shows in what is reached: of n of them, with two to choose from, in some times n
// runs, and not in 2^n. It is what fuzzers do that are guided by coverage (Zalewski, American
// Fuzzy Lop, 2013), on schedules as by Wolff, Shi, Duck, Mathur and Roychoudhury,
// "Greybox Fuzzing for Concurrency Testing", ASPLOS 2024. The zero value is empty.
//
// Of a Pool that is used by one run at a time all runs are the same each time.
type Pool struct {
	mu    sync.Mutex
	known map[uint64]struct{} // marks
	stops bases               // that a task has stopped where none had, or more often
	pairs bases               // that one task has followed another where none had
	dull  int                 // watched runs without news, of late
}

// bases are runs that others begin like. The last one is the newest.
type bases []*base

// A base is such a run.
type base struct {
	plan    *Plan
	choices int // after which it had reached what was new
	drawn   int // how often
}

const (
	maxKept     = 256
	maxKnown    = 1 << 20
	maxSwitches = 1 << 12 // of a run that is kept
	dullAfter   = 200
)

// Draw says how a run is made, by a number that is its own: whether it is to be watched, and
// if plan is not nil, that the run is to begin with so many choices of that plan. Where there
// has been no news for long, few runs are watched: it takes time.
func (p *Pool) Draw(seed uint64) (watch bool, plan *Plan, choices int) {
	r := NewRand(seed)
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.dull > dullAfter && r.Below(8) != 0 {
		return false, nil, 0
	}
	of := p.stops
	if len(of) == 0 || len(p.pairs) > 0 && r.Below(4) == 0 { // there are far more, and few lead on
		of = p.pairs
	}
	if len(of) == 0 || r.Below(8) == 0 {
		return true, nil, 0
	}
	b := of.pick(&r)
	b.drawn++
	choices = b.choices
	switch r.Below(4) {
	case 0: // where else might it have gone?
		choices = int(r.Below(uint64(choices) + 1))
	case 1:
		choices -= min(choices, int(r.Below(4)))
	}
	return true, b.plan, choices
}

// pick prefers new ones, and those that were drawn less often.
func (bs bases) pick(r *Rand) *base {
	n := len(bs)
	if r.Below(2) == 0 {
		i := n - 1
		for i > 0 && r.Below(2) == 0 {
			i--
		}
		return bs[i]
	}
	a, b := bs[r.Below(uint64(n))], bs[r.Below(uint64(n))]
	if b.drawn < a.drawn {
		return b
	}
	return a
}

// Learn keeps a run that was watched and has ended, if it has reached something new, and
// reports whether it has. Plan tells how to make it again.
func (p *Pool) Learn(w *Scout, plan func() *Plan) (news bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.known == nil {
		p.known = make(map[uint64]struct{})
	}
	in, last := &p.pairs, 0
	for _, m := range w.marks {
		if _, is := p.known[m.what]; is || len(p.known) == maxKnown {
			continue
		}
		p.known[m.what] = struct{}{}
		if m.stop {
			in = &p.stops
		}
		if m.stop || in == &p.pairs {
			last = m.step
		}
		news = true
	}
	if !news {
		p.dull = min(p.dull+1, 2*dullAfter)
		return false
	}
	p.dull /= 2
	if b := (&base{plan: plan(), choices: last}); len(b.plan.Switches) <= maxSwitches {
		in.keep(b)
	}
	return true
}

// keep puts a run in, in place of the one that was drawn most often if there are too many.
func (bs *bases) keep(b *base) {
	if len(*bs) == maxKept {
		most := 0
		for i, k := range *bs {
			if k.drawn > (*bs)[most].drawn {
				most = i
			}
		}
		*bs = slices.Delete(*bs, most, most+1)
	}
	*bs = append(*bs, b)
}
