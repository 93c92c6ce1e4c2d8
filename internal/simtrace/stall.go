package simtrace

import "strings"

// A Stander is where a task stands when the run cannot go on.
type Stander struct {
	ID     uint64
	Name   string
	Depth  int
	Op     string
	Places []string
	Holds  []Holding
}

// A Holding is a Hold, with the IDs of tasks.
type Holding struct {
	What, Place string
	Wanted      []uint64
}

// Stall tells that the run cannot go on. What its tasks do after that, which are told to
// end, is not recorded.
func (r *Recorder) Stall(kind, text string, tasks []Stander) {
	r.apart(func() {
		st := &Stalled{Kind: kind, Text: text}
		for _, t := range tasks {
			b := Blocked{Depth: t.Depth, Op: t.Op, Places: t.Places}
			b.Task = r.task(t.ID, func() (string, string) { return t.Name, "" })
			for _, h := range t.Holds {
				hold := Hold{What: h.What, Place: h.Place}
				for _, id := range h.Wanted {
					hold.Wanted = append(hold.Wanted, r.task(id, nil))
				}
				b.Holds = append(b.Holds, hold)
			}
			st.Tasks = append(st.Tasks, b)
		}
		st.Cycle = cycle(st.Tasks)
		r.rec.Stall = st
		r.finish()
	})
}

// joins is how the op of a task begins that waits for the tasks of its group.
const joins = "TaskGroup exit"

// An edge leads from a task to one that it waits for.
type edge struct {
	to int // place among the blocked
	Link
}

// cycle is a cycle of tasks that wait for each other, nil if none is known.
func cycle(tasks []Blocked) []Link {
	at := make(map[int32]int)
	for i, b := range tasks {
		at[b.Task] = i
	}
	edges := make([][]edge, len(tasks))
	var above []int // the tasks above one, by their depth
	for i, b := range tasks {
		if len(above) > b.Depth {
			above = above[:b.Depth]
		}
		if n := len(above); n > 0 && strings.HasPrefix(tasks[above[n-1]].Op, joins) {
			parent := above[n-1]
			edges[parent] = append(edges[parent], edge{i, Link{Task: tasks[parent].Task}})
		}
		above = append(above, i)
		for _, h := range b.Holds {
			for _, task := range h.Wanted {
				if w, ok := at[task]; ok {
					edges[w] = append(edges[w], edge{i, Link{task, h.What, h.Place}})
				}
			}
		}
	}
	// Depth first, without recursion: a cycle may be as long as there are tasks.
	const fresh, open, done = 0, 1, 2
	state, next := make([]int, len(tasks)), make([]int, len(tasks))
	for first := range tasks {
		if state[first] != fresh {
			continue
		}
		way := []int{first}
		state[first] = open
		for len(way) > 0 {
			i := way[len(way)-1]
			if next[i] == len(edges[i]) {
				state[i], way = done, way[:len(way)-1]
				continue
			}
			to := edges[i][next[i]].to
			switch next[i]++; state[to] {
			case fresh:
				state[to], way = open, append(way, to)
			case open:
				return links(way, to, edges, next)
			}
		}
	}
	return nil
}

// links are the edges of the way from a task on to its last one and back.
func links(way []int, from int, edges [][]edge, next []int) (all []Link) {
	found := false
	for _, i := range way {
		if found = found || i == from; found {
			all = append(all, edges[i][next[i]-1].Link)
		}
	}
	return all
}
