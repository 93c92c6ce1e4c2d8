package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/charmbracelet/x/ansi"

	"github.com/anyio-go/anyio/inspect"
)

// details are all that is known of one task.
type details struct {
	ref   inspect.Ref
	name  string
	lines []string // as wide as the screen
	top   int      // the first one that is seen
}

// open shows the details of the chosen task.
func (m *model) open() {
	if m.cursor < len(m.rows) {
		r := m.rows[m.cursor]
		m.details = &details{ref: r.Ref, name: m.nameOf(r.Name, r.Ref)}
		m.rewrite()
	}
}

func (m *model) keyInDetails(name string) {
	d, page := m.details, max(1, m.height-2)
	switch name {
	case "esc", "enter", "left", "backspace":
		m.details = nil
		return
	case "up", "k":
		d.top--
	case "down", "j":
		d.top++
	case "pgup", "ctrl+b":
		d.top -= page
	case "pgdown", "ctrl+f":
		d.top += page
	case "home", "g":
		d.top = 0
	case "end", "G":
		d.top = len(d.lines)
	}
	d.top = max(0, min(d.top, len(d.lines)-page))
}

// rewrite writes the details anew, as there is something new or the screen has changed. Of a
// task that is over they stay.
func (m *model) rewrite() {
	d := m.details
	if d == nil || m.width <= 0 {
		return
	}
	t := m.last.Task(d.ref)
	var b strings.Builder
	if t == nil {
		b.WriteString("It is over.")
	} else {
		d.name = m.nameOf(t.Name, d.ref)
		of := slices.IndexFunc(m.last.Runs, func(r inspect.Run) bool { return r.ID == d.ref.Run })
		m.describe(&b, m.rowOf(&m.last.Runs[of], t, ranksOf(m.last)))
	}
	d.lines = strings.Split(ansi.Wrap(strings.TrimRight(b.String(), "\n"), m.width, " "), "\n")
	d.top = max(0, min(d.top, len(d.lines)-max(1, m.height-2)))
}

// describe tells of a task: why it does not go on first, as that is what is asked for.
func (m *model) describe(b *strings.Builder, r row) {
	fmt.Fprintf(b, "state      %s", r.State)
	switch r.rank {
	case inCircle:
		b.WriteString(" in a deadlock")
	case behind:
		b.WriteString(" behind a deadlock")
	}
	if what := r.waitsFor(); what != "" {
		fmt.Fprintf(b, ", in %s", what)
	}
	if r.Waited != nil {
		fmt.Fprintf(b, " for %s", short(*r.Waited))
	}
	b.WriteByte('\n')
	if r.rank == holding {
		fmt.Fprintf(b, "holds up   its event loop, for %s\n", short(r.held()))
	}
	if r.Canceled != "" {
		fmt.Fprintf(b, "pending    %s\n", strings.TrimPrefix(r.Canceled, "anyio: "))
	}
	if r.Deadline != nil {
		fmt.Fprintf(b, "deadline   in %s\n", short(*r.Deadline))
	}
	if r.Shielded {
		b.WriteString("shielded   from cancellation outside of it\n")
	}
	if r.Parent != 0 {
		parent := inspect.Ref{Run: r.Run, Task: r.Parent}
		name := ""
		if t := m.last.Task(parent); t != nil {
			name = t.Name
		}
		fmt.Fprintf(b, "in a group of %s\n", m.nameOf(name, parent))
	}
	fmt.Fprintf(b, "run        %d", r.Run)
	if r.of.Loops > 1 {
		fmt.Fprintf(b, ", event loop %d of %d", r.Loop, r.of.Loops)
	}
	b.WriteString("\n\nWhy it does not go on:\n" + m.last.WhyText(r.Ref))
	if len(r.At) > 0 {
		b.WriteString("\nWhere it is, the innermost call first:\n")
		for _, at := range r.At {
			b.WriteString("  " + at + "\n")
		}
	}
	if r.Goroutine != "" {
		fmt.Fprintf(b, "\nIts goroutine: %s\n", r.Goroutine)
	}
}

// detailLines is the screen with the details.
func (m *model) detailLines() []string {
	d := m.details
	lines := []string{m.styles.head.Render(m.fit(d.name)) + m.detailState()}
	lines[0] = m.fit(lines[0])
	for i := d.top; i < d.top+m.height-2; i++ {
		line := ""
		if i < len(d.lines) {
			line = m.fit(strings.TrimRight(d.lines[i], " "))
		}
		lines = append(lines, line)
	}
	return append(lines, m.styles.dim.Render(m.fit("q quit  Escape back  ↑ ↓ more  p pause  ? keys")))
}

func (m *model) detailState() string {
	if m.paused {
		return m.styles.warn.Render("  PAUSED")
	}
	return ""
}

// helpLines is the screen with the keys.
func (m *model) helpLines() []string {
	const keys = `Keys
  q Ctrl-C     quit
  ↑ ↓ k j      choose a task; PgUp PgDn Home End as well
  Enter        all of the chosen task, and why it does not go on
  Escape       back; in the list: without a filter
  /            show the tasks that have what you type, #5 or #1.5 the one
  s r          sort by wait, name or state; in reverse
  t            as a tree, or as a list
  p Space      pause, go on
  + -          look less often, or more often
Deadlocks come first, and what waits behind them; then what holds up
its event loop; then what waits for %s and more; then the others.
It only looks: no key does anything to the process.
Any key goes back.`
	lines := strings.Split(fmt.Sprintf(keys, m.long), "\n")
	for i := range lines {
		lines[i] = m.fit(lines[i])
	}
	return lines
}
