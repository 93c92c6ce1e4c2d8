package schedule

import "slices"

// races looks for pairs of steps of the run that conflict and might have been made in the
// other order, and notes at the choices before the first of them what else is to be chosen.
// Pairs that earlier runs had as well are left out.
func (x *exploration) races(e *Explorer) {
	clocks := make([][]int, len(x.events)) // of each event, how many of each task come before or are it
	tasks := make(map[uint64]int)          // numbers
	last := make(map[uint64]int)           // event of a task, counted from 1
	counts := make([]int, len(x.events))   // which of its task's events it is, from 1
	var past []int                         // what comes before all that follows
	seen := 0                              // events in past
	events := x.events
	if x.over {
		events = events[:len(e.path)]
	}
	for j := range events {
		ev := &events[j]
		if _, known := tasks[ev.task]; !known {
			tasks[ev.task] = len(tasks)
		}
		for ; seen < ev.after; seen++ {
			past = join(past, clocks[seen])
		}
		var clock []int
		clock = join(clock, past)
		if by := ev.by; by > 0 {
			clock = join(clock, clocks[by-1])
			for k := 0; ev.all != 0 && k < by; k++ {
				if events[k].step.adds(ev.all) {
					clock = join(clock, clocks[k])
				}
			}
		}
		me := tasks[ev.task]
		if prev := last[ev.task]; prev > 0 {
			clock = join(clock, clocks[prev-1])
			counts[j] = counts[prev-1]
		}
		last[ev.task] = j + 1
		counts[j]++
		for i := j - 1; i >= 0; i-- {
			other := &x.events[i]
			who := tasks[other.task]
			if who == me || before(clock, who, counts[i]) || !other.step.Conflicts(&ev.step) {
				continue
			}
			if j >= e.new && i < len(e.path) {
				clocks[j] = clock // complete as to what comes after i
				e.want(i, x.reverse(i, j, clocks, counts, tasks))
			}
			clock = join(clock, clocks[i])
		}
		clock = at(clock, me, counts[j])
		clocks[j] = clock
	}
}

// reverse returns the tasks of which one is to be chosen in place of that of the event i, so
// that j, which conflicts with it, comes first.
func (x *exploration) reverse(i, j int, clocks [][]int, counts []int, tasks map[uint64]int) (first []uint64) {
	comes := func(a, b int) bool { return before(clocks[b], tasks[x.events[a].task], counts[a]) }
	// What need not come after i, in its order, and then j: who may begin with that?
	var begun []int // events of it
	for k := i + 1; k <= j; k++ {
		if k < j && comes(i, k) {
			continue
		}
		if !slices.ContainsFunc(begun, func(b int) bool { return comes(b, k) }) {
			first = append(first, x.events[k].task)
		}
		begun = append(begun, k)
	}
	return first
}

// want has one of the tasks be chosen at the node, unless one already is.
func (n *node) want(first []uint64) {
	for _, key := range first {
		own := func(m move) bool { return m.key == key }
		if key == n.chosen || slices.ContainsFunc(n.todo, own) || n.sleeps(key) {
			return
		}
	}
	// All of them can go on at the node, since nothing they come after is behind it.
	for k := len(first) - 1; k >= 0; k-- {
		if slices.Contains(n.ready, first[k]) {
			n.todo = append(n.todo, move{key: first[k]})
			return
		}
	}
}

// before reports whether the n-th event of a task comes before what has the clock.
func before(clock []int, task, n int) bool { return task < len(clock) && clock[task] >= n }

// join returns the clock of what comes after both.
func join(a, b []int) []int {
	if len(a) < len(b) {
		a = append(a, make([]int, len(b)-len(a))...)
	}
	for i, n := range b {
		a[i] = max(a[i], n)
	}
	return a
}

// at returns the clock with the n-th event of a task.
func at(clock []int, task, n int) []int {
	if len(clock) <= task {
		clock = append(clock, make([]int, task+1-len(clock))...)
	}
	clock[task] = n
	return clock
}
