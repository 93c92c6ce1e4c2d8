package schedule

// URW is a walk that is uniform over the interleavings of tasks, and not over the choices
// (the uniform random walk of Zhao, Wolff, Mathur and Roychoudhury, "Selectively Uniform
// Concurrency Testing", ASPLOS 2025): a task is chosen with a probability that is
// proportional to the number of steps which it, and the tasks that it will start, have left.
// Those are counted in a run before. Of independent tasks each interleaving has the same
// probability, where a random walk prefers those in which a short task runs early.
//
// It is a random walk where nothing is known.
type URW struct{}

func (URW) String() string { return "urw" }

// Begin implements Strategy.
func (URW) Begin(seed uint64, p *Profile) Chooser { return &urw{r: NewRand(seed), known: p} }

type urw struct {
	r     Rand
	known *Profile
}

// Ready counts what a new task has left; whoever has started it has so much less.
func (c *urw) Ready(t *Task) {
	if t.Steps == 0 {
		t.rank = uint64(c.known.all(t.Key))
		if t.from != nil {
			t.from.rank -= min(t.rank, t.from.rank)
		}
	}
}

func (c *urw) Choose(ready []*Task) int {
	total := uint64(0)
	for _, t := range ready {
		total += left(t)
	}
	at := c.r.Below(total)
	for i, t := range ready {
		n := left(t)
		if at < n {
			t.rank -= min(1, t.rank)
			return i
		}
		at -= n
	}
	panic("schedule: the weights have changed")
}

// left is the weight of a task: what is ready has a step left, whatever is known.
func left(t *Task) uint64 { return max(t.rank, 1) }
