package inspect

import (
	"iter"
	"strings"
)

// mostDrawn is how many levels of a tree are drawn: tasks may be as deep as there are tasks.
const mostDrawn = 30

// branches draws the tree left of each task. Tasks are in tree order.
func branches(tasks []Task) iter.Seq[string] {
	// Whether a task is the last one of its parent is known from what comes after it.
	last, later := make([]bool, len(tasks)), []bool(nil) // later has one for each level
	for n := len(tasks) - 1; n >= 0; n-- {
		depth := tasks[n].Depth
		for len(later) <= depth {
			later = append(later, false)
		}
		last[n] = !later[depth]
		later[depth] = true
		later = later[:depth+1]
	}
	return func(yield func(string) bool) {
		var ended []bool // for each level of the way to the task: that it is the last one
		for n := range tasks {
			depth := tasks[n].Depth
			for len(ended) <= depth {
				ended = append(ended, false)
			}
			ended = ended[:depth+1]
			ended[depth] = last[n]
			if !yield(branch(ended)) {
				return
			}
		}
	}
}

// branch draws what is left of a task.
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
