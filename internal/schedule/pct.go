package schedule

import "fmt"

// PCT is probabilistic concurrency testing (Burckhardt, Kothari, Musuvathi and Nagarakatte,
// "A Randomized Scheduler with Probabilistic Guarantees of Finding Bugs", ASPLOS 2010).
// Each task has a random priority, and the highest one that is ready runs; at Depth-1
// random choices who runs falls below all others. A bug of depth d, which is one that d
// orders between two steps suffice for, is found by a run with n tasks and k choices with a
// probability of at least 1/(n·k^(d-1)). A step before which one task only is ready is no
// choice: to fall there changes nothing that falling at the next one would not.
//
// That needs k. Where no Profile tells it, a power of two is drawn for it, so that a run of k
// choices is treated as one of k to 2k in one of lengths runs.
//
// A task that polls would keep all others from running, for ever. So it is a random walk
// after fair times as many choices as expected.
type PCT struct{ Depth int }

const (
	lengths  = 12 // powers of two from 2^shortest on
	shortest = 3
	fair     = 16
)

func (p PCT) String() string { return fmt.Sprintf("pct(%d)", p.Depth) }

// Begin implements Strategy.
func (p PCT) Begin(seed uint64, known *Profile) Chooser {
	c := &pct{r: NewRand(seed)}
	steps := known.choices()
	if steps == 0 {
		steps = 1 << (shortest + c.r.Below(lengths))
	}
	c.end = fair * steps
	c.falls = make([]int, max(p.Depth-1, 0))
	for i := range c.falls {
		c.falls[i] = 1 + int(c.r.Below(uint64(steps)))
	}
	return c
}

type pct struct {
	r     Rand
	step  int   // choices so far
	end   int   // from which on the walk is random
	falls []int // choices at which who runs falls; the i-th to rank i+1
}

// Ready draws the priority of a task when it is new. Ranks of those that fell are less.
func (c *pct) Ready(t *Task) {
	if t.rank == 0 {
		t.rank = 1<<63 | c.r.Uint64()
	}
}

func (c *pct) Choose(ready []*Task) int {
	if len(ready) == 1 {
		return 0
	}
	c.step++
	if c.step > c.end {
		return int(c.r.Below(uint64(len(ready))))
	}
	best := highest(ready)
	for i, step := range c.falls {
		if step == c.step {
			ready[best].rank = uint64(i) + 1
			best = highest(ready)
		}
	}
	return best
}

// highest is the index of the task with the highest rank, and of two the older one.
func highest(ready []*Task) int {
	best := 0
	for i, t := range ready {
		if b := ready[best]; t.rank > b.rank || t.rank == b.rank && t.ID < b.ID {
			best = i
		}
	}
	return best
}
