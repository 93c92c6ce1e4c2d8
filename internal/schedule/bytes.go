package schedule

// Bytes take each choice from a byte: which of the tasks that are ready, from the oldest on,
// modulo their number. Where there is none the choice is the usual one; but one in patience
// is who has not run for longest, lest a task that polls keep all others from running.
type Bytes []byte

// patience is in how many choices one at least does not go on as those before it.
const patience = 1000

func (Bytes) String() string { return "choices" }

// Begin implements Strategy.
func (b Bytes) Begin(uint64, *Profile) Chooser { return &chosen{rest: b} }

type chosen struct {
	rest  []byte
	last  *Task
	usual int // choices without a byte
}

func (*chosen) Ready(*Task) {}

func (c *chosen) Choose(ready []*Task) int {
	i := 0
	switch {
	case len(ready) == 1:
	case len(c.rest) == 0:
		if c.usual++; c.usual%patience == 0 {
			i = waiting(ready)
		} else {
			i = usual(ready, c.last)
		}
	default:
		i = nth(ready, int(c.rest[0])%len(ready))
		c.rest = c.rest[1:]
	}
	c.last = ready[i]
	return i
}

// nth is the index of the task that has n older ones beside it.
func nth(ready []*Task, n int) int {
	for i, t := range ready {
		older := 0
		for _, other := range ready {
			if other.ID < t.ID {
				older++
			}
		}
		if older == n {
			return i
		}
	}
	panic("schedule: two tasks have one ID")
}
