package main

import (
	"errors"
	"strings"
	"testing"
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"github.com/anyio-go/anyio/inspect"
)

func TestWhatIsWrongComesFirst(t *testing.T) {
	m := seen(server(), 80, 24)
	// The circle, who is behind it, who holds up a loop, who waits for more than 10 s, the others.
	wantListed(t, m, []listing{
		{"", "1.2 1.3 1.5 7.1 1.7 1.1 1.4 1.10 1.6 1.8 1.9"},
		{"s", "1.2 1.3 1.5 7.1 1.4 1.7 1.1 1.6 1.8 1.9 1.10"},
		{"r", "1.3 1.2 1.5 7.1 1.1 1.7 1.4 1.10 1.9 1.8 1.6"},
		{"s", "1.2 1.3 1.5 7.1 1.1 1.4 1.7 1.6 1.10 1.8 1.9"},
		{"rs", "1.2 1.3 1.5 7.1 1.7 1.1 1.4 1.10 1.6 1.8 1.9"},
		{"t", "1.1 1.2 1.3 1.4 1.5 1.6 1.7 1.8 1.9 1.10 7.1"},
		{"s", "1.2 1.3 1.5 7.1 1.4 1.7 1.1 1.6 1.8 1.9 1.10"}, // by name, as a list
	})
}

func TestBoundOfWhoWaitsLong(t *testing.T) {
	m := newModel(nowhere, time.Second, 4*time.Hour, renderer(0))
	see(m, server())
	wantListed(t, m, []listing{
		{"", "1.2 1.3 1.5 7.1 1.7 1.1 1.4 1.10 1.6 1.8 1.9"},
		{"s", "1.2 1.3 1.5 7.1 1.4 1.7 1.6 1.8 1.9 1.1 1.10"},
	})
	m = newModel(nowhere, time.Second, 400*time.Millisecond, renderer(0))
	see(m, server())
	wantListed(t, m, []listing{{"s", "1.2 1.3 1.5 7.1 1.4 1.7 1.1 1.10 1.6 1.8 1.9"}}) // 1.10 waits for just that
}

func TestFilter(t *testing.T) {
	m := seen(server(), 80, 24)
	wantListed(t, m, []listing{
		{"/ALICE", "1.2 1.3 1.5"},       // also who wants what Alice has
		{"<backspace>", "1.2 1.3 1.5"},  // "ALIC"
		{"<ctrl+u>#7.1", "7.1"},         // a number
		{"<ctrl+u>#1", "7.1 1.1"},       // the same in two runs
		{"<ctrl+u>deadlock", "1.2 1.3"}, // a state
		{"<ctrl+u>clients.go", "1.6"},   // a place
		{"<ctrl+u>part 3", "1.10"},      // an owner
		{"<ctrl+u>canceled", "1.7"},     // a note
		{"<ctrl+u>query ", "1.9"},       // letters are no keys while it is typed
		{"<enter>", "1.9"},              // it stays
		{"s", "1.9"},                    // and letters are keys again
		{"/<backspace>", "1.9"},         // it goes on where it was
		{"<esc>", "1.2 1.3 1.5 7.1 1.4 1.7 1.1 1.6 1.8 1.9 1.10"},
		{"/upload<enter>t", "1.1 1.10"}, // in a tree with what is above
		{"<esc>t", "1.2 1.3 1.5 7.1 1.4 1.7 1.1 1.6 1.8 1.9 1.10"},
	})
}

func TestTextsOfARow(t *testing.T) {
	s := server()
	s.Runs[0].Tasks[0].Wants = &inspect.Want{Owners: []inspect.Owner{{Name: "goroutine 12", Place: "a/b.go:3"}}}
	m := seen(s, 80, 24)
	for _, r := range m.rows {
		want, ok := map[uint64]string{
			1:  "goroutine 12 since a/b.go:3",
			7:  "[canceled, deadline in -20ms, shielded]",
			10: "part 0 #1.20, part 1 #1.21, part 2 #1.22, part 3 #1.23, part 4 #1.24, 95 more",
		}[r.Ref.Task]
		if got := m.whoHas(r); r.Run == 1 && ok && got != want {
			t.Errorf("task %d: got %s, want %s", r.Ref.Task, got, want)
		}
	}
	for goroutine, want := range map[string]string{"": "", "coroutine": "", "running": "", "runnable": "", "select": "select", "IO wait, 2 minutes": "IO wait, 2 minutes"} {
		if got := (row{Task: &inspect.Task{Goroutine: goroutine}}).waitsFor(); got != want {
			t.Errorf("%s: got %s", goroutine, got)
		}
	}
}

func TestTreeKeepsAllThatIsAboveWhatItFinds(t *testing.T) {
	s := many(7)
	for i, depth := range []int{0, 1, 2, 2, 1, 2, 0} {
		s.Runs[0].Tasks[i].Depth = depth
	}
	m := seen(s, 80, 24)
	wantListed(t, m, []listing{
		{"t/worker 3", "1.1 1.2 1.4"},
		{"<ctrl+u>worker 1", "1.1 1.2"},
		{"<ctrl+u>#6", "1.1 1.5 1.6"},
		{"<ctrl+u>#7", "1.7"},
	})
}

// The cursor stays on its task when others come and go, and at the top if it is there.
func TestCursorFollowsItsTask(t *testing.T) {
	m := seen(server(), 80, 24)
	press(m, "<down><down>") // report
	s := server()
	s.Deadlocks = nil
	see(m, s)
	if got := m.rows[m.cursor].Name; got != "report" || m.cursor == 2 {
		t.Errorf("row %d is chosen, %s", m.cursor, got)
	}
	// It is over: the cursor stays where it was.
	at := m.cursor
	s = server()
	s.Deadlocks = nil
	s.Runs[0].Tasks = append(s.Runs[0].Tasks[:4], s.Runs[0].Tasks[5:]...)
	see(m, s)
	if m.cursor != at {
		t.Errorf("row %d is chosen, want %d", m.cursor, at)
	}
	press(m, "<home>")
	first := m.rows[0].Ref
	see(m, server())
	if m.cursor != 0 || m.rows[0].Ref == first {
		t.Errorf("row %d is chosen, want that at the top, which is another one now", m.cursor)
	}
	see(m, many(0))
	if press(m, "<down><end><pgdown><enter>"); m.cursor != 0 || m.details != nil {
		t.Errorf("row %d of none is chosen", m.cursor)
	}
}

func TestScrolling(t *testing.T) {
	m := seen(many(100), 80, 24) // of which 20 rows are seen
	for _, c := range []struct {
		keys        string
		cursor, top int
	}{
		{"<pgdown>", 20, 1}, {"<up>", 19, 1}, {"<pgup>", 0, 0}, {"<end>", 99, 80}, {"kkk", 96, 80}, {"<pgup>", 76, 76}, {"j", 77, 76}, {"g", 0, 0}, {"G", 99, 80},
	} {
		press(m, c.keys)
		_ = m.View()
		if m.cursor != c.cursor || m.top != c.top {
			t.Errorf("%s: row %d is chosen, %d is the first; want %d and %d", c.keys, m.cursor, m.top, c.cursor, c.top)
		}
	}
	m.Update(tea.WindowSizeMsg{Width: 80, Height: 200})
	if _ = m.View(); m.top != 0 {
		t.Errorf("%d is the first row of a screen that has room for all", m.top)
	}
}

func TestPause(t *testing.T) {
	m := seen(stuck(), 80, 24)
	if m.Update(tick(m.ticks)); !m.looking {
		t.Fatal("it does not look when it is time")
	}
	if press(m, "pp") != nil || press(m, "+") != nil || press(m, "-") != nil {
		t.Error("it is to look twice at once")
	}
	press(m, "p")
	if !strings.Contains(m.View(), "PAUSED") {
		t.Errorf("got %s", m.View())
	}
	// The answer comes too late, as does the next tick; and it stays even if the process ends.
	for _, a := range []answer{{Snapshot: server()}, {err: errors.New("x"), gone: true}} {
		if _, cmd := m.Update(a); cmd != nil || m.last.Program != "stuck" {
			t.Errorf("%+v is taken in a pause", a)
		}
	}
	if _, cmd := m.Update(tick(m.ticks)); cmd != nil || m.looking {
		t.Error("it looks in a pause")
	}
	for _, key := range []string{"+", "-"} {
		if press(m, key) != nil {
			t.Errorf("%s looks in a pause", key)
		}
	}
	if press(m, " "); !m.looking || strings.Contains(m.View(), "PAUSED") {
		t.Error("it does not look after the pause")
	}
	if _, cmd := m.Update(answer{Snapshot: server()}); cmd == nil || m.last.Program != "server" {
		t.Error("what is seen after the pause is not taken")
	}
}

func TestIntervals(t *testing.T) {
	m := seen(stuck(), 80, 24)
	old := m.ticks
	if press(m, "+") == nil || m.every != 5*time.Second {
		t.Errorf("+ leads to %v", m.every)
	}
	if _, cmd := m.Update(tick(old)); cmd != nil || m.looking {
		t.Error("a tick of the old interval counts")
	}
	press(m, "++++++++")
	if m.every != time.Minute {
		t.Errorf("the longest is %v", m.every)
	}
	press(m, "-----------")
	if m.every != 200*time.Millisecond || !strings.Contains(m.View(), "every 200ms") {
		t.Errorf("the shortest is %v", m.every)
	}
}

// A look stops the process: one that takes long is not taken all the time, but that the
// process has ended is seen.
func TestSlowProcessIsLookedAtLessOften(t *testing.T) {
	m := seen(stuck(), 80, 24)
	looks, watched := 0, 0
	m.src = source{
		fetch: func() (*inspect.Snapshot, error) { looks++; return stuck(), nil },
		gone:  func() bool { watched++; return watched == 7 },
	}
	m.Update(answer{Snapshot: stuck(), took: 750 * time.Millisecond})
	if !strings.Contains(m.View(), "every 8s") {
		t.Errorf("got %s", m.View())
	}
	for n := 0; !m.ended; n++ {
		_, cmd := m.Update(tick(m.ticks))
		if cmd == nil || n > 20 {
			t.Fatalf("after %d ticks, %d looks", n, looks)
		}
		msg := cmd()
		if batch, ok := msg.(tea.BatchMsg); ok { // the look, and the clock beside it
			a := batch[0]().(answer)
			a.took = 750 * time.Millisecond
			msg = a
		}
		m.Update(msg)
	}
	if looks != 2 || watched != 7 || !m.ended {
		t.Errorf("%d looks, %d times watched", looks, watched)
	}
}

func TestTimeBetweenLooks(t *testing.T) {
	m := seen(stuck(), 80, 24)
	for took, want := range map[time.Duration]time.Duration{
		0: 2, 9 * time.Millisecond: 2, 200 * time.Millisecond: 2, 210 * time.Millisecond: 4, 610 * time.Millisecond: 8, 800 * time.Millisecond: 8,
		5900 * time.Millisecond: 60, 7 * time.Second: 60, time.Hour: 60,
	} {
		if m.took = took; m.pause() != want*time.Second {
			t.Errorf("after a look of %v: %v, want %d s", took, m.pause(), want)
		}
	}
}

// A process that has not answered in time has to rest as well.
func TestRestAfterAFailure(t *testing.T) {
	m := seen(stuck(), 80, 24)
	m.src.gone = func() bool { return false }
	m.took, m.rested = 750*time.Millisecond, 8*time.Second
	m.Update(answer{err: errors.New("x")})
	_, cmd := m.Update(tick(m.ticks))
	if a, ok := cmd().(answer); !ok || a.Snapshot != nil || a.err != nil { // a look comes with a clock
		t.Error("it looks at once")
	}
}

func TestSilence(t *testing.T) {
	m := seen(stuck(), 80, 24)
	m.Update(tick(m.ticks))
	m.Update(clock(m.ticks))
	m.Update(clock(m.ticks - 1)) // of another look
	if _, cmd := m.Update(clock(m.ticks)); cmd == nil || !strings.Contains(m.View(), "no answer for 2 s") {
		t.Errorf("got %s", m.View())
	}
	m.src.fetch = func() (*inspect.Snapshot, error) { return nil, errors.New("inspect: deadline\nexceeded") }
	m.src.gone = func() bool { return false }
	a := m.src.look()
	if _, cmd := m.Update(a); cmd == nil || !strings.Contains(m.View(), "no answer: deadline exceeded") || !strings.Contains(m.View(), "alice") {
		t.Errorf("got %s", m.View())
	}
	see(m, stuck())
	if _, cmd := m.Update(clock(m.ticks)); cmd != nil || strings.Contains(m.View(), "no answer") {
		t.Errorf("got %s", m.View())
	}
	// Nor is it while the process rests, and is only watched.
	m.Update(tick(m.ticks))
	m.Update(clock(m.ticks))
	m.Update(answer{Snapshot: stuck(), took: time.Second})
	m.Update(tick(m.ticks))
	if !m.looking || strings.Contains(m.View(), "no answer") {
		t.Errorf("got %s", m.View())
	}
}

func TestEndOfTheProcess(t *testing.T) {
	m := seen(server(), 80, 24)
	m.src.fetch = func() (*inspect.Snapshot, error) { return nil, errors.New("refused") }
	m.src.gone = func() bool { return true }
	if _, cmd := m.Update(m.src.look()); !quits(cmd) || !m.ended {
		t.Error("it goes on")
	}
	const want = "server (14348) has ended, or listens no more: when it was seen last, at 10:18:36, it had 11 tasks and 1 deadlock"
	if got := m.epitaph(); got != want {
		t.Errorf("got %s", got)
	}
}

func TestKeysThatQuit(t *testing.T) {
	for keys, want := range map[string]bool{
		"q": true, "<ctrl+c>": true, "/<ctrl+c>": true, "/q": false, "?q": true, "?<ctrl+c>": true, "?x": false, "<enter>q": true, "<esc>": false, "tq": true, "x": false,
	} {
		if got := quits(press(seen(stuck(), 80, 24), keys)); got != want {
			t.Errorf("%s: quits is %v", keys, got)
		}
	}
}

// Letters that come at once are keys one by one, unless they are pasted.
func TestLettersAtOnce(t *testing.T) {
	m := seen(server(), 80, 24)
	m.Update(tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune("t/uplo")})
	if wantListed(t, m, []listing{{"", "1.1 1.10"}}); !m.typing || m.filter != "uplo" {
		t.Errorf("the filter is %q", m.filter)
	}
	m.Update(tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune("ad\x1b[2J"), Paste: true})
	if m.filter != "upload\uFFFD[2J" {
		t.Errorf("the filter is %q", m.filter)
	}
	press(m, "<esc>")
	if _, cmd := m.Update(tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune("q"), Paste: true}); cmd != nil {
		t.Error("what is pasted is a key")
	}
	if _, cmd := m.Update(tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune("jjq")}); !quits(cmd) || m.cursor != 2 {
		t.Errorf("row %d is chosen", m.cursor)
	}
}

// Details stay up to date, may be longer than the screen, and stay when their task is over.
func TestDetails(t *testing.T) {
	m := seen(stuck(), 80, 10)
	if press(m, "<enter>"); !strings.HasPrefix(m.View(), "alice to bob #2\n") {
		t.Errorf("got %s", m.View())
	}
	first := m.View()
	if press(m, "<down>"); strings.Contains(m.View(), "\nstate ") {
		t.Errorf("it does not scroll: %s", m.View())
	}
	press(m, "<end>")
	if view := m.View(); !strings.Contains(view, "\nIts goroutine: coroutine\nq quit") {
		t.Errorf("got %s", view)
	}
	if press(m, "<home>"); m.View() != first {
		t.Errorf("got %s", m.View())
	}
	s := stuck()
	s.Runs[0].Tasks[1].Name = "renamed"
	if see(m, s); !strings.HasPrefix(m.View(), "renamed #2\n") {
		t.Errorf("got %s", m.View())
	}
	s = stuck()
	s.Runs[0].Tasks = s.Runs[0].Tasks[:1]
	if see(m, s); !strings.Contains(m.View(), "renamed #2") || !strings.Contains(m.View(), "It is over.") {
		t.Errorf("got %s", m.View())
	}
	if press(m, "p"); !strings.Contains(m.View(), "PAUSED") {
		t.Errorf("got %s", m.View())
	}
	press(m, "p")
	see(m, stuck())
	narrow := seen(stuck(), 40, 30)
	press(narrow, "<enter>")
	if m.Update(tea.WindowSizeMsg{Width: 40, Height: 30}); m.View() != narrow.View() {
		t.Errorf("after a change of the screen: got %s\nwant %s", m.View(), narrow.View())
	}
	if press(m, "<esc>"); !strings.Contains(m.View(), "server #1") {
		t.Errorf("got %s", m.View())
	}
}

func TestShortDurations(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "<1ms", 999 * time.Microsecond: "<1ms", time.Millisecond: "1ms", 999 * time.Millisecond: "999ms", time.Second: "1.0s",
		99999 * time.Millisecond: "99.9s", 100 * time.Second: "1m", 100*time.Minute - 1: "99m", 100 * time.Minute: "1h40m",
		100*time.Hour - 1: "99h59m", 1000 * time.Hour: "41d", -3 * time.Second: "-3.0s", -1 << 63: "-106751d",
	} {
		if got := short(d); got != want {
			t.Errorf("%d: got %s, want %s", d, got, want)
		}
	}
}
