package inspect

import "slices"

// A Deadlock is a circle of tasks each of which waits for the next one, and the last for the
// first.
type Deadlock struct {
	Circle []Link `json:"circle"`
	// Behind are the tasks that are not in the circle and wait for one that is, or for
	// another one behind.
	Behind []Ref `json:"behind,omitempty"`
}

// A Link is one task of a circle.
type Link struct {
	Ref
	Name  string `json:"name"`
	What  string `json:"what"`            // what it waits for, "" if for the end of the next task
	Place string `json:"place,omitempty"` // where the next one got that, "" if unknown
}

// A node is a task in the graph of waits.
type node struct {
	Ref
	*Task
	alive   bool
	waiting []*wait // those who want something of it, more than once if it counts so
	next    *node   // of those that will not, one that it waits for
	link    Link    // what it waits for next for
	state   walked
	circle  int // its deadlock, when it was walked
}

// A wait is what one or more tasks wait for.
type wait struct {
	*Want
	by     []*node
	owners int // that have to come alive before they do
}

type walked uint8

const (
	unseen walked = iota
	onTheWay
	done
)

// deadlocks finds the tasks that wait for each other, and will until one of them is
// canceled. All that wait did so at one instant, see kernel.LookAt.
func deadlocks(runs []Run) []Deadlock {
	var nodes []*node
	at := make(map[Ref]*node)
	for _, r := range runs {
		for i := range r.Tasks {
			n := &node{Ref: Ref{r.ID, r.Tasks[i].ID}, Task: &r.Tasks[i]}
			nodes, at[n.Ref] = append(nodes, n), n
		}
	}
	revive(nodes, at)
	return circles(nodes, at)
}

// revive finds out who will go on: those of whom it is not known that they will not, and
// those for whom it is enough that others do. Tasks that want the same are looked at as
// one: thousands may wait for one of thousands.
func revive(nodes []*node, at map[Ref]*node) {
	var found []*node
	wake := func(n *node) {
		if !n.alive {
			n.alive = true
			found = append(found, n)
		}
	}
	goesOn := func(w *wait) { // one of its owners, or somebody who is no task
		if w.owners--; w.Any || w.owners == 0 {
			for _, n := range w.by {
				wake(n)
			}
			w.by = nil
		}
	}
	waits := make(map[*Want]*wait)
	var all []*wait
	for _, n := range nodes {
		if n.Wants == nil || n.Deadline != nil {
			wake(n)
			continue
		}
		w := waits[n.Wants]
		if w == nil {
			w = &wait{Want: n.Wants, owners: len(n.Wants.Owners)}
			waits[n.Wants], all = w, append(all, w)
		}
		w.by = append(w.by, n)
	}
	for _, w := range all {
		for _, o := range w.Owners {
			if of := at[o.Ref]; of != nil {
				of.waiting = append(of.waiting, w)
			} else {
				goesOn(w)
			}
		}
	}
	for len(found) > 0 {
		n := found[len(found)-1]
		found = found[:len(found)-1]
		for _, w := range n.waiting {
			goesOn(w)
		}
	}
}

// circles walks from each task that will not go on to one that it waits for. All such ways
// end in circles.
func circles(nodes []*node, at map[Ref]*node) []Deadlock {
	all := []Deadlock{}
	firsts := make(map[*Want]int) // the first owner that will not go on
	for _, n := range nodes {
		if n.alive {
			continue
		}
		first, ok := firsts[n.Wants]
		if !ok {
			first = slices.IndexFunc(n.Wants.Owners, func(o Owner) bool { of := at[o.Ref]; return of != nil && !of.alive })
			firsts[n.Wants] = first
		}
		o := n.Wants.Owners[first]
		n.next, n.link = at[o.Ref], Link{n.Ref, n.Name, n.Wants.What, o.Place}
	}
	for _, n := range nodes {
		if n.alive || n.state != unseen {
			continue
		}
		var way []*node
		for n.state == unseen {
			n.state = onTheWay
			way = append(way, n)
			n = n.next
		}
		if n.state == onTheWay { // a new circle
			all = append(all, Deadlock{})
			for c := n; c.state == onTheWay; c = c.next {
				c.state, c.circle = done, len(all)-1
				all[c.circle].Circle = append(all[c.circle].Circle, c.link)
			}
		}
		for i := len(way) - 1; i >= 0; i-- {
			if w := way[i]; w.state == onTheWay {
				w.state, w.circle = done, w.next.circle
				all[w.circle].Behind = append(all[w.circle].Behind, w.Ref)
			}
		}
	}
	return all
}
