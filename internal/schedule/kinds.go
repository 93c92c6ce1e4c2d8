package schedule

import "slices"

// Kinds is a random walk on which each kind of task has the same probability, and of its
// tasks that are ready each one. A kind is what tasks have that run the same function. Of a
// hundred workers and one who stops them, the latter has half of the choices and not one in
// a hundred: what depends on when it comes is found as soon as with one worker.
type Kinds struct{}

func (Kinds) String() string { return "kinds" }

// Begin implements Strategy.
func (Kinds) Begin(seed uint64, _ *Profile) Chooser { return &kinds{r: NewRand(seed)} }

type kinds struct {
	r    Rand
	seen []uint64 // of this choice
}

func (*kinds) Ready(*Task) {}

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
