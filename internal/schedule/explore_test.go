package schedule_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/anyio-go/anyio/internal/schedule"
)

// A machine runs small programs: tasks that touch objects, each step once, wait for others
// and start them.
type machine struct {
	tasks [][]operation
	has   [10]int // what is in an object at the begin
}

type operation struct {
	object  uint64 // 0: it may be any
	how     schedule.Access
	selects []uint64 // in place of object: it takes from one of these where there is something
	times   int      // so often
	starts  int      // a task that can go on from then on; 0 for none
}

// explore makes all schedules of the program and returns what each has done.
func (m *machine) explore(t *testing.T, e *schedule.Explorer) (traces []string, redundant int) {
	for e.Next() {
		var ts schedule.Tasks
		trace := m.run(&ts, e.Begin(&ts))
		if e.Diverged {
			t.Fatal("the program has not done the same again")
		}
		if e.Redundant {
			redundant++
		} else {
			traces = append(traces, trace)
		}
		if len(traces)+redundant > 200_000 {
			t.Fatal("no end")
		}
	}
	return traces, redundant
}

// run makes one run and returns what tells it from those that are not equivalent: of all
// pairs of operations that conflict which one came first.
func (m *machine) run(ts *schedule.Tasks, c schedule.Chooser) string {
	w, _ := c.(schedule.Watcher)
	stepped := func(f schedule.Footprint) {
		ts.Note(f)
		if w != nil {
			w.Stepped(f)
		}
	}
	started := map[int]bool{}
	for _, ops := range m.tasks {
		for _, op := range ops {
			started[op.starts] = op.starts > 0
		}
	}
	var ready []*schedule.Task
	at := make([]int, len(m.tasks))
	add := func(i int) {
		t := ts.Get(uint64(i + 2))
		ready = append(ready, t)
		c.Ready(t)
	}
	add(-1) // who starts the others
	ts.Step(ready[c.Choose(ready)])
	ready = nil
	for i := range m.tasks {
		if !started[i] {
			add(i)
		}
	}
	stepped(schedule.Footprint{})
	type done struct {
		name    string
		touches []touch
	}
	var all []done
	has := m.has
	for len(ready) > 0 {
		k := c.Choose(ready)
		task := ready[k]
		ts.Step(task)
		ready = slices.Delete(ready, k, k+1)
		i := int(task.ID - 2)
		op := m.tasks[i][at[i]]
		touches, took := op.do(&has, c)
		all = append(all, done{fmt.Sprintf("%d.%d%s", i, at[i], took), touches})
		at[i]++
		if op.starts > 0 {
			add(op.starts)
		}
		if at[i] < len(m.tasks[i]) {
			add(i)
		}
		var f schedule.Footprint
		for _, t := range touches {
			if t.object == 0 {
				f.All = true
			} else {
				f.Add(t.object, t.how)
			}
		}
		stepped(f)
	}
	var order []string
	for i, a := range all {
		order = append(order, a.name)
		for _, b := range all[i+1:] {
			if conflict(a.touches, b.touches) {
				order = append(order, a.name+"<"+b.name)
			}
		}
	}
	slices.Sort(order)
	return strings.Join(order, " ")
}

type touch struct {
	object uint64
	how    schedule.Access
}

// do does the operation, and returns what that touches, and what it took from where.
func (op operation) do(has *[10]int, c schedule.Chooser) (touches []touch, took string) {
	if op.selects == nil {
		if op.how == schedule.Changes {
			has[op.object]++
		}
		return []touch{{op.object, op.how}}, ""
	}
	for range op.times {
		var ready []uint64
		for _, object := range op.selects {
			touches = append(touches, touch{object, schedule.Looks})
			if has[object] > 0 {
				ready = append(ready, object)
			}
		}
		k := 0
		switch len(ready) {
		case 0:
			took += " nothing"
			continue
		case 1:
		default:
			k = c.(schedule.Drawer).Draw(len(ready))
		}
		has[ready[k]]--
		touches = append(touches, touch{ready[k], schedule.Changes})
		took += fmt.Sprint(" ", ready[k])
	}
	return touches, took
}

func conflict(a, b []touch) bool {
	for _, x := range a {
		for _, y := range b {
			if x.object == 0 || y.object == 0 || x.object == y.object && (x.how != y.how || x.how == schedule.Changes) {
				return true
			}
		}
	}
	return false
}

// randomMachine draws a program of two to four tasks.
func randomMachine(r *rand.Rand) *machine {
	m := &machine{}
	objects := 1 + r.IntN(3)
	tasks := 2 + r.IntN(3)
	for i := range tasks {
		var ops []operation
		for range 1 + r.IntN(4-tasks/2) {
			op := operation{object: uint64(1 + r.IntN(objects)), how: schedule.Access(r.IntN(3))}
			if r.IntN(20) == 0 {
				op.object = 0
			}
			ops = append(ops, op)
		}
		if i > 0 && r.IntN(3) == 0 {
			from := r.IntN(i)
			m.tasks[from][r.IntN(len(m.tasks[from]))].starts = i
		}
		m.tasks = append(m.tasks, ops)
	}
	return m
}

// All schedules are made, and with the reduction one of each kind.
func TestExplorerSeesEverything(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 300 {
		m := randomMachine(r)
		schedules, total := 1, 0
		for _, ops := range m.tasks {
			for k := range ops {
				total++
				schedules = schedules * total / (k + 1)
			}
		}
		all, _ := m.explore(t, &schedule.Explorer{Preemptions: -1, Delays: -1})
		some, redundant := m.explore(t, &schedule.Explorer{Preemptions: -1, Delays: -1, Reduce: true})
		kinds := slices.Compact(slices.Sorted(slices.Values(all)))
		got := slices.Compact(slices.Sorted(slices.Values(some)))
		if !slices.Equal(kinds, got) {
			t.Fatalf("%v: %d schedules are of %d kinds, with reduction %d were seen", m.tasks, len(all), len(kinds), len(got))
		}
		if len(some) != len(kinds) {
			t.Errorf("%v: %d kinds of schedules, with reduction there were %d", m.tasks, len(kinds), len(some))
		}
		if redundant > len(some) {
			t.Errorf("%v: %d schedules of %d kinds, and %d runs in vain", m.tasks, len(all), len(kinds), redundant)
		}
		if m.independent() && len(all) != schedules {
			t.Errorf("%v: %d schedules, want %d", m.tasks, len(all), schedules)
		}
	}
}

// independent reports whether no task starts another one.
func (m *machine) independent() bool {
	for _, ops := range m.tasks {
		for _, op := range ops {
			if op.starts > 0 {
				return false
			}
		}
	}
	return true
}

func TestExplorerBoundsPreemptions(t *testing.T) {
	step := operation{object: 1, how: schedule.Changes}
	m := machine{tasks: [][]operation{{step, step, step}, {step, step, step}}}
	// Two tasks of three steps: without a preemption one runs after the other.
	for bound, want := range map[int]int{0: 2, 1: 6, 2: 14, 5: 20, -1: 20} {
		e := &schedule.Explorer{Preemptions: bound, Delays: -1}
		all, _ := m.explore(t, e)
		distinct := slices.Compact(slices.Sorted(slices.Values(all)))
		if len(all) != want || len(distinct) != want {
			t.Errorf("at most %d preemptions: %d schedules, %d of them different, want %d", bound, len(all), len(distinct), want)
		}
		if (e.Left > 0) != (want < 20) {
			t.Errorf("at most %d preemptions: %d choices were left out", bound, e.Left)
		}
	}
}

// With d delays there are as many schedules as ways to put off the usual choice.
func TestExplorerBoundsDelays(t *testing.T) {
	step := operation{object: 1, how: schedule.Changes}
	m := machine{tasks: [][]operation{{step}, {step}, {step}}}
	// Of three tasks with a step each, that of the i-th place costs i, then of two.
	for bound, want := range map[int]int{0: 1, 1: 3, 2: 5, 3: 6, 9: 6, -1: 6} {
		e := &schedule.Explorer{Preemptions: -1, Delays: bound}
		all, _ := m.explore(t, e)
		distinct := slices.Compact(slices.Sorted(slices.Values(all)))
		if len(all) != want || len(distinct) != want || (e.Left > 0) != (want < 6) {
			t.Errorf("at most %d delays: %d schedules, %d of them different, %d choices left out, want %d", bound, len(all), len(distinct), e.Left, want)
		}
	}
}

// All that can happen in so many steps is tried, and whether that was not all is told.
func TestExplorerBoundsSteps(t *testing.T) {
	step := operation{object: 1, how: schedule.Changes}
	m := machine{tasks: [][]operation{{step, step, step}, {step, step, step}}}
	// The first step starts the tasks. Of the next n each may be of either, up to three each.
	for bound, want := range map[int]int{1: 1, 2: 2, 3: 4, 4: 8, 5: 14, 6: 20, 7: 20, 0: 20} {
		e := &schedule.Explorer{Preemptions: -1, Delays: -1, Steps: bound}
		all, _ := m.explore(t, e)
		distinct := slices.Compact(slices.Sorted(slices.Values(all)))
		if len(all) != want || len(distinct) != want || (e.Cut > 0) != (want < 20) {
			t.Errorf("%d steps: %d schedules, %d of them different, %d cut, want %d", bound, len(all), len(distinct), e.Cut, want)
		}
	}
}
