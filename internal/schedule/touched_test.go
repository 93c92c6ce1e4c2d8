package schedule_test

import (
	"math"
	"strings"
	"testing"

	"github.com/anyio-go/anyio/internal/schedule"
)

// private has a task touch an object of its own, so many times.
func private(object uint64, n int) []operation {
	ops := make([]operation, n)
	for i := range ops {
		ops[i] = operation{object: object, how: schedule.Changes}
	}
	return ops
}

// sample makes runs of the program with a strategy, which knows it from a run before, and
// counts how it went: of steps that conflict, which came first.
func (m *machine) sample(t *testing.T, s schedule.Strategy, n int) map[string]int {
	t.Helper()
	var first schedule.Tasks
	c := s.Begin(1, nil)
	if _, watches := c.(schedule.Watcher); !watches {
		t.Fatalf("%v does not have a run watched of which nothing is known", s)
	}
	m.run(&first, c)
	known := schedule.NewProfile(&first)
	counts := map[string]int{}
	for seed := range uint64(n) {
		var ts schedule.Tasks
		c := s.Begin(seed, known)
		if _, watches := c.(schedule.Watcher); watches {
			t.Fatalf("%v has a run watched though it knows", s)
		}
		counts[m.run(&ts, c)]++
	}
	return counts
}

// probably checks that something happens with a probability.
func probably(t *testing.T, what string, counts map[string]int, in func(order string) bool, want float64) {
	t.Helper()
	total, n := 0, 0
	for order, k := range counts {
		total += k
		if in(order) {
			n += k
		}
	}
	got := float64(n) / float64(total)
	if sure := 5 * math.Sqrt(want*(1-want)/float64(total)); math.Abs(got-want) > sure {
		t.Errorf("%s has a probability of %.4f, want %.4f ± %.4f", what, got, want, sure)
	}
}

// One task makes n steps by itself and then one that the other one's only step conflicts
// with. That all of them come first is, by priorities, one case of n+2: the other's must be
// the lowest. A random walk has it in one of 2^(n+1) runs.
func TestPOSComparesPriorities(t *testing.T) {
	for _, n := range []int{1, 5, 20} {
		m := &machine{tasks: [][]operation{append(private(1, n), operation{object: 2, how: schedule.Changes}), {{object: 2, how: schedule.Changes}}}}
		late := func(order string) bool { return strings.Contains(order, "<1.0") }
		probably(t, "the late step", m.sample(t, schedule.POS{}, 8_000), late, 1/float64(n+2))
	}
}

// Steps that conflict draw again when one of them is made, and so have the same probability
// at each turn: of a task with two of them and one with one, a third each would be by
// priorities that stay.
func TestPOSDrawsAgainAfterAConflict(t *testing.T) {
	x := operation{object: 1, how: schedule.Changes}
	m := &machine{tasks: [][]operation{{x, x}, {x}}}
	counts := m.sample(t, schedule.POS{}, 8_000)
	probably(t, "the single step first", counts, func(o string) bool { return strings.Contains(o, "1.0<0.0") }, 1.0/2)
	probably(t, "the single step last", counts, func(o string) bool { return strings.Contains(o, "0.1<1.0") }, 1.0/4)
}

// Steps that do not conflict keep their priorities.
func TestPOSKeepsPriorities(t *testing.T) {
	m := &machine{tasks: [][]operation{private(1, 2), {{object: 2, how: schedule.Changes}}}}
	runs, first := 8_000, 0
	var ts schedule.Tasks
	m.run(&ts, schedule.POS{}.Begin(1, nil))
	known := schedule.NewProfile(&ts)
	for seed := range uint64(runs) {
		var ts schedule.Tasks
		r := schedule.Record(schedule.POS{}.Begin(seed, known), &ts)
		m.run(&ts, r)
		if last := ts.Last(); last.ID == 3 { // the single step is the last one
			first++
		}
	}
	probably(t, "the single step last", map[string]int{"yes": first, "no": runs - first}, func(o string) bool { return o == "yes" }, 1.0/3)
}

// Whatever else tasks do, each order of the steps that touch the object has the same
// probability.
func TestSURWIsUniformOverOrdersOfAnObject(t *testing.T) {
	x := operation{object: 9, how: schedule.Changes}
	with := func(before, n int, of uint64) []operation {
		var ops []operation
		for range n {
			ops = append(append(ops, private(of, before)...), x)
		}
		return ops
	}
	m := &machine{tasks: [][]operation{with(7, 3, 1), with(0, 2, 2)}}
	counts := m.sample(t, schedule.SURW{}, 8_000)
	evenly(t, counts, 10) // 5 over 2
	m = &machine{tasks: [][]operation{with(0, 2, 1), with(9, 1, 2), with(2, 1, 3)}}
	evenly(t, m.sample(t, schedule.SURW{}, 9_600), 12)
}

// Tasks that are started later count from the begin.
func TestSURWCountsWhatIsStartedLater(t *testing.T) {
	x := operation{object: 9, how: schedule.Changes}
	m := &machine{tasks: [][]operation{{x}, {{object: 1, starts: 2}}, {x, x}}}
	evenly(t, m.sample(t, schedule.SURW{}, 8_000), 3)
}

// It draws one of the objects that several tasks touch, and that are changed.
func TestSURWDrawsAnObject(t *testing.T) {
	a, b := operation{object: 1, how: schedule.Changes}, operation{object: 2, how: schedule.Changes}
	look := operation{object: 3, how: schedule.Looks}
	m := &machine{tasks: [][]operation{append(private(4, 30), look, a, b), {look, a}, {b}}}
	counts := m.sample(t, schedule.SURW{}, 8_000)
	// The first task's is before the second's in half of the runs in which that was drawn.
	early := 0
	total := 0
	for order, n := range counts {
		total += n
		if strings.Contains(order, "0.31<1.1") {
			early += n
		}
	}
	if share := float64(early) / float64(total); share < 0.22 || share > 0.35 {
		t.Errorf("31 steps are before another one in %.2f of the runs, want a quarter or a little more", share)
	}
}
