package inspect_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/inspect"
	"github.com/anyio-go/anyio/internal/testkit"
)

// crowd is a snapshot of so many tasks that wait for one limiter of ten, and of one that
// waits for something else.
func crowd(n int) *inspect.Snapshot {
	limiter := &inspect.Want{What: "CapacityLimiter", Any: true, More: 3}
	for i := range uint64(10) {
		limiter.Owners = append(limiter.Owners, inspect.Owner{Ref: inspect.Ref{Run: 1, Task: i + 1}, Name: fmt.Sprint("worker ", i), Place: "crowd/main.go:12"})
	}
	waited := time.Second
	r := inspect.Run{ID: 1, Backend: "parallel", Loops: 1, Tasks: []inspect.Task{
		{ID: 1, Name: "main", State: anyio.TaskWaiting, WaitsFor: "Wait", Wants: &inspect.Want{Owners: []inspect.Owner{{Ref: inspect.Ref{Run: 1, Task: 2}, Name: "task 2"}}}},
	}}
	for i := range uint64(n) {
		r.Tasks = append(r.Tasks, inspect.Task{
			ID: i + 2, Parent: 1, Depth: 1, Name: fmt.Sprint("task ", i+2), State: anyio.TaskWaiting, WaitsFor: "CapacityLimiter.Acquire", Waited: &waited, Wants: limiter,
		})
	}
	return &inspect.Snapshot{PID: 7, Program: "crowd", Runs: []inspect.Run{r}, Deadlocks: []inspect.Deadlock{}}
}

// What a task more costs in JSON is itself, and not all the owners of what it waits for.
func TestJSONHasOwnersOnce(t *testing.T) {
	size := func(n int) int {
		data, err := json.Marshal(crowd(n))
		testkit.Must(t, err)
		return len(data)
	}
	if each := (size(2000) - size(1000)) / 1000; each > 200 {
		t.Errorf("each task takes %d bytes", each)
	}
}

func TestJSONIsReadAsItWas(t *testing.T) {
	was := crowd(100)
	for _, of := range []any{was, *was} { // a value as well as a pointer
		data, err := json.Marshal(of)
		testkit.Must(t, err)
		is := &inspect.Snapshot{}
		testkit.Must(t, json.Unmarshal(data, is))
		if !reflect.DeepEqual(is, was) {
			t.Fatalf("got\n%+v\nwant\n%+v", is, was)
		}
		tasks := is.Runs[0].Tasks
		if tasks[1].Wants != tasks[100].Wants || tasks[0].Wants == tasks[1].Wants {
			t.Error("those who want the same do not share it, or others do")
		}
		last := inspect.Ref{Run: 1, Task: 101}
		if is.String() != was.String() || is.WhyText(last) != was.WhyText(last) || len(is.Why(last)) < 2 {
			t.Errorf("got %s", is.WhyText(last))
		}
		for ref, change := range inspect.Diff(was, is) {
			if change != inspect.Stood {
				t.Errorf("%v has %s", ref, change)
			}
		}
	}
}

func TestWrongReferencesInJSON(t *testing.T) {
	for _, wants := range []string{"1", "-1", "3000000000", `{"what":"Lock"}`} {
		text := `{"runs":[{"id":1,"tasks":[{"id":2,"wants":` + wants + `}]}]}`
		if err := json.Unmarshal([]byte(text), &inspect.Snapshot{}); err == nil {
			t.Errorf("%s is taken", text)
		}
	}
	var s inspect.Snapshot
	err := json.Unmarshal([]byte(`{"pid":3,"runs":[{"id":1,"tasks":[{"id":2,"wants":1}]}],"wants":[{"what":"Lock","owners":[{"run":1,"task":9,"name":"x"}]}]}`), &s)
	if err != nil || s.PID != 3 || !strings.Contains(s.String(), "Lock held by x #9") {
		t.Errorf("got %v, %s", err, s.String())
	}
}
