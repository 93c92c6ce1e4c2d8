package schedule

// Rounds has tasks take turns: who has not run for longest is next, in an order of the tasks
// that is drawn for the run. So all get equally far, and those that do the same meet at the
// same place: philosophers who have one fork each, say. How many steps a turn has is drawn,
// too: one in most runs, else the same number for all tasks, or for each one of its own. In
// an eighth of the runs a drawn pattern of choices is repeated in place of that, with a turn
// in a thousand choices for who has not run for longest, whom it may leave out. It is for
// what needs the same turns each time round a loop, however often. Some runs begin with
// choices at random, and have them in between.
type Rounds struct{}

func (Rounds) String() string { return "rounds" }

// Begin implements Strategy.
func (Rounds) Begin(seed uint64, _ *Profile) Chooser {
	c := &rounds{r: NewRand(seed), least: 1, most: 1, salt: seed}
	switch c.r.Below(8) {
	case 0:
		c.pattern = make([]uint64, 2+c.r.Below(4))
		for i := range c.pattern {
			c.pattern[i] = c.r.Uint64()
		}
	case 1:
		c.least = 2 + c.r.Below(3)
		c.most = c.least
	case 2, 3:
		c.most = 2 + c.r.Below(2)
	}
	if c.r.Below(2) == 0 {
		c.begin = int(1 + min(c.r.Below(8), c.r.Below(8)))
	}
	if c.r.Below(2) == 0 {
		c.luck = 4 << c.r.Below(4)
	}
	return c
}

type rounds struct {
	r           Rand
	least, most uint64   // steps of a turn
	pattern     []uint64 // of choices, each as a fraction of those that are ready; nil: none
	begin       int      // choices at random that come first
	luck        uint64   // one choice in so many is at random; 0: none
	salt        uint64

	last  *Task
	left  int // steps of this turn
	steps uint64
	at    int // in the pattern
}

// Ready draws the place of a new task. Those that have not run yet come first.
func (c *rounds) Ready(t *Task) {
	if t.rank == 0 {
		t.rank = 1 + c.r.Below(1<<32)
	}
}

func (c *rounds) Choose(ready []*Task) int {
	i := 0
	if len(ready) > 1 {
		i = c.next(ready)
	}
	if t := ready[i]; t != c.last || c.left == 0 {
		// A task's turns are all as long.
		c.last, c.left = t, int(c.least+Mix(c.salt, t.Key)%(c.most-c.least+1))
	}
	c.left--
	c.steps++
	c.last.rank = 1<<32 + c.steps
	return i
}

func (c *rounds) next(ready []*Task) int {
	n := uint64(len(ready))
	switch {
	case c.begin > 0:
		c.begin--
		return int(c.r.Below(n))
	case c.luck > 0 && c.r.Below(c.luck) == 0:
		return int(c.r.Below(n))
	case c.pattern != nil:
		w := c.pattern[c.at%len(c.pattern)]
		if c.at++; c.at%patience != 0 {
			return nth(ready, int(w>>32*n>>32))
		}
	}
	longest := 0
	for i, t := range ready {
		if t == c.last && c.left > 0 {
			return i
		}
		if t.rank < ready[longest].rank {
			longest = i
		}
	}
	return longest
}
