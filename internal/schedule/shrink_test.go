package schedule_test

import (
	"context"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/anyio-go/anyio/internal/schedule"
)

// shrink shrinks the orders of a program that a random walk finds to fail, and returns the
// most switches that are left, and the most runs that it took.
func shrink(t *testing.T, p *program, fails func(order string) bool) (switches, runs int) {
	t.Helper()
	found := 0
	for seed := range uint64(20_000) {
		var ts schedule.Tasks
		rec := schedule.Record(schedule.Random{}.Begin(seed, nil), &ts)
		if !fails(p.run(t, &ts, rec)) {
			continue
		}
		if found++; found > 20 {
			break
		}
		took := 0
		plan := &schedule.Plan{Switches: rec.Switches(), StepMax: time.Second, Model: 1}
		least := schedule.Shrink(t.Context(), plan, &ts, 3000, func(p2 *schedule.Plan) (*schedule.Plan, *schedule.Tasks, bool) {
			took++
			var ts schedule.Tasks
			rec := schedule.Record(schedule.NewScript(p2.Switches).Begin(&ts), &ts)
			failed := fails(p.run(t, &ts, rec))
			as := *p2
			as.Switches = rec.Switches()
			return &as, &ts, failed
		})
		var again schedule.Tasks
		if order := p.run(t, &again, schedule.NewScript(least.Switches).Begin(&again)); !fails(order) {
			t.Errorf("seed %d: what is left does not fail: %s", seed, order)
		}
		if least.StepMax != 0 || least.Model != 0 {
			t.Errorf("seed %d: steps take %v in model %d", seed, least.StepMax, least.Model)
		}
		switches, runs = max(switches, len(least.Switches)), max(runs, took)
	}
	if found == 0 {
		t.Fatal("no order fails")
	}
	return switches, runs
}

func TestShrinkFindsTheFewestSwitches(t *testing.T) {
	for _, c := range []struct {
		name  string
		p     *program
		fails func(order string) bool
		least int
	}{
		{"always", begun(5, 5), func(string) bool { return true }, 0},
		{"b is interrupted", begun(6, 6), func(order string) bool {
			begin, rest, ok := strings.Cut(order, "bbb")
			return ok && !strings.Contains(begin, "bb") && strings.HasPrefix(rest, "cccc")
		}, 2},
		{"there and back", begun(4, 8), func(order string) bool {
			return strings.Contains(order, "cbc")
		}, 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got, runs := shrink(t, c.p, c.fails); got > c.least {
				t.Errorf("%d switches are left after %d runs, want %d", got, runs, c.least)
			} else {
				t.Logf("%d switches are left after up to %d runs", got, runs)
			}
		})
	}
}

// Shrink makes no more runs than it may, and returns what it has.
func TestShrinkEnds(t *testing.T) {
	p := &schedule.Plan{}
	for i := range 100 {
		p.Switches = append(p.Switches, schedule.Switch{After: uint64(i), To: 1})
	}
	for _, runs := range []int{0, 1, 7, 1000} {
		n := 0
		got := schedule.Shrink(t.Context(), p, &schedule.Tasks{}, runs, func(p *schedule.Plan) (*schedule.Plan, *schedule.Tasks, bool) {
			n++
			return p, &schedule.Tasks{}, len(p.Switches) >= 3
		})
		if n > runs || len(got.Switches) < 3 || runs == 1000 && len(got.Switches) != 3 {
			t.Errorf("of %d runs %d were made, %d switches are left", runs, n, len(got.Switches))
		}
	}
	if len(p.Switches) != 100 || p.Switches[7].After != 7 {
		t.Error("the plan that was given has changed")
	}
	// Nor when it is canceled, however much there is to be tried.
	ctx, cancel := context.WithCancel(t.Context())
	n := 0
	for range 10_000 {
		p.Switches = append(p.Switches, schedule.Switch{To: 1})
	}
	schedule.Shrink(ctx, p, &schedule.Tasks{}, math.MaxInt, func(*schedule.Plan) (*schedule.Plan, *schedule.Tasks, bool) {
		if n++; n == 3 {
			cancel()
		}
		return nil, nil, false
	})
	if n != 3 {
		t.Errorf("%d runs were made, and it was canceled in the third", n)
	}
	// A run that follows none of the plan does not pass for a simpler one.
	got := schedule.Shrink(t.Context(), p, &schedule.Tasks{}, 50, func(*schedule.Plan) (*schedule.Plan, *schedule.Tasks, bool) { return p, nil, true })
	if got != p {
		t.Errorf("%d switches are left", len(got.Switches))
	}
}
