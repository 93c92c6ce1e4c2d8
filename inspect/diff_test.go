package inspect

import (
	"maps"
	"testing"
	"time"
)

func TestDiff(t *testing.T) {
	since := func(d time.Duration) *time.Duration { return &d }
	at := func(tasks ...Task) *Snapshot { return &Snapshot{Runs: []Run{{ID: 1, Tasks: tasks}}} }
	earlier := at(
		Task{ID: 1, State: "waiting", WaitsFor: "Sleep", At: []string{"a.go:1"}, Waited: since(5)},
		Task{ID: 2, State: "waiting", WaitsFor: "Sleep", At: []string{"a.go:1"}, Waited: since(5)},
		Task{ID: 3, State: "waiting", WaitsFor: "Sleep", At: []string{"a.go:1"}},
		Task{ID: 4, State: "waiting", WaitsFor: "Sleep"},
		Task{ID: 5, State: "ready"},
		Task{ID: 6, State: "ready"},
	)
	later := at(
		Task{ID: 1, State: "waiting", WaitsFor: "Sleep", At: []string{"a.go:1"}, Waited: since(9)},
		Task{ID: 2, State: "waiting", WaitsFor: "Sleep", At: []string{"a.go:1"}, Waited: since(4)},
		Task{ID: 3, State: "waiting", WaitsFor: "Sleep", At: []string{"a.go:2"}},
		Task{ID: 4, State: "waiting", WaitsFor: "Event.Wait"},
		Task{ID: 5, State: "waiting"},
		Task{ID: 7, State: "ready"},
	)
	later.Runs = append(later.Runs, Run{ID: 2, Tasks: []Task{{ID: 1}}})
	want := map[Ref]Change{{1, 1}: Stood, {1, 2}: Moved, {1, 3}: Moved, {1, 4}: Moved, {1, 5}: Moved, {1, 6}: Ended, {1, 7}: Began, {2, 1}: Began}
	if got := Diff(earlier, later); !maps.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}
