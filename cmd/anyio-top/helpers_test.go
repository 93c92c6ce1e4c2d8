package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	tea "github.com/charmbracelet/bubbletea"
	"github.com/charmbracelet/lipgloss"
	"github.com/muesli/termenv"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/inspect"
)

var update = flag.Bool("update", false, "write the pictures in testdata anew")

var now = time.Date(2026, 11, 29, 10, 18, 36, 0, time.Local)

// at is a task, without parent, that waits for so long.
func at(id uint64, name, op string, waited time.Duration, places ...string) inspect.Task {
	return inspect.Task{ID: id, Name: name, State: anyio.TaskWaiting, WaitsFor: op, Waited: &waited, At: places, Goroutine: "coroutine"}
}

// wanting lets a task wait for what another one has.
func wanting(t inspect.Task, what string, id uint64, name, place string) inspect.Task {
	t.Wants = &inspect.Want{What: what, Owners: []inspect.Owner{{Ref: inspect.Ref{Run: 1, Task: id}, Name: name, Place: place}}}
	return t
}

// stuck is what examples/stuck looks like.
func stuck() *inspect.Snapshot {
	const waited = 25500 * time.Millisecond
	tasks := []inspect.Task{
		at(1, "server", "SleepForever", waited, "stuck/main.go:95", "stuck/main.go:71", "stuck/main.go:53"),
		wanting(at(2, "alice to bob", "Lock.Acquire", waited, "stuck/main.go:36", "stuck/main.go:31", "stuck/main.go:62"), "Lock", 3, "bob to alice", "stuck/main.go:31"),
		wanting(at(3, "bob to alice", "Lock.Acquire", waited, "stuck/main.go:36", "stuck/main.go:31", "stuck/main.go:63"), "Lock", 2, "alice to bob", "stuck/main.go:31"),
		at(4, "audit", "Event.Wait", waited),
		{ID: 5, Name: "poll", State: anyio.TaskRunning, At: []string{"stuck/main.go:47"}, Goroutine: "sleep"},
	}
	for i := range tasks[1:] {
		tasks[i+1].Parent, tasks[i+1].Depth = 1, 1
	}
	return &inspect.Snapshot{
		Taken: now, Program: "stuck", PID: 14348,
		Runs: []inspect.Run{{ID: 1, Backend: "eventloop", Began: now.Add(-waited), Loops: 1, Tasks: tasks, Held: []inspect.HeldLoop{{Task: 5, For: waited}}}},
		Deadlocks: []inspect.Deadlock{{Circle: []inspect.Link{
			{Ref: inspect.Ref{Run: 1, Task: 2}, Name: "alice to bob", What: "Lock", Place: "stuck/main.go:31"},
			{Ref: inspect.Ref{Run: 1, Task: 3}, Name: "bob to alice", What: "Lock", Place: "stuck/main.go:31"},
		}}},
	}
}

// server is a process with two runs, in which tasks stand in all the ways there are.
func server() *inspect.Snapshot {
	s := stuck()
	s.Program = "server"
	s.Runs[0].Held, s.Runs[0].Tasks = nil, s.Runs[0].Tasks[:4] // without the one that holds up the loop
	s.Deadlocks[0].Behind = []inspect.Ref{{Run: 1, Task: 5}}
	left, over := 3*time.Second, -20*time.Millisecond
	queued := wanting(at(5, "report", "Lock.Acquire", 12*time.Second, "server/report.go:7"), "Lock", 2, "alice to bob", "")
	deadline := at(6, "client 10.0.0.1", "stream.Receive", 20*time.Millisecond, "a/very/long/folder/name/handler/of/clients.go:1234")
	deadline.Deadline = &left
	canceled := at(7, "cleanup", "Sleep", 3*time.Hour+7*time.Minute, "server/cleanup.go:12")
	canceled.Canceled, canceled.Shielded, canceled.Deadline = "anyio: canceled: deadline exceeded", true, &over
	ready := inspect.Task{ID: 8, Name: "compute", State: anyio.TaskReady, At: []string{"server/sum.go:5"}, Goroutine: "coroutine"}
	query := inspect.Task{ID: 9, Name: "query", State: anyio.TaskReady, At: []string{"sql/sql.go:99"}, Goroutine: "select"}
	limited := at(10, "upload", "CapacityLimiter.Acquire", 400*time.Millisecond, "server/upload.go:30")
	limited.Wants = &inspect.Want{What: "CapacityLimiter", Any: true, More: 90}
	for i := range uint64(10) {
		limited.Wants.Owners = append(limited.Wants.Owners, inspect.Owner{Ref: inspect.Ref{Run: 1, Task: 20 + i}, Name: fmt.Sprint("part ", i)})
	}
	s.Runs[0].Tasks = append(s.Runs[0].Tasks, queued, deadline, canceled, ready, query, limited)
	for i := range s.Runs[0].Tasks[4:] {
		s.Runs[0].Tasks[4+i].Parent, s.Runs[0].Tasks[4+i].Depth = 1, 1
	}
	one := inspect.Task{ID: 1, Name: "batch", State: anyio.TaskRunning, Loop: 1, Goroutine: "running"}
	s.Runs = append(s.Runs, inspect.Run{ID: 7, Backend: "eventloops", Began: now.Add(-2 * time.Minute), Loops: 2, Tasks: []inspect.Task{one}, Held: []inspect.HeldLoop{{Loop: 1, Task: 1, For: time.Second}}})
	return s
}

// many is a process with so many tasks.
func many(n int) *inspect.Snapshot {
	s := &inspect.Snapshot{Taken: now, Program: "many", PID: 1, Runs: []inspect.Run{{ID: 1, Backend: "parallel", Began: now, Loops: 1}}}
	for i := range n {
		s.Runs[0].Tasks = append(s.Runs[0].Tasks, at(uint64(i+1), fmt.Sprint("worker ", i), "Event.Wait", time.Duration(i)*time.Microsecond, "many/main.go:9"))
	}
	return s
}

// nowhere is a source that is not asked.
var nowhere = source{
	fetch: func() (*inspect.Snapshot, error) { panic("looked") },
	gone:  func() bool { panic("watched") },
}

// renderer draws for a terminal with or without colors.
func renderer(p termenv.Profile) *lipgloss.Renderer {
	r := lipgloss.NewRenderer(io.Discard)
	r.SetColorProfile(p)
	return r
}

// seen is a model that has seen a snapshot, on a plain terminal.
func seen(s *inspect.Snapshot, width, height int) *model {
	m := newModel(nowhere, 2*time.Second, 10*time.Second, renderer(termenv.Ascii))
	m.Update(tea.WindowSizeMsg{Width: width, Height: height})
	see(m, s)
	return m
}

func see(m *model, s *inspect.Snapshot) {
	clean(s)
	m.looking = true
	m.Update(answer{Snapshot: s, took: time.Millisecond})
}

// keys are the messages of keys: one by its name, in brackets, or each letter of a text.
func keys(text string) []tea.KeyMsg {
	named := map[string]tea.KeyType{
		"enter": tea.KeyEnter, "esc": tea.KeyEsc, "up": tea.KeyUp, "down": tea.KeyDown, "pgup": tea.KeyPgUp, "pgdown": tea.KeyPgDown,
		"home": tea.KeyHome, "end": tea.KeyEnd, "backspace": tea.KeyBackspace, "ctrl+c": tea.KeyCtrlC, "ctrl+u": tea.KeyCtrlU,
		"left": tea.KeyLeft, "tab": tea.KeyTab,
	}
	var all []tea.KeyMsg
	for text != "" {
		if name, rest, ok := strings.Cut(strings.TrimPrefix(text, "<"), ">"); ok && text[0] == '<' {
			typ, known := named[name]
			if !known {
				panic(name)
			}
			all, text = append(all, tea.KeyMsg{Type: typ}), rest
			continue
		}
		k := tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune(text)[:1]}
		if text = text[len(string(k.Runes)):]; k.Runes[0] == ' ' {
			k.Type = tea.KeySpace
		}
		all = append(all, k)
	}
	return all
}

// press presses keys, and returns what the last one asks for.
func press(m *model, text string) (cmd tea.Cmd) {
	for _, k := range keys(text) {
		_, cmd = m.Update(k)
	}
	return cmd
}

// quits reports whether a command ends the program.
func quits(cmd tea.Cmd) bool {
	if cmd == nil {
		return false
	}
	_, ok := cmd().(tea.QuitMsg)
	return ok
}

// picture compares what is drawn with a file.
func picture(t *testing.T, name string, m *model) {
	t.Helper()
	got := m.View()
	for i, line := range strings.Split(got, "\n") {
		if w := lipgloss.Width(line); w > m.width {
			t.Errorf("%s: line %d is %d wide, want at most %d: %q", name, i, w, m.width, line)
		}
	}
	if n := strings.Count(got, "\n") + 1; n > m.height {
		t.Errorf("%s: %d lines, want at most %d", name, n, m.height)
	}
	lines := strings.Split(got, "\n")
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], " ")
	}
	got = strings.Join(lines, "\n") + "\n"
	path := filepath.Join("testdata", name+".txt")
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o666); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s: got\n%swant\n%s(go test -update writes it anew)", name, got, want)
	}
}

// listed are the numbers of the tasks in the list.
func listed(m *model) string {
	var all []string
	for _, r := range m.rows {
		all = append(all, fmt.Sprintf("%d.%d", r.Run, r.Ref.Task))
	}
	return strings.Join(all, " ")
}

// A listing is what is in the list after some keys, none of which quits.
type listing struct{ keys, want string }

// wantListed presses keys, and compares what is listed after them.
func wantListed(t *testing.T, m *model, all []listing) {
	t.Helper()
	for _, l := range all {
		if quits(press(m, l.keys)) {
			t.Fatalf("%s: it quit", l.keys)
		}
		if got := listed(m); got != l.want {
			t.Errorf("%q: got %s, want %s", l.keys, got, l.want)
		}
	}
}
