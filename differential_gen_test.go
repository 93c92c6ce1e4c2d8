package anyio_test

import "math/rand/v2"

type progKind int

const (
	progReturn    progKind = iota // ends at once
	progWait                      // waits forever, and returns the cancellation
	progCleanup                   // waits forever, then cleans up in a shield
	progIgnore                    // waits forever, and ends without an error
	progReplace                   // waits forever, and ends with an error of its own
	progFail                      // strikes: fails
	progPanic                     // strikes: panics
	progCancel                    // strikes: cancels its group
	progTimeout                   // FailAfter(0) or (an hour) around the children
	progMoveOn                    // MoveOnAfter(0) or (an hour) around the children
	progShield                    // a shield around the children
	progScope                     // a scope around the children
	progSelfScope                 // a scope canceled before the children run
	progGroup                     // a group of the children
	progStart                     // children begun with Start
	progSeq                       // the children, one after the other
)

// A prog is a node of a random program.
type prog struct {
	id       int
	kind     progKind
	past     bool // the deadline has passed
	children []*prog
}

type progGen struct {
	r  *rand.Rand
	id int
}

func (g *progGen) node(kind progKind, children ...*prog) *prog {
	g.id++
	return &prog{id: g.id, kind: kind, past: g.r.IntN(3) == 0, children: children}
}

// finite makes a program that ends by itself.
func (g *progGen) finite(depth int) *prog {
	if depth == 0 {
		return g.node(progReturn)
	}
	switch g.r.IntN(9) {
	case 0:
		return g.node(progReturn)
	case 1:
		p := g.node(progTimeout, g.any(depth-1))
		p.past = true
		return p
	case 2:
		p := g.node(progMoveOn, g.any(depth-1))
		p.past = true
		return p
	case 3:
		return g.node([]progKind{progTimeout, progMoveOn, progShield, progScope}[g.r.IntN(4)], g.finite(depth-1))
	case 4:
		return g.node(progSelfScope, g.any(depth-1))
	case 5:
		return g.node(progSeq, g.finite(depth-1), g.finite(depth-1))
	case 6:
		return g.node(progStart, g.finite(depth-1), g.finite(depth-1))
	}
	// A group in which somebody strikes, or all end by themselves.
	group := g.node(progGroup)
	strike := g.r.IntN(3) > 0
	for range 1 + g.r.IntN(3) {
		if strike {
			group.children = append(group.children, g.endless(depth-1))
		} else {
			group.children = append(group.children, g.finite(depth-1))
		}
	}
	if strike {
		group.children = append(group.children, g.node([]progKind{progFail, progFail, progPanic, progCancel, progCancel}[g.r.IntN(5)]))
	}
	return group
}

// endless makes a program that waits until it is canceled.
func (g *progGen) endless(depth int) *prog {
	if depth == 0 || g.r.IntN(3) == 0 {
		return g.node([]progKind{progWait, progWait, progCleanup, progIgnore, progReplace}[g.r.IntN(5)])
	}
	if g.r.IntN(2) == 0 {
		p := g.node([]progKind{progTimeout, progMoveOn, progScope}[g.r.IntN(3)], g.endless(depth-1))
		p.past = false
		return p
	}
	group := g.node(progGroup)
	for range 1 + g.r.IntN(2) {
		group.children = append(group.children, g.endless(depth-1))
	}
	return group
}

func (g *progGen) any(depth int) *prog {
	if g.r.IntN(2) == 0 {
		return g.finite(depth)
	}
	return g.endless(depth)
}
