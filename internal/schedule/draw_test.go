package schedule_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/anyio-go/anyio/internal/schedule"
	"github.com/anyio-go/anyio/internal/testkit"
)

// drawnPlan makes a run with c and returns what it has done, and its plan.
func (m *machine) drawnPlan(ts *schedule.Tasks, c schedule.Chooser) (trace string, p *schedule.Plan) {
	rec := schedule.Record(c, ts)
	trace = m.run(ts, rec)
	p = &schedule.Plan{Switches: rec.Switches()}
	p.Draws, p.Drawn = rec.Draws()
	return trace, p
}

// Each run of an Explorer is made again from its word, with what was drawn in it, and has the
// same word.
func TestWordsTellWhatIsDrawn(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	drawn := 0
	for range 60 {
		m := randomMachine(r).selecting(r)
		e := &schedule.Explorer{Preemptions: -1, Delays: -1, Reduce: true}
		for e.Next() {
			var ts, again schedule.Tasks
			want, plan := m.drawnPlan(&ts, e.Begin(&ts))
			drawn += len(plan.Draws)
			p, err := schedule.Parse(plan.String())
			if err != nil {
				t.Fatal(err)
			}
			script := p.Script()
			actor := script.Begin(&again)
			got, twice := m.drawnPlan(&again, actor)
			missed, made := actor.Missed()
			if got != want || twice.String() != plan.String() || !made || !script.Drawn() {
				t.Fatalf("%v: %s became %s; missed %v", m.tasks, want, got, missed)
			}
		}
	}
	if drawn < 100 {
		t.Errorf("%d draws in all runs", drawn)
	}
}

// takes is a machine with a task that selects three times among three objects, each of which
// has enough.
func takes() *machine {
	takes := operation{selects: []uint64{1, 2, 3}, times: 2}
	return &machine{tasks: [][]operation{{takes, takes, takes}, {{object: 4}}}, has: [10]int{0, 9, 9, 9}}
}

// Of what is drawn only what a failure needs is left.
func TestShrinkLeavesDrawsThatAreNeeded(t *testing.T) {
	m := takes()
	for needs, want := range map[string]int{"0.0 1 1": 0, "0.1 3 1": 1, "0.2 1 2": 1, "0.0 2 3": 2} {
		fails := func(trace string) bool { return strings.Contains(trace, needs) }
		runs := 0
		for c := new(testkit.Counting); c.Next(); {
			var ts schedule.Tasks
			trace, plan := m.drawnPlan(&ts, c)
			if !fails(trace) {
				continue
			}
			if runs++; runs%97 != 1 {
				continue
			}
			least := schedule.Shrink(t.Context(), plan, &ts, 1000, func(p *schedule.Plan) (*schedule.Plan, *schedule.Tasks, bool) {
				var ts schedule.Tasks
				trace, as := m.drawnPlan(&ts, p.Script().Begin(&ts))
				return as, &ts, fails(trace)
			})
			if len(least.Draws) != want || len(least.Switches) != 0 {
				t.Fatalf("%s: %d draws %v are left of %v, want %d", needs, len(least.Draws), least.Draws, plan.Draws, want)
			}
		}
		if runs == 0 {
			t.Errorf("%s never happens", needs)
		}
	}
}

// second makes the usual choices but for the second one within a step.
type second struct{ n int }

func (*second) Ready(*schedule.Task) {}

func (*second) Choose(ready []*schedule.Task) (i int) {
	for k, t := range ready {
		if t.ID < ready[i].ID {
			i = k
		}
	}
	return i
}

func (s *second) Draw(n int) int {
	if s.n++; s.n == 2 {
		return n - 1
	}
	return 0
}

// Choices are counted anew in each step, and in each run.
func TestDrawsAreCountedInTheirSteps(t *testing.T) {
	m := takes()
	var rec schedule.Recorder
	for n, want := range map[int]schedule.Draw{0: {Step: 1, Nth: 1, Chosen: 2}, -1: {Step: 2, Chosen: 2}, -2: {Step: 2, Nth: 1, Chosen: 2}} {
		var ts schedule.Tasks
		c := &second{n: n}
		rec.Record(c, c, &ts)
		m.run(&ts, &rec)
		draws, drawn := rec.Draws()
		if len(draws) != 1 || !drawn {
			t.Fatalf("%d: the draws are %v, %t", n, draws, drawn)
		}
		want.In = draws[0].In
		if draws[0] != want {
			t.Errorf("%d: the draw is %v, want %v", n, draws[0], want)
		}
	}
	if rec.Record(&second{}, nil, new(schedule.Tasks)); len(rec.Switches()) > 0 {
		t.Error("switches of another run are told")
	}
	if draws, drawn := rec.Draws(); len(draws) > 0 || drawn {
		t.Errorf("nothing was drawn yet, and told are %v, %t", draws, drawn)
	}
}

// Who wakes a task that may have queued anywhere may touch anything.
func TestUnqueueOfAStepThatTouchesAll(t *testing.T) {
	var ts schedule.Tasks
	task := ts.Get(1)
	var f schedule.Footprint
	if f.Unqueue(task); f.All {
		t.Error("a task that has not run was in queues")
	}
	ts.Step(task)
	ts.Note(schedule.Footprint{All: true})
	if f.Unqueue(task); !f.All {
		t.Error("what was touched is forgotten")
	}
}

// What a script cannot draw is told.
func TestScriptTellsWhatItCannotDraw(t *testing.T) {
	m := takes()
	var ts schedule.Tasks
	_, plan := m.drawnPlan(&ts, &second{})
	if want := []schedule.Draw{{In: plan.Draws[0].In, Step: 1, Nth: 1, Chosen: 2}}; !slices.Equal(plan.Draws, want) {
		t.Fatalf("the draws are %v, want %v", plan.Draws, want)
	}
	missed := func(m *machine) string {
		var ts schedule.Tasks
		a := plan.Script().Begin(&ts)
		m.run(&ts, schedule.Record(a, &ts))
		miss, made := a.Missed()
		if made {
			return "nothing"
		}
		return fmt.Sprint(miss.After.ID, miss.Step, miss.Chosen)
	}
	if got := missed(m); got != "nothing" {
		t.Errorf("the same program misses %s", got)
	}
	m.has[3] = 0
	if got := missed(m); got != "2 1 2" {
		t.Errorf("of two in place of three, it misses %s", got)
	}
	m.has[2] = 0
	if got := missed(m); got != "2 1 2" {
		t.Errorf("where nothing is drawn, it misses %s", got)
	}
}

// A program that draws otherwise where it is given the same choices is noticed.
func TestExplorerNoticesOtherDraws(t *testing.T) {
	for name, change := range map[string]func(m *machine){
		"fewer draws": func(m *machine) { m.tasks[0][0].times = 1 },
		"more draws":  func(m *machine) { m.tasks[0][0].times = 3 },
		"out of less": func(m *machine) { m.has[3] = 0 },
	} {
		m := takes()
		e := &schedule.Explorer{Preemptions: -1, Delays: -1}
		n := 0
		for e.Next() {
			if n++; n == 2 {
				change(m)
			}
			var ts schedule.Tasks
			m.run(&ts, e.Begin(&ts))
		}
		if n != 2 || !e.Diverged {
			t.Errorf("%s: %d runs, diverged: %t", name, n, e.Diverged)
		}
	}
}

// After enough steps nothing is drawn but the first, which is told.
func TestExplorerDrawsInTheFirstStepsOnly(t *testing.T) {
	m := takes()
	m.tasks = m.tasks[:1]
	for steps, want := range map[int]int{1: 1, 2: 9, 3: 81, 4: 729, 0: 729} {
		e := &schedule.Explorer{Preemptions: -1, Delays: -1, Steps: steps}
		all, _ := m.explore(t, e)
		distinct := slices.Compact(slices.Sorted(slices.Values(all)))
		if len(all) != want || len(distinct) != want || (e.Cut > 0) != (want < 729) {
			t.Errorf("%d steps: %d runs, %d of them different, %d cut, want %d", steps, len(all), len(distinct), e.Cut, want)
		}
	}
}
