package schedule_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/anyio-go/anyio/internal/schedule"
)

const ms = time.Millisecond

// shrinkPlan shrinks a plan of a program that fails as a function says.
func shrinkPlan(p *schedule.Plan, fails func(p *schedule.Plan) bool) *schedule.Plan {
	return schedule.Shrink(context.Background(), p, &schedule.Tasks{}, 2000, func(p2 *schedule.Plan) (*schedule.Plan, *schedule.Tasks, bool) {
		as := *p2
		as.Busy = p.Busy
		return &as, &schedule.Tasks{}, fails(p2)
	})
}

// on makes a fault of some hosts.
func on(kind schedule.FaultKind, at, lasts time.Duration, hosts ...string) schedule.Fault {
	return schedule.Fault{Kind: kind, At: at, For: lasts, Hosts: hosts}
}

// killed reports whether a host is killed at a time.
func killed(host string, from, until time.Duration) func(f schedule.Fault) bool {
	return func(f schedule.Fault) bool {
		return (f.Kind == schedule.Kill || f.Kind == schedule.PowerOff) && f.Hosts != nil && f.Hosts[0] == host && f.At >= from && f.At < until
	}
}

func TestShrinkLeavesTheFaultsThatMatter(t *testing.T) {
	odd := 123456789 * time.Nanosecond
	for _, c := range []struct {
		name  string
		plan  schedule.Plan
		fails func(p *schedule.Plan) bool
		want  string
	}{
		{"none", schedule.Plan{Faults: []schedule.Fault{on(schedule.Kill, 1, 1, "a"), on(schedule.Kill, 2, 2)}},
			func(*schedule.Plan) bool { return true }, "[]"},
		{"one of five, at a time that need not be exact",
			schedule.Plan{Faults: []schedule.Fault{on(schedule.Reset, 1, 0, "a", "b"), on(schedule.Loss, 2, ms, "a", "b"),
				on(schedule.Kill, odd, time.Hour, "a"), on(schedule.Kill, 3*odd, time.Hour, "b"), on(schedule.Delay, 4*odd, 7)}},
			func(p *schedule.Plan) bool { return slices.ContainsFunc(p.Faults, killed("a", 100*ms, 200*ms)) },
			"[100ms kill a, restart after 1ms]"},
		{"two", schedule.Plan{Faults: []schedule.Fault{on(schedule.Kill, odd, time.Second, "a"), on(schedule.Kill, odd+1, 2, "x"), on(schedule.Kill, 2*odd, -1, "b")}},
			func(p *schedule.Plan) bool {
				return slices.ContainsFunc(p.Faults, killed("a", odd, odd+1)) && slices.ContainsFunc(p.Faults, killed("b", 0, time.Hour)) && p.Faults[0].For >= 20*ms
			},
			"[123.456789ms kill a, restart after 20ms 0s kill b, restart after 1ms]"},
		{"one of two elsewhere, with its peers told",
			schedule.Plan{Busy: []time.Duration{ms, 5 * ms, 7 * ms}, Faults: []schedule.Fault{on(schedule.PowerOff, odd, ms, "a"), on(schedule.Kill, odd, ms, "b")}},
			func(p *schedule.Plan) bool {
				return len(p.Faults) == 2 || slices.ContainsFunc(p.Faults, func(f schedule.Fault) bool {
					return f.Kind == schedule.Kill && f.Hosts[0] == "a" && f.At >= 5*ms && f.At < 6*ms
				})
			},
			"[5ms kill a, restart after 1ms]"},
		{"one of two, at a time that only a run without faults has, for longer",
			schedule.Plan{Busy: []time.Duration{9 * ms}, Usual: []time.Duration{3 * ms}, Faults: []schedule.Fault{on(schedule.OneWay, 0, ms, "a", "b"), on(schedule.OneWay, 2*ms, odd, "b", "a")}},
			func(p *schedule.Plan) bool {
				return len(p.Faults) == 2 || slices.ContainsFunc(p.Faults, func(f schedule.Fault) bool {
					return f.Hosts[0] == "a" && f.At == 3*ms && f.For >= 10*time.Second
				})
			},
			"[3ms one-way partition a > b for 10s]"},
		{"one side of a split", schedule.Plan{Faults: []schedule.Fault{on(schedule.Split, 0, 2*ms, "a", "b", "c")}},
			func(p *schedule.Plan) bool { return len(p.Faults) == 1 && slices.Contains(p.Faults[0].Hosts, "b") },
			"[0s split b from all others for 1ms]"},
		{"no power need be lost", schedule.Plan{Faults: []schedule.Fault{on(schedule.PowerOff, 0, 40*ms, "a")}},
			func(p *schedule.Plan) bool { return len(p.Faults) == 1 && p.Faults[0].For >= 4*ms },
			"[0s kill a, restart after 5ms]"},
		{"where steps take no time it is elsewhere",
			schedule.Plan{StepMax: time.Second, Busy: []time.Duration{ms, time.Second, 3 * time.Second}, Usual: []time.Duration{1, 2, 4 * ms, 6 * ms},
				Faults: []schedule.Fault{on(schedule.Kill, 2*time.Second+odd, ms, "a"), on(schedule.Kill, time.Second, ms, "b")}},
			func(p *schedule.Plan) bool {
				if p.StepMax > 0 {
					return slices.ContainsFunc(p.Faults, killed("a", 2*time.Second, 3*time.Second))
				}
				return slices.ContainsFunc(p.Faults, killed("a", 4*ms, 5*ms))
			},
			"[4ms kill a, restart after 1ms]"},
	} {
		t.Run(c.name, func(t *testing.T) {
			before := fmt.Sprint(c.plan)
			got := shrinkPlan(&c.plan, c.fails)
			var text []string
			for _, f := range got.Faults {
				text = append(text, fmt.Sprint(f.At, " ", f))
			}
			if fmt.Sprint(text) != c.want || got.StepMax != 0 {
				t.Errorf("what is left is %v, steps take %v, want %s", text, got.StepMax, c.want)
			}
			if !c.fails(got) {
				t.Error("it does not fail")
			}
			if fmt.Sprint(c.plan) != before {
				t.Error("the plan that was given has changed")
			}
		})
	}
}
