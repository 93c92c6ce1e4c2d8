package main

import (
	"fmt"
	"time"

	tea "github.com/charmbracelet/bubbletea"
	"github.com/charmbracelet/lipgloss"

	"github.com/anyio-go/anyio/inspect"
)

// A model is what the screen shows. It belongs to the goroutine of bubbletea's loop.
type model struct {
	src    source
	styles styles
	every  time.Duration // between two looks, as was asked for
	long   time.Duration // who waits for longer comes first

	last    *inspect.Snapshot
	took    time.Duration // the last look
	looking bool          // an answer is due
	rested  time.Duration // since the last answer
	silent  int           // for how many seconds it has been
	ticks   int           // the number of the last look or tick that was asked for
	trouble string        // why the last look failed
	ended   bool          // the process has

	rows     []row // what is listed
	total    int   // how many tasks there are
	order    order
	reversed bool
	tree     bool
	paused   bool
	filter   string
	typing   bool // the filter
	help     bool

	cursor int          // the chosen row
	top    int          // the first row that is seen
	chosen *inspect.Ref // the task that the cursor follows; nil at the first row, whatever is there

	details *details // of one task; nil for the list
	width   int
	height  int
}

func newModel(src source, every, long time.Duration, on *lipgloss.Renderer) *model {
	return &model{src: src, styles: stylesOn(on), every: every, long: long, last: &inspect.Snapshot{}}
}

// Init asks for the second look: the first was before the screen.
func (m *model) Init() tea.Cmd { return m.nextLook() }

// Update does what the user, the clock or the process asks for.
func (m *model) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	switch msg := msg.(type) {
	case tea.WindowSizeMsg:
		m.width, m.height = msg.Width, msg.Height
		m.rewrite()
	case answer:
		return m, m.take(msg)
	case tick:
		if int(msg) == m.ticks {
			return m, m.takeTick()
		}
	case clock:
		if int(msg) == m.ticks && m.looking {
			m.silent++
			return m, m.nextClock()
		}
	case tea.KeyMsg:
		return m, m.keys(msg)
	}
	return m, nil
}

// keys takes letters one by one: those that were typed while the screen was busy come as
// one message. What is pasted is for the filter alone.
func (m *model) keys(k tea.KeyMsg) tea.Cmd {
	if k.Type != tea.KeyRunes || k.Paste {
		return m.key(k)
	}
	var all []tea.Cmd
	for _, r := range k.Runes {
		if cmd := m.key(tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune{r}, Alt: k.Alt}); cmd != nil {
			all = append(all, cmd)
		}
	}
	return tea.Batch(all...)
}

func (m *model) key(k tea.KeyMsg) tea.Cmd {
	name := k.String()
	switch {
	case name == "ctrl+c":
		return tea.Quit
	case m.typing:
		m.typeFilter(k)
		return nil
	case name == "q":
		return tea.Quit
	case m.help:
		m.help = false // by any key
		return nil
	}
	switch name {
	case "?", "h":
		m.help = true
	case "p", " ":
		m.paused = !m.paused
		return m.startLook()
	case "+", "=":
		m.slower()
		return m.again()
	case "-":
		m.faster()
		return m.again()
	default:
		if m.details != nil {
			m.keyInDetails(name)
		} else {
			m.keyInList(name)
		}
	}
	return nil
}

// again waits for the next look anew.
func (m *model) again() tea.Cmd {
	if m.looking || m.paused {
		return nil
	}
	return m.nextLook()
}

func (m *model) keyInList(name string) {
	switch name {
	case "/":
		m.typing = true
	case "esc":
		m.filter = ""
		m.arrange()
	case "s":
		m.order = (m.order + 1) % orders
		m.tree = false
		m.arrange()
	case "r":
		m.reversed = !m.reversed
		m.arrange()
	case "t":
		m.tree = !m.tree
		m.arrange()
	case "enter":
		m.open()
	case "up", "k":
		m.move(-1)
	case "down", "j":
		m.move(1)
	case "pgup", "ctrl+b":
		m.move(-m.page())
	case "pgdown", "ctrl+f":
		m.move(m.page())
	case "home", "g":
		m.move(-len(m.rows))
	case "end", "G":
		m.move(len(m.rows))
	}
}

// typeFilter takes a key of the filter, which is at work while it is typed.
func (m *model) typeFilter(k tea.KeyMsg) {
	switch k.Type {
	case tea.KeyEnter:
		m.typing = false
	case tea.KeyEsc:
		m.typing, m.filter = false, ""
	case tea.KeyBackspace:
		if text := []rune(m.filter); len(text) > 0 {
			m.filter = string(text[:len(text)-1])
		}
	case tea.KeyCtrlU:
		m.filter = ""
	case tea.KeyRunes, tea.KeySpace:
		m.filter = printable(m.filter + string(k.Runes))
	case tea.KeyUp:
		m.move(-1)
		return
	case tea.KeyDown:
		m.move(1)
		return
	default:
		return
	}
	m.arrange()
}

// move moves the cursor, and what it follows.
func (m *model) move(by int) {
	m.cursor = max(0, min(m.cursor+by, len(m.rows)-1))
	m.chosen = nil
	if m.cursor > 0 {
		ref := m.rows[m.cursor].Ref
		m.chosen = &ref
	}
}

// keepChosen finds the chosen task where it is now. If it is no more, the cursor stays.
func (m *model) keepChosen() {
	if m.chosen != nil {
		for i := range m.rows {
			if m.rows[i].Ref == *m.chosen {
				m.cursor = i
				return
			}
		}
	}
	m.move(0)
}

// page is how many rows are seen.
func (m *model) page() int { return max(1, m.layout().rows) }

// epitaph is what is left to be told when the process has ended.
func (m *model) epitaph() string {
	return fmt.Sprintf("%s (%d) has ended, or listens no more: when it was seen last, at %s, it had %s and %s",
		m.last.Program, m.last.PID, m.last.Taken.Local().Format(time.TimeOnly), count(m.total, "task"), count(len(m.last.Deadlocks), "deadlock"))
}

// count is a number of things.
func count(n int, of string) string {
	if n == 1 {
		return "1 " + of
	}
	return fmt.Sprintf("%d %ss", n, of)
}
