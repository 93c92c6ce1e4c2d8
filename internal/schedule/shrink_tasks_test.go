package schedule_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/anyio-go/anyio/internal/schedule"
)

// Tasks that are not needed for a failure are put off until it is there, and there are no more
// switches for that.
func TestShrinkPutsTasksOff(t *testing.T) {
	p := &program{steps: []int{5, 2, 2, 2, 2, 2}, starts: map[event]int{}, blocks: map[event]event{}}
	for i := range 5 {
		p.starts[event{0, i}] = i + 1
	}
	// The fourth must have ended before the sixth begins: of the others nothing is needed.
	fails := func(order string) bool { return strings.Index(order, "f") > strings.LastIndex(order, "d") }
	for seed := range uint64(100) {
		var ts schedule.Tasks
		rec := schedule.Record(schedule.Random{}.Begin(seed, nil), &ts)
		if !fails(p.run(t, &ts, rec)) {
			continue
		}
		run := func(p2 *schedule.Plan) (as *schedule.Plan, ts *schedule.Tasks, order string) {
			ts = &schedule.Tasks{}
			rec := schedule.Record(p2.Script().Begin(ts), ts)
			order = p.run(t, ts, &teller{Chooser: rec, ts: ts})
			c := *p2
			c.Switches, c.Ran = rec.Switches(), ts.Ran()
			return &c, ts, order
		}
		plan := &schedule.Plan{Switches: rec.Switches(), Ran: 6}
		least := schedule.Shrink(t.Context(), plan, &ts, 3000, func(p2 *schedule.Plan) (*schedule.Plan, *schedule.Tasks, bool) {
			as, ts, order := run(p2)
			return as, ts, fails(order)
		})
		if len(least.Switches) != 0 || least.Ran != 2 {
			t.Fatalf("seed %d: %d switches and %d tasks are left, want none and 2: %+v", seed, len(least.Switches), least.Ran, least)
		}
		// The word has it all.
		parsed, err := schedule.Parse(least.String())
		if err != nil || !slices.Equal(parsed.Late, least.Late) {
			t.Fatalf("%v, late: %v, want %v", err, parsed, least.Late)
		}
		if _, ts, order := run(parsed); ts.Ran() != 2 || !strings.HasPrefix(strings.TrimLeft(order, "a"), "dd") {
			t.Fatalf("the order is %s", order)
		}
	}
}

// When it is canceled there is not another run, whatever is being tried.
func TestShrinkOfTasksEnds(t *testing.T) {
	var ts schedule.Tasks
	for id := uint64(1); id <= 100; id++ {
		ts.Step(ts.Get(id))
	}
	ctx, cancel := context.WithCancel(t.Context())
	n := 0
	schedule.Shrink(ctx, &schedule.Plan{Ran: 100}, &ts, 1000, func(p *schedule.Plan) (*schedule.Plan, *schedule.Tasks, bool) {
		if len(p.Late) == 0 {
			t.Errorf("%+v is no plan with tasks that are put off", p)
		}
		if n++; n == 3 {
			cancel()
		}
		return nil, nil, false
	})
	if n != 3 {
		t.Errorf("%d runs were made, and it was canceled in the third", n)
	}
}

// A teller tells that a run fails when its fourth task has made two steps.
type teller struct {
	schedule.Chooser
	ts *schedule.Tasks
}

func (c *teller) Choose(ready []*schedule.Task) int {
	if last := c.ts.Last(); last != nil && last.ID == 4 && last.Steps == 2 {
		c.ts.Fail(nil)
	}
	return c.Chooser.Choose(ready)
}

// A plan that puts tasks off and has faults, too, is a word.
func TestLateTasksAreInTheWord(t *testing.T) {
	for _, faults := range [][]schedule.Fault{nil, {{Kind: schedule.Kill, At: 7, Hosts: []string{"a"}}}} {
		p := &schedule.Plan{Faults: faults, Late: []uint64{5, 1 << 63}, Switches: []schedule.Switch{{After: 1, Step: 2, To: 5}}}
		got, err := schedule.Parse(p.String())
		if err != nil || fmt.Sprint(got) != fmt.Sprint(p) {
			t.Errorf("%v, %v, want %v", got, err, p)
		}
	}
}

// A run has failed when the last task did whose error it has, or when the last one waits of
// those that wait for ever; the first that is told counts.
func TestTasksKnowWhenTheRunHasFailed(t *testing.T) {
	first, second := errors.New("first"), errors.New("second")
	for _, c := range []struct {
		name string
		tell func(ts *schedule.Tasks)
		want []uint64 // that had not run
	}{
		{"nobody tells", func(*schedule.Tasks) {}, []uint64{5}},
		{"now", func(ts *schedule.Tasks) { ts.Fail(nil) }, []uint64{5}},
		{"with another error", func(ts *schedule.Tasks) { ts.Fail(errors.New("first")) }, []uint64{5}},
		{"with the first task", func(ts *schedule.Tasks) { ts.Fail(fmt.Errorf("it: %w", first)) }, []uint64{2, 3, 4, 5}},
		{"with both", func(ts *schedule.Tasks) { ts.Fail(errors.Join(second, first)) }, []uint64{4, 5}},
		{"stuck", func(ts *schedule.Tasks) { ts.Stuck([]uint64{1, 2, 9}); ts.Fail(nil) }, []uint64{3, 4, 5}},
	} {
		var ts schedule.Tasks
		for id := uint64(1); id <= 5; id++ {
			ts.Get(id)
		}
		for id := uint64(1); id <= 4; id++ {
			ts.Step(ts.Get(id))
			switch id {
			case 1:
				ts.Ended(1, first)
			case 3:
				ts.Ended(3, second)
			}
		}
		c.tell(&ts)
		if got := ts.Unneeded(); !slices.Equal(got, c.want) || ts.Ran() != 5-len(c.want) {
			t.Errorf("%s: %v had not run, want %v", c.name, got, c.want)
		}
	}
}
