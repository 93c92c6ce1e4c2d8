package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/charmbracelet/lipgloss"
	"github.com/charmbracelet/x/ansi"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/inspect"
)

// styles are how texts look. On a terminal without colors, or with NO_COLOR, they are all
// plain; so nothing is told by them alone.
type styles struct{ plain, bad, warn, good, dim, head, chosen lipgloss.Style }

func stylesOn(r *lipgloss.Renderer) styles {
	s := r.NewStyle().TabWidth(lipgloss.NoTabConversion)
	return styles{
		plain: s, bad: s.Foreground(lipgloss.Color("1")), warn: s.Foreground(lipgloss.Color("3")), good: s.Foreground(lipgloss.Color("2")),
		dim: s.Faint(true), head: s.Bold(true), chosen: s.Reverse(true),
	}
}

func (s *styles) of(r row) lipgloss.Style {
	switch {
	case r.rank <= holding:
		return s.bad
	case r.rank == overdue || r.Canceled != "":
		return s.warn
	case r.State != anyio.TaskWaiting:
		return s.good
	}
	return s.plain
}

// A layout is how the lines of the screen are shared out.
type layout struct {
	title, head, foot bool
	above             int // lines of runs and deadlocks
	rows              int
}

// leastRows is how many rows are seen, if that is possible, whatever else there is to see.
const leastRows = 5

func (m *model) layout() layout {
	left := m.height
	l := layout{title: left > 1, foot: left > 2, head: left > 4}
	for _, there := range []bool{l.title, l.foot, l.head} {
		if there {
			left--
		}
	}
	l.above = max(0, min(m.worthTelling(), (left-leastRows)/2, left-leastRows))
	l.rows = left - l.above
	return l
}

// View draws the screen. Of the tasks it draws those that are seen.
func (m *model) View() string {
	if m.width <= 0 || m.height <= 0 {
		return "" // it is not known yet
	}
	var lines []string
	switch {
	case m.help:
		lines = m.helpLines()
	case m.details != nil:
		lines = m.detailLines()
	default:
		lines = m.listLines()
	}
	return strings.Join(lines[:min(len(lines), m.height)], "\n")
}

// listLines is the screen with the list.
func (m *model) listLines() []string {
	l := m.layout()
	var lines []string
	if l.title {
		lines = append(lines, m.title())
	}
	lines = append(lines, m.above(l.above)...)
	c := columnsIn(m.width)
	if l.head {
		lines = append(lines, m.styles.head.Render(m.fit(c.line("  ", cells{"TASK", "STATE", "WAITS FOR", "SINCE", "AT", "WHO HAS IT"}))))
	}
	m.top = max(0, min(m.top, m.cursor, len(m.rows)-l.rows))
	m.top = max(m.top, m.cursor-l.rows+1)
	for i := m.top; i < m.top+l.rows; i++ {
		switch {
		case i < len(m.rows):
			lines = append(lines, m.line(c, i))
		case i == 0 && m.total > 0:
			lines = append(lines, m.fit("  no task has it: Escape takes the filter away"))
		case i == 0:
			lines = append(lines, m.fit("  there is no task"))
		default:
			lines = append(lines, "")
		}
	}
	if l.foot {
		lines = append(lines, m.foot())
	}
	return lines
}

func (m *model) line(c columns, i int) string {
	r, mark := m.rows[i], "  "
	style := m.styles.of(r)
	if i == m.cursor {
		mark, style = "> ", style.Inherit(m.styles.chosen)
	}
	waits := ""
	if r.Waited != nil {
		waits = short(*r.Waited)
	} else if held := r.held(); held > 0 {
		waits = short(held)
	}
	at := ""
	if len(r.At) > 0 {
		at = r.At[0]
	}
	number := m.nameOf("", r.Ref) // which is seen even if the name is long
	name := ansi.Truncate(r.branch+r.Name, max(0, c[colTask]-len(number)), "…") + number
	return style.Render(m.fit(c.line(mark, cells{name, r.state(), r.waitsFor(), waits, at, m.whoHas(r)})))
}

// fit cuts a line off where the screen ends.
func (m *model) fit(line string) string { return ansi.Truncate(line, m.width, "…") }

// title tells which process it is, and what the screen does.
func (m *model) title() string {
	text := fmt.Sprintf("%s (%d) at %s, every %s", m.last.Program, m.last.PID, m.last.Taken.Local().Format(time.TimeOnly), m.pause())
	if m.filter != "" || m.typing {
		text += fmt.Sprintf(", %d of %s", len(m.rows), count(m.total, "task"))
	} else {
		text += ", " + count(m.total, "task")
	}
	text = m.styles.head.Render(m.fit(text))
	state := ""
	switch {
	case m.paused:
		state = "  PAUSED"
	case m.silent > 0 && m.looking:
		state = fmt.Sprintf("  no answer for %d s", m.silent)
	case m.trouble != "":
		state = "  no answer: " + m.trouble
	}
	return m.fit(text + m.styles.warn.Render(state))
}

// worthTelling is how many lines there could be between the title and the list.
func (m *model) worthTelling() int {
	n := len(m.last.Deadlocks) + len(m.last.Runs)
	for i := range m.last.Runs {
		n += len(m.last.Runs[i].Held)
	}
	return n
}

// above are the lines between the title and the list: deadlocks, and runs with their loops
// that are held up.
func (m *model) above(room int) []string {
	var lines []string
	add := func(text string, style lipgloss.Style) {
		if len(lines) < room {
			lines = append(lines, style.Render(m.fit(text)))
		}
	}
	for _, d := range m.last.Deadlocks[:min(len(m.last.Deadlocks), room)] {
		add(m.deadlockText(d), m.styles.bad)
	}
	for i := range m.last.Runs[:min(len(m.last.Runs), room)] {
		r := &m.last.Runs[i]
		for _, h := range r.Held[:min(len(r.Held), room)] {
			add(m.heldText(r, h), m.styles.bad)
		}
		add(m.runText(r), m.styles.plain)
	}
	if more := m.worthTelling() - room; more > 0 && room > 0 {
		lines[room-1] = m.fit(fmt.Sprintf("and %d more deadlocks and runs", more+1))
	}
	return lines
}

// heldText tells of a loop that is held up.
func (m *model) heldText(r *inspect.Run, h inspect.HeldLoop) string {
	loop := "the event loop"
	if r.Loops > 1 {
		loop = fmt.Sprintf("event loop %d", h.Loop)
	}
	if len(m.last.Runs) > 1 {
		loop += fmt.Sprintf(" of run %d", r.ID)
	}
	by := "a callback"
	ref := inspect.Ref{Run: r.ID, Task: h.Task}
	if t := m.last.Task(ref); t != nil {
		by = m.nameOf(t.Name, ref)
	}
	return fmt.Sprintf("%s is held up for %s by %s", loop, short(h.For), by)
}

// deadlockText is a circle as far as a line has room for it.
func (m *model) deadlockText(d inspect.Deadlock) string {
	var b strings.Builder
	b.WriteString("deadlock")
	if len(d.Behind) > 0 {
		fmt.Fprintf(&b, " with %d behind it", len(d.Behind))
	}
	b.WriteString(": ")
	for i, l := range d.Circle {
		if b.Len() > 4*m.width {
			break // beyond the end of the line
		}
		if i > 0 {
			b.WriteString(" → ")
		}
		b.WriteString(m.nameOf(l.Name, l.Ref))
	}
	if len(d.Circle) > 0 {
		b.WriteString(" → " + m.nameOf(d.Circle[0].Name, d.Circle[0].Ref))
	}
	return b.String()
}

// runText counts the tasks of a run.
func (m *model) runText(r *inspect.Run) string {
	var waiting, ready, running int
	for i := range r.Tasks {
		switch r.Tasks[i].State {
		case anyio.TaskWaiting:
			waiting++
		case anyio.TaskRunning:
			running++
		default:
			ready++
		}
	}
	var readyIn []int
	late := time.Duration(0)
	for _, l := range r.Statistics[:min(len(r.Statistics), mostLoops)] {
		readyIn, late = append(readyIn, l.Ready), max(late, l.Behind)
	}
	text := "outside of all runs"
	if r.ID != 0 {
		backend := r.Backend
		if r.Loops > 1 {
			backend = fmt.Sprintf("%d %s", r.Loops, backend) // "eventloops"
		}
		text = fmt.Sprintf("run %d on %s for %s", r.ID, backend, short(m.last.Taken.Sub(r.Began)))
	}
	text += fmt.Sprintf(": %s, %d waiting, %d ready", count(len(r.Tasks), "task"), waiting, ready)
	if running > 0 {
		text += fmt.Sprintf(", %d running", running)
	}
	if len(readyIn) > 1 && ready > 0 {
		text += ", ready by loop " + strings.Trim(fmt.Sprint(readyIn), "[]")
	}
	if late >= time.Millisecond {
		text += ", timers up to " + short(late) + " late"
	}
	return text
}

// mostLoops is of how many loops is told.
const mostLoops = 64

// foot is the line with the most important keys, or with the filter.
func (m *model) foot() string {
	if m.typing {
		return m.fit("/" + m.filter + "_   (Enter keeps it, Escape takes it away)")
	}
	shape, by := "tree", m.order.String()
	if m.tree {
		shape = "list"
	}
	if m.reversed {
		by += " reversed"
	}
	text := fmt.Sprintf("q quit  ? keys  / filter  s sort: %s  t %s  p pause  Enter why", by, shape)
	if m.filter != "" {
		text = "/" + m.filter + "  " + text
	}
	return m.styles.dim.Render(m.fit(text))
}
