package schedule

import "slices"

// SURW is the selectively uniform random walk (Zhao, Wolff, Mathur and Roychoudhury,
// "Selectively Uniform Concurrency Testing", ASPLOS 2025). For each run it draws an object
// that several tasks touch, and then each order of the steps that touch it has the same
// probability, however many other steps there are: a task of those that have such steps left
// is drawn, each by their number, and the others do not make theirs before it has. All
// other steps are a random walk.
//
// Which steps touch the object is taken from a run before, the Profile. Without it this is a
// random walk, and the run tells what its steps touch. It is one, too, after fair times as
// many choices as expected: who was drawn may poll for one who is kept waiting.
type SURW struct{}

func (SURW) String() string { return "surw" }

// Begin implements Strategy.
func (SURW) Begin(seed uint64, known *Profile) Chooser {
	c := surw{r: NewRand(seed), known: known, left: fair * max(known.choices(), 1<<shortest)}
	if known.choices() == 0 {
		c.left = fair << (shortest + lengths)
	}
	if !known.Touched() {
		return &watchedSURW{c, noted{}}
	}
	if n := len(known.shared); n > 0 {
		of := known.shared[c.r.Below(uint64(n))]
		c.object, c.steps = of.object, of.steps
	}
	return &c
}

type surw struct {
	r      Rand
	known  *Profile
	object uint64            // 0 for none
	steps  map[uint64]uint64 // by task: steps that touch it, with those of the tasks it will start
	live   []*Task           // the rank of each is how many of them it has left
	next   *Task             // who makes the next of them; nil if that is to be drawn
	may    []int             // of this choice: who is not kept waiting
	left   int               // choices until the walk is random
}

// watchedSURW has the run watched.
type watchedSURW struct {
	surw
	noted
}

// Ready takes what a new task has to do from who has started it.
func (c *surw) Ready(t *Task) {
	if c.object == 0 || t.Steps > 0 || slices.Contains(c.live, t) {
		return
	}
	c.live = append(c.live, t)
	t.rank = c.steps[t.Key]
	from := t.from
	if from == nil {
		return
	}
	if c.next == from && t.rank > 0 && c.r.Below(max(from.rank, 1)) < t.rank {
		c.next = t // for whose sake it was drawn
	}
	from.rank -= min(t.rank, from.rank)
}

// touches reports whether the task's next step is one of those that are counted.
func (c *surw) touches(t *Task) bool {
	f := c.known.next(t)
	return f != nil && f.touches(c.object)
}

func (c *surw) Choose(ready []*Task) int {
	if c.left--; c.object == 0 || c.left < 0 {
		return int(c.r.Below(uint64(len(ready))))
	}
	if c.next == nil || c.next.rank == 0 {
		c.next = c.draw(c.live)
	}
	c.may = c.may[:0]
	for i, t := range ready {
		if t == c.next || !c.touches(t) {
			c.may = append(c.may, i)
		}
	}
	var i int
	if n := uint64(len(c.may)); n > 0 {
		i = c.may[c.r.Below(n)]
	} else { // who was drawn waits for one of these
		i = slices.Index(ready, c.draw(ready))
	}
	if t := ready[i]; c.touches(t) {
		t.rank -= min(1, t.rank)
		c.next = nil
	}
	return i
}

// draw draws one of some tasks, each by the steps that it has left.
func (c *surw) draw(tasks []*Task) *Task {
	total := uint64(0)
	for _, t := range tasks {
		total += t.rank
	}
	if total == 0 {
		return tasks[c.r.Below(uint64(len(tasks)))]
	}
	at := c.r.Below(total)
	for _, t := range tasks {
		if at < t.rank {
			return t
		}
		at -= t.rank
	}
	panic("schedule: the weights have changed")
}
