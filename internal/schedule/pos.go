package schedule

// POS is partial order sampling (Yuan, Yang and Gu, "Partial Order Aware Concurrency
// Sampling", CAV 2018): each step that may be made next has a random priority, and the highest
// one is made. A step that is made lets those draw again that conflict with it, since their
// order is now another one. Of many steps that touch nothing in common a random walk orders
// a few that do much as their number would have it; here the order of those that conflict
// depends on fewer draws.
//
// What a step will touch is taken from a run before, the Profile; where it is not known it
// may be anything. Without what steps touch each draws once, and the run tells what they do.
type POS struct{}

func (POS) String() string { return "pos" }

// Begin implements Strategy.
func (POS) Begin(seed uint64, known *Profile) Chooser {
	c := pos{NewRand(seed), known}
	if !known.Touched() {
		return &watchedPOS{c, noted{}}
	}
	return &c
}

type pos struct {
	r     Rand
	known *Profile
}

// watchedPOS has the run watched.
type watchedPOS struct {
	pos
	noted
}

// Ready draws the priority of the task's next step.
func (c *pos) Ready(t *Task) { t.rank = c.r.Uint64() }

func (c *pos) Choose(ready []*Task) int {
	best := highest(ready)
	made := c.known.next(ready[best])
	for i, t := range ready {
		if i == best {
			continue
		}
		if next := c.known.next(t); made == nil || next == nil || made.Conflicts(next) {
			t.rank = c.r.Uint64()
		}
	}
	return best
}

// noted is a Watcher that needs not to be told: what steps touch is for the Profile.
type noted struct{}

func (noted) Stepped(Footprint) {}
func (noted) Gathered(uint64)   {}
func (noted) Passed()           {}
