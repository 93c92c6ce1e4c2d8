package main

import (
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	tea "github.com/charmbracelet/bubbletea"
	"github.com/charmbracelet/lipgloss"
	"github.com/muesli/termenv"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/inspect"
)

func TestPictures(t *testing.T) {
	for _, c := range []struct {
		name          string
		of            *inspect.Snapshot
		width, height int
		keys          string
	}{
		{"stuck", stuck(), 80, 24, ""},
		{"stuck-tree", stuck(), 80, 24, "t"},
		{"stuck-why", stuck(), 80, 24, "<enter>"},
		{"server", server(), 120, 24, ""},
		{"server-tree", server(), 120, 24, "t"},
		{"server-narrow", server(), 60, 12, ""},
		{"server-tiny", server(), 24, 5, ""},
		{"server-filter", server(), 80, 24, "/lock.acq"},
		{"server-tree-filter", server(), 80, 24, "t/10.0<enter>"},
		{"server-nothing", server(), 80, 24, "/nosuch"},
		{"server-canceled", server(), 80, 24, "G/cleanup<enter><enter>"},
		{"many-end", many(10_000), 80, 24, "<end>"},
		{"none", &inspect.Snapshot{Taken: now, Program: "idle", PID: 5}, 80, 8, ""},
		{"help", stuck(), 80, 24, "?"},
	} {
		m := seen(c.of, c.width, c.height)
		press(m, c.keys)
		picture(t, c.name, m)
	}
}

// The guide shows what the tests have seen.
func TestPictureOfTheGuide(t *testing.T) {
	page, err := os.ReadFile("../../docs/guide/inspect.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"stuck", "stuck-why"} {
		data, err := os.ReadFile("testdata/" + name + ".txt")
		if err != nil {
			t.Fatal(err)
		}
		want := ""
		for line := range strings.Lines(string(data)) { // without the empty lines
			if strings.TrimSpace(line) != "" {
				want += "    " + line
			} else if !strings.HasSuffix(want, "\n\n") {
				want += "\n"
			}
		}
		if !strings.Contains(string(page), want) {
			t.Errorf("docs/guide/inspect.md does not have\n%s", want)
		}
	}
}

func TestTextsOfRunsAndLoops(t *testing.T) {
	m := seen(&inspect.Snapshot{Taken: now, Runs: []inspect.Run{
		{ID: 1, Backend: "eventloops", Began: now, Loops: 3, Tasks: []inspect.Task{
			{ID: 1, State: anyio.TaskReady, Loop: 2}, {ID: 2, State: anyio.TaskReady, Loop: 2}, {ID: 3, State: anyio.TaskReady}, {ID: 4, State: anyio.TaskWaiting, Loop: 1},
		}, Statistics: []inspect.LoopStatistics{{Loop: 0, Ready: 1, Behind: 999 * time.Microsecond}, {Loop: 1, Behind: 12 * time.Millisecond}, {Loop: 2, Ready: 2}}},
		{ID: 2, Backend: "eventloop", Began: now, Loops: 1, Statistics: []inspect.LoopStatistics{{Behind: 999 * time.Microsecond}}},
		{Tasks: []inspect.Task{{ID: 1, State: anyio.TaskRunning}}},
	}}, 80, 24)
	for i, want := range []string{
		"run 1 on 3 eventloops for <1ms: 4 tasks, 1 waiting, 3 ready, ready by loop 1 0 2, timers up to 12ms late",
		"run 2 on eventloop for <1ms: 0 tasks, 0 waiting, 0 ready",
		"outside of all runs: 1 task, 0 waiting, 0 ready, 1 running",
	} {
		if got := m.runText(&m.last.Runs[i]); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	held := inspect.HeldLoop{Loop: 2, For: time.Second}
	if got := m.heldText(&m.last.Runs[0], held); got != "event loop 2 of run 1 is held up for 1.0s by a callback" {
		t.Errorf("got %s", got)
	}
	m.last.Runs = m.last.Runs[:1]
	m.last.Runs[0].Loops = 1
	if got := m.heldText(&m.last.Runs[0], held); got != "the event loop is held up for 1.0s by a callback" {
		t.Errorf("got %s", got)
	}
}

// All of a task that runs in a team of loops, one of which it holds up.
func TestDetailsOfWhoHoldsUpItsLoop(t *testing.T) {
	m := seen(server(), 80, 24)
	press(m, "/#7.1<enter><enter>")
	for _, want := range []string{"batch #7.1", "\nstate      running\n", "\nholds up   its event loop, for 1.0s\n", "\nrun        7, event loop 1 of 2\n"} {
		if view := m.View(); !strings.Contains(view, want) {
			t.Errorf("no %q in %s", want, view)
		}
	}
}

func TestColors(t *testing.T) {
	colored := func(p termenv.Profile) string {
		m := newModel(nowhere, time.Second, 10*time.Second, renderer(p))
		m.Update(tea.WindowSizeMsg{Width: 120, Height: 24})
		see(m, server())
		return m.View()
	}
	for _, line := range strings.Split(colored(termenv.ANSI), "\n") {
		want := ""
		switch {
		case strings.Contains(line, "deadlock") || strings.Contains(line, " behind ") || strings.Contains(line, "held up") || strings.Contains(line, "holds up"):
			want = ";31m"
			if !strings.Contains(line, ">") {
				want = "\x1b[31m"
			}
		case strings.Contains(line, "cleanup"):
			want = "\x1b[33m"
		case strings.Contains(line, "compute"):
			want = "\x1b[32m"
		case strings.Contains(line, "upload"):
			if strings.Contains(line, "\x1b") {
				t.Errorf("a task like any other is colored: %q", line)
			}
		}
		if !strings.Contains(line, want) {
			t.Errorf("no %q in %q", want, line)
		}
	}
	if plain := colored(termenv.Ascii); strings.Contains(plain, "\x1b") {
		t.Errorf("got %q", plain)
	}
	// Which of them it is, the environment says.
	t.Setenv("NO_COLOR", "1")
	t.Setenv("CLICOLOR_FORCE", "1")
	if p := lipgloss.NewRenderer(io.Discard).ColorProfile(); p != termenv.Ascii {
		t.Errorf("with NO_COLOR the profile is %v", p.Name())
	}
}

// What a screen costs does not grow with the tasks.
func TestOnlyWhatIsSeenIsDrawn(t *testing.T) {
	few, lots := seen(many(100), 80, 24), seen(many(100_000), 80, 24)
	press(lots, "<end>")
	of := func(m *model) float64 { return testing.AllocsPerRun(20, func() { _ = m.View() }) }
	if a, b := of(few), of(lots); b > 1.2*a {
		t.Errorf("a screen of 100 tasks takes %v allocations, one of 100,000 %v", a, b)
	}
}

// hostile is what a process may have in its names.
var hostile = []string{
	"plain", "", "\x1b[2J\x1b]0;owned\x07", "two\nlines\r\n", "\x9b31m", "\u0085\u009b2J", "\xff\xfe\x1b", "\u202egnp.exe", "zero\u200bwidth\ufeff", "tab\ttab",
	"日本語のとても長い名前です", "e\u0301\u0301\u0301", "👩‍👩‍👧", "\u2028line", "\x7f\x00", strings.Repeat("long ", 1000),
}

// Whatever a process says, the lines fit, and nothing gets to the terminal that steers it.
func TestHostileProcess(t *testing.T) {
	sizes := [][2]int{{80, 24}, {200, 50}, {40, 10}, {11, 3}, {3, 2}, {1, 1}}
	for seed := range uint64(200) {
		r := rand.New(rand.NewPCG(seed, 1))
		s := hostileSnapshot(r)
		size := sizes[r.IntN(len(sizes))]
		m := seen(s, size[0], size[1])
		for range 30 {
			press(m, []string{"t", "s", "r", "<down>", "<end>", "<up>", "<pgdown>", "<pgup>", "<home>", "<enter>", "<esc>", "?", "/", "a\x1b", "<backspace>", "<tab>", "+", "-"}[r.IntN(18)])
			if r.IntN(5) == 0 {
				size = sizes[r.IntN(len(sizes))]
				m.Update(tea.WindowSizeMsg{Width: size[0], Height: size[1]})
			}
			if r.IntN(5) == 0 {
				see(m, hostileSnapshot(r))
			}
			wantSafe(t, m, m.View())
		}
		m.take(answer{err: fmt.Errorf("process 1 answered %s", hostile[r.IntN(len(hostile))])})
		wantSafe(t, m, m.View())
		wantPrintable(t, m.epitaph())
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
}

func TestLongTextsAreCut(t *testing.T) {
	const most = mostText + len("…")
	for _, letter := range []string{"a", "é", "日", "👧", "\x80", "\x00"} {
		if got := printable(strings.Repeat(letter, 5000)); !utf8.ValidString(got) || !strings.HasSuffix(got, "…") || utf8.RuneCountInString(got) > most || len(got) < mostText-utf8.UTFMax {
			t.Errorf("%q leads to %q", letter, got)
		}
		if text := strings.Repeat(letter, mostText/utf8.UTFMax); strings.Contains(printable(text), "…") {
			t.Errorf("%d times %q is cut", len(text), letter)
		}
	}
	if text := strings.Repeat("日", 1000); printable(text) != text[:999]+"…" {
		t.Errorf("got %q", printable(text))
	}
}

func wantSafe(t *testing.T, m *model, text string) {
	t.Helper()
	lines := strings.Split(text, "\n")
	if len(lines) > m.height {
		t.Errorf("%d lines of at most %d", len(lines), m.height)
	}
	for _, line := range lines {
		if w := lipgloss.Width(line); w > m.width {
			t.Errorf("%d wide, want at most %d: %q", w, m.width, line)
		}
		wantPrintable(t, line)
	}
}

func wantPrintable(t *testing.T, line string) {
	t.Helper()
	for _, r := range line {
		if !unicode.IsPrint(r) {
			t.Errorf("%U in %q", r, line)
		}
	}
}

// hostileSnapshot has such texts everywhere, and numbers that make no sense.
func hostileSnapshot(r *rand.Rand) *inspect.Snapshot {
	text := func() string { return hostile[r.IntN(len(hostile))] }
	s := &inspect.Snapshot{Taken: now, Program: text(), PID: 1}
	for run := range uint64(1 + r.IntN(3)) {
		of := inspect.Run{ID: run, Backend: text(), Loops: r.IntN(1 << 40), Began: now}
		for range r.IntN(4) {
			of.Held = append(of.Held, inspect.HeldLoop{Loop: r.IntN(5) - 2, Task: r.Uint64N(16), For: time.Duration(r.Uint64())})
		}
		for id := range uint64(r.IntN(30)) {
			d := time.Duration(r.Uint64())
			task := inspect.Task{
				ID: id / 2, Parent: r.Uint64N(30), Depth: int(int32(r.Uint32())), Name: text(), Loop: r.IntN(5) - 2, State: anyio.TaskActivity(text()), WaitsFor: text(),
				At: []string{text(), text()}, Goroutine: text(), Waited: &d, Deadline: &d, Shielded: true, Canceled: text(),
			}
			if r.IntN(2) == 0 {
				ref := inspect.Ref{Run: run, Task: r.Uint64N(16)}
				task.Wants = &inspect.Want{What: text(), More: r.IntN(100) - 50, Owners: []inspect.Owner{{Ref: ref, Name: text(), Place: text()}}[:r.IntN(2)]}
				s.Deadlocks = append(s.Deadlocks, inspect.Deadlock{
					Circle: []inspect.Link{{Ref: ref, Name: text(), What: text(), Place: text()}}[:r.IntN(2)], Behind: []inspect.Ref{{Task: id}},
				})
			}
			of.Tasks = append(of.Tasks, task)
		}
		s.Runs = append(s.Runs, of)
	}
	return s
}
