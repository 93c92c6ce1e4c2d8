package schedule_test

import (
	"reflect"
	"slices"
	"testing"

	"github.com/anyio-go/anyio/internal/schedule"
)

// Runs whose choices and tasks are noted where those of the last one were are noted as those
// are that have places of their own, and what was told of a run stays so.
func TestNotesOfRunsMayBeReused(t *testing.T) {
	var rec schedule.Recorder
	var ts schedule.Tasks
	type told struct{ switches, then []schedule.Switch }
	var all []told
	for n := range 200 {
		p := &program{steps: []int{3, 4, 2, 1 + n%5, 3, 2}, starts: map[event]int{{0, 0}: 1, {0, 1}: 2, {1, 1}: 3, {1, 2}: 4, {2, 0}: 5}}
		if n%3 == 0 {
			p = two(2, 1+n%4)
		}
		ts.Reset()
		rec.Record(schedule.Random{}.Begin(uint64(n), nil), nil, &ts)
		got := p.run(t, &ts, &rec)
		var fresh schedule.Tasks
		r := schedule.Record(schedule.Random{}.Begin(uint64(n), nil), &fresh)
		if want := p.run(t, &fresh, r); got != want {
			t.Fatalf("run %d is %s, want %s", n, got, want)
		}
		if a, b := rec.Switches(), r.Switches(); !slices.Equal(a, b) {
			t.Fatalf("the switches of run %d are %v, want %v", n, a, b)
		}
		if a, b := schedule.NewProfile(&ts), schedule.NewProfile(&fresh); !reflect.DeepEqual(a, b) {
			t.Fatalf("the profile of run %d is %v, want %v", n, a, b)
		}
		all = append(all, told{rec.Switches(), r.Switches()})
	}
	for n, run := range all {
		if !slices.Equal(run.switches, run.then) {
			t.Errorf("the switches of run %d were %v, and are now %v", n, run.then, run.switches)
		}
	}
}
