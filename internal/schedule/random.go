package schedule

// Random is a random walk: each of the tasks that are ready is chosen with the same
// probability. Nothing has to be known of the program, and no order is impossible. A bug
// that needs n right choices in a row is found with the product of their probabilities,
// however simple its order is.
type Random struct{}

func (Random) String() string { return "random" }

// Begin implements Strategy.
func (Random) Begin(seed uint64, _ *Profile) Chooser { return &random{NewRand(seed)} }

type random struct{ r Rand }

func (*random) Ready(*Task) {}

func (c *random) Choose(ready []*Task) int { return int(c.r.Below(uint64(len(ready)))) }
