package schedule

import "slices"

// Kinds is a random walk on which each kind of task has the same probability, and of its
// tasks that are ready each one. A kind is what tasks have that run the same function. Of a
// hundred workers and one who stops them, the latter has half of the choices and not one in
// a hundred: what depends on when it comes is found as soon as with one worker.
//
// In an eighth of the runs kinds have priorities, and one of the highest kind that is ready
// is chosen, but for one choice in 32: all workers before who stops them, or none.
type Kinds struct{}

func (Kinds) String() string { return "kinds" }

// Begin implements Strategy.
func (Kinds) Begin(seed uint64, _ *Profile) Chooser {
	c := &kinds{r: NewRand(seed)}
	c.ranked = c.r.Below(8) == 0
	return c
}

type kinds struct {
	r      Rand
	seen   []uint64 // of this choice
	ranked bool
	ranks  []kindRank // if ranked: of the kinds so far
}

type kindRank struct{ kind, rank uint64 }

// Ready draws the priority of a new kind.
func (c *kinds) Ready(t *Task) {
	if c.ranked && !slices.ContainsFunc(c.ranks, func(k kindRank) bool { return k.kind == t.Kind }) {
		c.ranks = append(c.ranks, kindRank{t.Kind, c.r.Uint64()})
	}
}

// Choose draws a kind, by the place at which it is seen first, and then one of its tasks.
func (c *kinds) Choose(ready []*Task) int {
	if len(ready) == 1 {
		return 0
	}
	c.seen = c.seen[:0]
	for _, t := range ready {
		if !slices.Contains(c.seen, t.Kind) {
			c.seen = append(c.seen, t.Kind)
		}
	}
	kind := c.seen[c.r.Below(uint64(len(c.seen)))]
	if c.ranked && c.r.Below(32) != 0 {
		kind = c.highest()
	}
	chosen, of := 0, uint64(0)
	for i, t := range ready {
		if t.Kind != kind {
			continue
		}
		if of++; c.r.Below(of) == 0 { // of the first so many each has the same probability
			chosen = i
		}
	}
	return chosen
}

// highest is the kind with the highest priority of those that were seen.
func (c *kinds) highest() (kind uint64) {
	best := uint64(0)
	for _, k := range c.ranks {
		if k.rank >= best && slices.Contains(c.seen, k.kind) {
			kind, best = k.kind, k.rank
		}
	}
	return kind
}
