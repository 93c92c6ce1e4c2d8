package schedule_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/anyio-go/anyio/internal/schedule"
)

// A program is tasks that each make some steps, and may start others in them.
type program struct {
	steps  []int         // of each task; the first is there from the begin
	starts map[event]int // which task is started in a step
	blocks map[event]event
}

// An event is a step of a task, both counted from 0.
type event struct{ task, step int }

// run makes the program's choices with c, and returns the order of tasks as letters.
func (p *program) run(t testing.TB, ts *schedule.Tasks, c schedule.Chooser) string {
	t.Helper()
	var order strings.Builder
	var ready []*schedule.Task
	made := make([]int, len(p.steps))
	ids := map[uint64]int{} // ID to task
	begun := 0
	start := func(task int) {
		begun++
		info := ts.Get(uint64(begun))
		ids[info.ID] = task
		ready = append(ready, info)
		c.Ready(info)
	}
	start(0)
	var waiting []*schedule.Task
	blocked := func(task int) bool {
		on, ok := p.blocks[event{task, made[task]}]
		return ok && made[on.task] <= on.step
	}
	for len(ready) > 0 {
		i := c.Choose(ready)
		info := ready[i]
		task := ids[info.ID]
		ts.Step(info)
		last := len(ready) - 1
		ready[i] = ready[last]
		ready = ready[:last]
		order.WriteByte(byte('a' + task))
		at := event{task, made[task]}
		made[task]++
		if child, ok := p.starts[at]; ok {
			start(child)
		}
		switch {
		case made[task] == p.steps[task]:
		case blocked(task):
			waiting = append(waiting, info)
		default:
			ready = append(ready, info)
			c.Ready(info)
		}
		waiting = slices.DeleteFunc(waiting, func(w *schedule.Task) bool {
			if blocked(ids[w.ID]) {
				return false
			}
			ready = append(ready, w)
			c.Ready(w)
			return true
		})
	}
	if len(waiting) > 0 {
		t.Fatalf("%d tasks wait after %s", len(waiting), &order)
	}
	return order.String()
}

// orders runs the program with seeds from 1 to n, and counts the orders.
func (p *program) orders(t testing.TB, s schedule.Strategy, known *schedule.Profile, n int) map[string]int {
	t.Helper()
	counts := map[string]int{}
	for seed := range uint64(n) {
		counts[p.run(t, &schedule.Tasks{}, s.Begin(seed+1, known))]++
	}
	return counts
}

// profile is that of a run.
func (p *program) profile(t testing.TB) *schedule.Profile {
	t.Helper()
	var ts schedule.Tasks
	p.run(t, &ts, schedule.Record(schedule.Random{}.Begin(1, nil), &ts))
	return schedule.NewProfile(&ts)
}

// two is a program of two tasks that are independent of each other, with so many steps.
// Before them a third one starts both.
func two(a, b int) *program {
	return &program{steps: []int{2, a, b}, starts: map[event]int{{0, 0}: 1, {0, 1}: 2},
		blocks: map[event]event{}}
}
