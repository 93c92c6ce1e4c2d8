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
// random walk, and the run tells what its steps touch.
type SURW struct{}

func (SURW) String() string { return "surw" }

// Begin implements Strategy.
func (SURW) Begin(seed uint64, known *Profile) Chooser {
	c := surw{r: NewRand(seed), known: known}
	if !known.Touched() {
		return &watchedSURW{c, noted{}}
	}
	if shared := known.shared(); len(shared) > 0 {
		c.object = shared[c.r.Below(uint64(len(shared)))]
		c.left = known.touches(c.object)
	}
	return &c
}

type surw struct {
	r      Rand
	known  *Profile
	object uint64         // 0 for none
	left   map[uint64]int // by task: steps that touch it, with those of the tasks it will start
	live   []*Task
	next   *Task // who makes the next of them; nil if that is to be drawn
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
	from := t.from
	if from == nil {
		return
	}
	all, mine := c.left[from.Key], c.left[t.Key]
	if c.next == from && mine > 0 && int(c.r.Below(uint64(max(all, 1)))) < mine {
		c.next = t // for whose sake it was drawn
	}
	c.left[from.Key] = max(all-mine, 0)
}

// touches reports whether the task's next step is one of those that are counted.
func (c *surw) touches(t *Task) bool {
	f := c.known.next(t)
	return f != nil && f.touches(c.object)
}

func (c *surw) Choose(ready []*Task) int {
	if c.object == 0 {
		return int(c.r.Below(uint64(len(ready))))
	}
	if c.next == nil || c.left[c.next.Key] == 0 {
		c.next = c.draw(c.live)
	}
	var may []int
	for i, t := range ready {
		if t == c.next || !c.touches(t) {
			may = append(may, i)
		}
	}
	var i int
	if len(may) > 0 {
		i = may[c.r.Below(uint64(len(may)))]
	} else { // who was drawn waits for one of these
		i = slices.Index(ready, c.draw(ready))
	}
	if t := ready[i]; c.touches(t) {
		c.left[t.Key] = max(c.left[t.Key]-1, 0)
		c.next = nil
	}
	return i
}

// draw draws one of some tasks, each by the steps that it has left.
func (c *surw) draw(tasks []*Task) *Task {
	total := 0
	for _, t := range tasks {
		total += c.left[t.Key]
	}
	if total == 0 {
		return tasks[c.r.Below(uint64(len(tasks)))]
	}
	at := int(c.r.Below(uint64(total)))
	for _, t := range tasks {
		if at -= c.left[t.Key]; at < 0 {
			return t
		}
	}
	panic("schedule: the weights have changed")
}
