package tasktree

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

type task struct {
	id, parent uint64
	depth      int
}

func order(tasks []task) []task {
	return Order(tasks, func(t *task) uint64 { return t.id }, func(t *task) uint64 { return t.parent }, func(t *task, depth int) { t.depth = depth })
}

func draw(tasks []task) string {
	var b strings.Builder
	for i, left := range Branches(len(tasks), func(i int) int { return tasks[i].depth }) {
		fmt.Fprintf(&b, "%s%d\n", left, tasks[i].id)
	}
	return b.String()
}

func TestTreeIsDrawn(t *testing.T) {
	// 9 is no child of 7, which is over.
	tasks := order([]task{{id: 1}, {id: 2, parent: 1}, {id: 3, parent: 1}, {id: 9, parent: 7}, {id: 4, parent: 2}, {id: 5, parent: 3}, {id: 6, parent: 2}})
	const want = `1
├─ 2
│  ├─ 4
│  └─ 6
└─ 3
   └─ 5
9
`
	if got := draw(tasks); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

// Every task comes after its parent, with nothing between that is not below the parent, and
// in the order in which siblings were.
func TestRandomTreesAreInOrder(t *testing.T) {
	for seed := range uint64(500) {
		r := rand.New(rand.NewPCG(seed, 0))
		var tasks []task
		depths := map[uint64]int{}
		for id := uint64(1); id <= uint64(r.IntN(12)); id++ {
			parent := r.Uint64N(id)
			tasks = append(tasks, task{id: id, parent: parent})
			depths[id] = 0
			if parent != 0 {
				depths[id] = depths[parent] + 1
			}
		}
		sorted := order(slices.Clone(tasks))
		if len(sorted) != len(tasks) {
			t.Fatalf("%d of %d tasks", len(sorted), len(tasks))
		}
		var way []uint64
		last := map[uint64]uint64{} // by parent: the child before
		for _, at := range sorted {
			if at.depth != depths[at.id] || at.depth > len(way) || at.depth > 0 && way[at.depth-1] != at.parent || last[at.parent] > at.id {
				t.Fatalf("%+v in %+v", at, sorted)
			}
			last[at.parent] = at.id
			way = append(way[:at.depth], at.id)
		}
	}
}

// A tree may be as deep as there are tasks; it is drawn to a bound.
func TestDeepTree(t *testing.T) {
	var tasks []task
	for id := uint64(1); id <= 50_000; id++ {
		tasks = append(tasks, task{id: id, parent: id - 1})
	}
	tasks = order(tasks)
	if got := tasks[len(tasks)-1]; got.id != 50_000 || got.depth != 49_999 {
		t.Errorf("the last is %+v", got)
	}
	if lines := strings.Split(draw(tasks), "\n"); lines[40] != "… "+strings.Repeat("   ", mostDrawn-1)+"└─ 41" {
		t.Errorf("got %q", lines[40])
	}
}
