package schedule

import "slices"

// What a task does at a node depends on the choices within its step, too. So what is chosen
// at a node is a move: a task, and what is drawn first in its step. When it is made for the
// first time more may be drawn: then the first outcome is taken, and the others are further
// moves, which come next. So all moves of a task have been made when another task is chosen,
// and it sleeps where what is done does not conflict with any of them. To have each move
// sleep for itself would be wrong: one that conflicts with what follows would be made only
// in a part of the tree in which nobody looks for what is to be chosen here.

// A move is a task that is chosen, and choices within its step.
type move struct {
	key   uint64
	draws []draw
}

// A draw is a choice within a step, and out of how many it was.
type draw struct{ chosen, of int }

// Draw implements Drawer.
func (x *exploration) Draw(n int) int {
	at := len(x.events) - 1
	k := x.drawn
	x.drawn++
	switch {
	case at < len(x.e.path):
		return x.draw(at, k, n)
	case x.e.Steps > 0 && at >= x.e.Steps:
		x.cutOff()
	}
	return 0
}

// draw makes the k-th choice in the step of a node.
func (x *exploration) draw(at, k, of int) int {
	node := x.e.path[at]
	switch {
	case k < len(node.draws) && node.draws[k].of == of:
		return node.draws[k].chosen
	case k < len(node.draws) || at < x.e.new:
		x.over, x.e.Diverged = true, true
		return 0
	}
	var others []move
	for i := 1; i < of; i++ {
		others = append(others, move{node.chosen, append(slices.Clip(node.draws), draw{i, of})})
	}
	node.draws = append(slices.Clip(node.draws), draw{0, of})
	node.todo = slices.Insert(node.todo, 0, others...)
	return 0
}
