package inspect

import (
	"strings"
	"testing"
	"time"

	"github.com/anyio-go/anyio"
)

func TestTitleOfARun(t *testing.T) {
	now := time.Now()
	for want, r := range map[string]Run{
		"run 3 on parallel, for 1.5s: 2 tasks":    {ID: 3, Backend: "parallel", Began: now.Add(-1500 * time.Millisecond), Loops: 1, Tasks: make([]Task, 2)},
		"run 4 on 2 eventloops, for 12ms: 1 task": {ID: 4, Backend: "eventloops", Began: now.Add(-12 * time.Millisecond), Loops: 2, Tasks: make([]Task, 1)},
		"outside of all runs: 1 task":             {Backend: "parallel", Loops: 1, Tasks: make([]Task, 1)},
	} {
		if got := r.title(now); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

// What the runtime says of a goroutine is told if it is more than that it goes on, or
// waits for its turn.
func TestGoroutineInALine(t *testing.T) {
	for goroutine, want := range map[string]string{
		"": "x #1 ready\n", "coroutine": "x #1 ready\n", "running": "x #1 ready\n", "runnable": "x #1 ready\n", "select, 2 minutes": "x #1 ready (select, 2 minutes)\n",
	} {
		if got := (&Task{ID: 1, Name: "x", State: anyio.TaskReady, Goroutine: goroutine}).line(""); got != want {
			t.Errorf("%q: got %q, want %q", goroutine, got, want)
		}
	}
}

// A task that is ready waits for the one that holds its own loop, and one that waits does
// not.
func TestWhoHoldsWhichLoopUp(t *testing.T) {
	s := &Snapshot{Runs: []Run{{ID: 7, Loops: 3, Held: []HeldLoop{{Loop: 0, Task: 1, For: time.Second}, {Loop: 1, For: 2 * time.Second}, {Loop: 2, Task: 3, For: 3 * time.Second}}, Tasks: []Task{
		{ID: 1, Name: "a", State: anyio.TaskRunning}, {ID: 2, Name: "b", State: anyio.TaskReady, Loop: 1}, {ID: 3, Name: "c", State: anyio.TaskRunning, Loop: 2},
		{ID: 4, Name: "d", State: anyio.TaskReady, Loop: 2}, {ID: 5, Name: "e", State: anyio.TaskWaiting, Loop: 2}, {ID: 6, Name: "f", State: anyio.TaskReady},
	}}}}
	for id, want := range map[uint64]string{
		1: "a #1 running\n", 2: "b #2 ready\n", 3: "c #3 running\n", 5: "e #5 waiting\n",
		4: "d #4 ready\nwhose event loop is held up by c #3 running\n", 6: "f #6 ready\nwhose event loop is held up by a #1 running\n",
	} {
		if got := s.WhyText(Ref{7, id}); got != want {
			t.Errorf("task %d: got %q, want %q", id, got, want)
		}
	}
	const want = "\nits event loop 0 is held up for 1s by a #1 running\nits event loop 1 is held up for 2s by a callback\nits event loop 2 is held up for 3s by c #3 running\n"
	if got := s.String(); !strings.Contains(got, want) {
		t.Errorf("got %s", got)
	}
	r := &Run{Loops: 1}
	if got := r.heldText(HeldLoop{For: time.Second}); got != "its event loop is held up for 1s by a callback\n" {
		t.Errorf("got %q", got)
	}
	if s.Why(Ref{8, 1}) != nil || s.Task(Ref{8, 1}) != nil || s.Task(Ref{7, 9}) != nil {
		t.Error("there is a task that is not there")
	}
}
