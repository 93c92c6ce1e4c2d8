package inspect_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/inspect"
	"github.com/anyio-go/anyio/internal/testkit"
)

// What programs read has lists where there is nothing, too.
func TestEmptyListsAreListsInJSON(t *testing.T) {
	data, err := json.Marshal(inspect.Take())
	testkit.Must(t, err)
	if bytes.Contains(data, []byte("null")) || !bytes.Contains(data, []byte(`"deadlocks":[]`)) {
		t.Errorf("got %s", data)
	}
}

// Many wait for one of many: what is told does not grow with the product, and who waits for
// others is told first.
func TestManyWaitForManyOwners(t *testing.T) {
	const n = 300
	testkit.Must(t, anyio.Run(t.Context(), func(ctx context.Context) error {
		var rw anyio.RWLock
		var lock anyio.Lock
		var reading atomic.Int32
		var all anyio.Event
		tasks := make(map[string]func(ctx context.Context) error)
		tasks["holder"] = func(ctx context.Context) error { return lock.Do(ctx, anyio.SleepForever) }
		for i := range n {
			tasks[fmt.Sprint("reader ", i)] = func(ctx context.Context) error {
				return rw.DoRead(ctx, func(ctx context.Context) error {
					if reading.Add(1) == n {
						all.Set()
						return lock.Do(ctx, nothing)
					}
					return anyio.SleepForever(ctx)
				})
			}
			tasks[fmt.Sprint("writer ", i)] = func(ctx context.Context) error {
				if err := all.Wait(ctx); err != nil {
					return err
				}
				return rw.Do(ctx, nothing)
			}
		}
		within(t, ctx, func(s *inspect.Snapshot) {
			w := task(t, s, "writer 7").Wants
			if w == nil || len(w.Owners) != 10 || w.More != n-10 || s.Task(w.Owners[0].Ref).WaitsFor != "Lock.Acquire" {
				t.Errorf("got %+v", w)
			}
			wantLine(t, s, "writer 7", fmt.Sprintf(", %d more", n-3))
			me, _ := inspect.Of(ctx)
			if text := s.WhyText(inspect.Ref{Run: me.Run, Task: task(t, s, "writer 9").ID}); !strings.Contains(text, "\nwhich is holder #") {
				t.Errorf("got %s", text)
			}
		}, tasks)
		return nil
	}, anyio.On(anyio.EventLoop())))
}

// A tree as deep as there are tasks is text of a size that does not grow with the square.
func TestDeepTreeIsDrawn(t *testing.T) {
	var tasks []inspect.Task
	for i := range 20_000 {
		tasks = append(tasks, inspect.Task{ID: uint64(i + 1), Depth: i, Name: "x"})
	}
	s := &inspect.Snapshot{Runs: []inspect.Run{{ID: 1, Tasks: tasks}}}
	if text := s.String(); len(text) > 20_000*200 {
		t.Errorf("%d bytes", len(text))
	}
	shape := []int{0, 1, 2, 2, 1, 2, 0}
	tasks = tasks[:len(shape)]
	for i, depth := range shape {
		tasks[i].Depth = depth
	}
	s.Runs[0].Tasks = tasks
	want := "x #1 \n├─ x #2 \n│  ├─ x #3 \n│  └─ x #4 \n└─ x #5 \n   └─ x #6 \nx #7 \n"
	if !strings.HasSuffix(s.String(), want) {
		t.Errorf("got\n%swant\n%s", s, want)
	}
}

// A chain of waits may end in a circle in which it has not begun.
func TestWhyOfOneBehindACircle(t *testing.T) {
	s := &inspect.Snapshot{Runs: []inspect.Run{{ID: 1}}}
	for id, next := range map[uint64]uint64{1: 2, 2: 3, 3: 2} {
		s.Runs[0].Tasks = append(s.Runs[0].Tasks, inspect.Task{ID: id, Name: "x", State: anyio.TaskWaiting, WaitsFor: "Lock.Acquire",
			Wants: &inspect.Want{What: "Lock", Owners: []inspect.Owner{{Ref: inspect.Ref{Run: 1, Task: next}}}}})
	}
	if text := s.WhyText(inspect.Ref{Run: 1, Task: 1}); !strings.HasSuffix(text, "\nwhich is x #2 again: they wait for each other\n") {
		t.Errorf("got %s", text)
	}
	if text := s.WhyText(inspect.Ref{Run: 1, Task: 2}); !strings.HasSuffix(text, "\nwhich is where this began: they wait for each other\n") {
		t.Errorf("got %s", text)
	}
}
