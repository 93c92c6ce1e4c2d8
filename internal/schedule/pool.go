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
	kept  [matters]bases      // by what was new
	dull  int                 // watched runs without news, of late
}

// bases are runs that others begin like. The last one is the newest.
type bases []*base

// A base is such a run.
type base struct {
	plan  *Plan
	news  []int // after how many choices it had reached something new
	drawn int   // how often
}

const (
	maxKept     = 256
	maxKnown    = 1 << 20
	maxSwitches = 1 << 12 // of a run that is kept
	maxNews     = 16      // of a run
	dullAfter   = 200     // watched runs: from then on one of 8 is watched, and ever fewer
	dullest     = 400     // where it is one of 16
	staleAfter  = 32      // draws of a base
)

// Draw says how a run is made, by a number that is its own: whether it is to be watched, and
// if plan is not nil, that the run is to begin with so many choices of that plan. Where there
// has been no news for long, few runs are watched: it takes time.
func (p *Pool) Draw(seed uint64) (watch bool, plan *Plan, choices int) {
	r := NewRand(seed)
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.dull > dullAfter && r.Below(uint64(8*p.dull/dullAfter)) != 0 {
		return false, nil, 0
	}
	of := p.matter(&r)
	if len(of) == 0 || r.Below(8) == 0 {
		return true, nil, 0
	}
	b := of.pick(&r)
	b.drawn++
	choices = b.news[len(b.news)-1]
	switch r.Below(4) {
	case 0:
		choices = b.news[r.Below(uint64(len(b.news)))]
	case 1: // where else might it have gone?
		choices -= min(choices, int(r.Below(4)))
	case 2:
		choices = int(r.Below(uint64(choices) + 1))
	}
	return true, b.plan, choices
}

// matter draws what the news of a base are to be: what leads on more often comes first, as
// long as there are fresh ones.
func (p *Pool) matter(r *Rand) bases {
	for m := matters - 1; m >= 0; m-- {
		if of := p.kept[m]; len(of) > 0 && (of[len(of)-1].drawn < staleAfter || r.Below(8) == 0) && r.Below(4) != 0 {
			return of
		}
	}
	return p.kept[r.Below(uint64(matters))]
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
	best := order
	var steps []int // of the best
	for _, m := range w.marks {
		if _, is := p.known[m.what]; is || len(p.known) == maxKnown {
			continue
		}
		p.known[m.what] = struct{}{}
		if m.of > best {
			best, steps = m.of, steps[:0]
		}
		if m.of == best {
			steps = append(steps, m.step)
		}
		news = true
	}
	if !news {
		p.dull = min(p.dull+1, dullest)
		return false
	}
	p.dull /= 2
	b := &base{plan: plan(), news: steps[max(0, len(steps)-maxNews):]}
	if len(b.plan.Switches) <= maxSwitches {
		p.kept[best].keep(b)
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
