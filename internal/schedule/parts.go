package schedule

import "slices"

// The tree of an Explorer may be walked by several at the same time: one gives away what
// follows a choice that it has still to make, and comes back to it in its order. A part needs
// to know of the nodes above it only who was chosen, and what is asleep at the last one, which
// are known when it begins. What its races want of these nodes it only notes, and they are
// told when the part is taken back. So all runs are the same, and there are as many, as
// without parts.
type parts struct {
	// Idle, if set, reports whether there is somebody to walk a part, who then has to do so:
	// Give has it done, and Join waits until it is, or does the rest.
	Idle func() bool
	Give func(part *Explorer)
	Join func(part *Explorer)

	// Runs are those that were made, of them Vain that were Redundant. Found is what a run
	// has ended the walk with, and Full tells that there would be more than Most runs, if
	// that is not 0. They are those of a walk by one, also with parts.
	Runs, Vain, Most int
	Found            error
	Full             bool

	root   int      // nodes that are not this part's, but for the move from the last one
	wanted []wanted // of them
}

// wanted is that one of some tasks is to be chosen at a node.
type wanted struct {
	at    int
	first []uint64
}

// Stopped reports whether the walk has ended before all was seen.
func (e *Explorer) Stopped() bool { return e.Diverged || e.Found != nil || e.Full }

// Made counts a run that was made since Next, which has returned true. If found is not nil
// the walk ends with it.
func (e *Explorer) Made(found error) {
	e.Runs++
	if e.Redundant {
		e.Vain++
	}
	e.Found = found
}

// giveAway gives parts away as long as somebody takes them. The next one is its own. Those
// that come first after that go first: they are small, but if the walk is to end before all
// was seen, what is made of the others is of no use.
func (e *Explorer) giveAway() {
	if e.Idle == nil {
		return
	}
	own := true
	for i := len(e.path) - 1; i >= e.root; i-- {
		n := e.path[i]
		switch {
		case len(n.todo) == 0:
		case own:
			own = false
		case n.part != nil:
		case !e.Idle():
			return
		default:
			n.part = e.part(i)
			e.Give(n.part)
		}
	}
}

// part is what begins with the next choice at a node of the path.
func (e *Explorer) part(i int) *Explorer {
	at := *e.path[i]
	at.asleep = append(slices.Clone(at.asleep), explored{at.chosen, at.step})
	at.chosen, at.draws, at.todo = at.todo[0].key, at.todo[0].draws, nil
	p := &Explorer{Reduce: e.Reduce, Delays: e.Delays, Steps: e.Steps, new: i}
	p.path = append(e.path[:i:i], &at) // a copy
	p.parts = parts{Idle: e.Idle, Give: e.Give, Join: e.Join, Most: e.Most, root: i + 1}
	return p
}

// takeBack takes over what the part at the last node has made, which begins with the choice
// that was made there.
func (e *Explorer) takeBack(n *node) {
	p := n.part
	n.part = nil
	e.Join(p)
	if e.Most > 0 && e.Runs+p.Runs > e.Most {
		e.Runs, e.Full = e.Most, true
		return
	}
	e.Runs, e.Vain, e.Left, e.Cut = e.Runs+p.Runs, e.Vain+p.Vain, e.Left+p.Left, e.Cut+p.Cut
	e.Found, e.Diverged = p.Found, p.Diverged
	last := p.path[p.root-1]
	n.todo, n.step = append(last.todo, n.todo...), last.step
	for _, w := range p.wanted {
		e.want(w.at, w.first)
	}
}

// want has one of the tasks be chosen at a node, or notes it for who has that node. To want
// the same again changes nothing.
func (e *Explorer) want(at int, first []uint64) {
	if at >= e.root {
		e.path[at].want(first)
		return
	}
	same := func(w wanted) bool { return w.at == at && slices.Equal(w.first, first) }
	if !slices.ContainsFunc(e.wanted, same) {
		e.wanted = append(e.wanted, wanted{at, first})
	}
}
