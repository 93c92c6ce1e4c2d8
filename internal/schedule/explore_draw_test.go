package schedule_test

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/anyio-go/anyio/internal/schedule"
	"github.com/anyio-go/anyio/internal/testkit"
)

// all runs the machine with all choices.
func (m *machine) all() (traces []string) {
	for c := new(testkit.Counting); c.Next(); {
		var ts schedule.Tasks
		traces = append(traces, m.run(&ts, c))
	}
	return traces
}

// selecting has some of the machine's operations select among objects.
func (m *machine) selecting(r *rand.Rand) *machine {
	m.has = [10]int{0, r.IntN(2), r.IntN(2), r.IntN(3)}
	for _, ops := range m.tasks {
		for i := range ops {
			if op := &ops[i]; r.IntN(3) == 0 {
				op.times = 1 + r.IntN(4)/3
				for _, object := range r.Perm(3)[:2+r.IntN(2)] {
					op.selects = append(op.selects, uint64(object+1))
				}
			} else if r.IntN(2) == 0 {
				op.how = schedule.Changes
			}
		}
	}
	return m
}

// All that can be drawn within steps is drawn, in all schedules, and with the reduction once
// for each kind of them.
func TestExplorerSeesEverythingThatIsDrawn(t *testing.T) {
	programs := 150
	if testing.Short() {
		programs = 30
	}
	r := rand.New(rand.NewPCG(5, 6))
	every, some, twice, vain, drawn := 0, 0, 0, 0, 0
	for range programs {
		m := randomMachine(r).selecting(r)
		want := m.all()
		kinds := slices.Compact(slices.Sorted(slices.Values(want)))
		all, _ := m.explore(t, &schedule.Explorer{Preemptions: -1, Delays: -1})
		reduced, redundant := m.explore(t, &schedule.Explorer{Preemptions: -1, Delays: -1, Reduce: true})
		slices.Sort(want)
		slices.Sort(all)
		slices.Sort(reduced)
		if !slices.Equal(all, want) {
			t.Fatalf("%v: %d schedules, counting there are %d", m.tasks, len(all), len(want))
		}
		if distinct := slices.Compact(slices.Clone(reduced)); !slices.Equal(distinct, kinds) {
			t.Fatalf("%v: %d schedules are of %d kinds, with reduction %d were seen", m.tasks, len(all), len(kinds), len(distinct))
		}
		every, some, vain = every+len(all), some+len(kinds), vain+redundant
		twice += len(reduced) - len(kinds)
		if len(all) > m.orders() {
			drawn++
		}
	}
	t.Logf("%d schedules of %d kinds, %d seen twice, %d runs in vain; in %d programs something was drawn", every, some, twice, vain, drawn)
	if drawn < programs/3 || twice*10 > some || vain*10 > some {
		t.Errorf("in %d programs something was drawn; of %d kinds %d were seen twice, and %d runs were in vain", drawn, some, twice, vain)
	}
}

// orders is how many orders there are of the machine's operations, in each of which the first
// of what can be taken is.
func (m *machine) orders() (n int) {
	for c := new(testkit.Counting); c.Next(); n++ {
		var ts schedule.Tasks
		m.run(&ts, usually{c})
	}
	return n
}

// usually draws within steps as usual.
type usually struct{ schedule.Chooser }

func (usually) Draw(int) int { return 0 }
