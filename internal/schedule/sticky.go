package schedule

// Sticky is a random walk on which who ran last goes on with a probability that is drawn for
// the run: one in 33, 17, 9, 5, 3 or 2, or as many times that it does not. So in some runs
// tasks make many steps in a row, and a switch is rare, as on real machines; in others they
// take turns nearly strictly, as where each waits for the other. Of a random walk's n choices
// about half are switches: n right choices that are all alike are made by one in 2^n, here by
// one in twelve at least two fifths of the time while n is less than 32.
type Sticky struct{}

func (Sticky) String() string { return "sticky" }

// Begin implements Strategy.
func (Sticky) Begin(seed uint64, _ *Profile) Chooser {
	c := &sticky{r: NewRand(seed)}
	odds := uint64(1) << c.r.Below(6)
	c.goesOn, c.outOf = odds, odds+1
	if c.r.Below(2) == 0 {
		c.goesOn = 1
	}
	return c
}

type sticky struct {
	r             Rand
	goesOn, outOf uint64 // the probability that the last one goes on
	last          *Task
}

func (*sticky) Ready(*Task) {}

func (c *sticky) Choose(ready []*Task) int {
	n := uint64(len(ready))
	if n == 1 {
		c.last = ready[0]
		return 0
	}
	at := -1
	for i, t := range ready {
		if t == c.last {
			at = i
			break
		}
	}
	i := 0
	switch {
	case at < 0:
		i = int(c.r.Below(n))
	case c.r.Below(c.outOf) < c.goesOn:
		i = at
	default:
		if i = int(c.r.Below(n - 1)); i >= at {
			i++
		}
	}
	c.last = ready[i]
	return i
}
