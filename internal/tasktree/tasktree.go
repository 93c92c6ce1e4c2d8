// Package tasktree brings tasks into the order of a tree, and draws it.
package tasktree

import (
	"iter"
	"strings"
)

// Order sorts tasks by their parents: each is followed by its children, in the order in
// which they were. A task whose parent is not among them, or is 0, counts as one without.
// place is told how deep each one is.
func Order[T any](tasks []T, id, parent func(t *T) uint64, place func(t *T, depth int)) []T {
	present := make(map[uint64]bool, len(tasks))
	for i := range tasks {
		present[id(&tasks[i])] = true
	}
	children := make(map[uint64][]T)
	for i := range tasks {
		of := parent(&tasks[i])
		if !present[of] {
			of = 0
		}
		children[of] = append(children[of], tasks[i])
	}
	// Depth first, without recursion: tasks may be as deep as there are tasks.
	sorted := make([]T, 0, len(tasks))
	way := [][]T{children[0]}
	for len(way) > 0 {
		last := len(way) - 1
		if len(way[last]) == 0 {
			way = way[:last]
			continue
		}
		sorted = append(sorted, way[last][0])
		way[last] = way[last][1:]
		t := &sorted[len(sorted)-1]
		place(t, last)
		way = append(way, children[id(t)])
	}
	return sorted
}

// mostDrawn is how many levels of a tree are drawn.
const mostDrawn = 30

// Branches draws, for each of n tasks in the order of a tree, what is left of it.
func Branches(n int, depth func(i int) int) iter.Seq2[int, string] {
	// Whether a task is the last one of its parent is known from what comes after it.
	last, later := make([]bool, n), []bool(nil) // later has one for each level
	for i := n - 1; i >= 0; i-- {
		d := depth(i)
		for len(later) <= d {
			later = append(later, false)
		}
		last[i] = !later[d]
		later[d] = true
		later = later[:d+1]
	}
	return func(yield func(int, string) bool) {
		var ended []bool // for each level of the way to the task: that it is the last one
		for i := range n {
			d := depth(i)
			for len(ended) <= d {
				ended = append(ended, false)
			}
			ended = ended[:d+1]
			ended[d] = last[i]
			if !yield(i, branch(ended)) {
				return
			}
		}
	}
}

// branch draws what is left of one task.
func branch(ended []bool) string {
	var b strings.Builder
	from, depth := 1, len(ended)-1
	if depth > mostDrawn {
		from = depth - mostDrawn + 1
		b.WriteString("… ")
	}
	for level := from; level <= depth; level++ {
		switch {
		case level == depth && ended[level]:
			b.WriteString("└─ ")
		case level == depth:
			b.WriteString("├─ ")
		case ended[level]:
			b.WriteString("   ")
		default:
			b.WriteString("│  ")
		}
	}
	return b.String()
}
