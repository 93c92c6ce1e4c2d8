package main

import (
	"strings"
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"github.com/anyio-go/anyio/inspect"
)

// patience is how long the process may take to answer, as for anyio tree.
const patience = 30 * time.Second

// A source is where snapshots come from.
type source struct {
	fetch func() (*inspect.Snapshot, error)
	gone  func() bool // whether nobody listens any more
}

// An answer is the message that a look has ended.
type answer struct {
	*inspect.Snapshot // nil if there is an error, or it was not looked at but for whether it is there
	took              time.Duration
	err               error
	gone              bool // the process has ended, or listens no more
}

// why says in one line why there is no snapshot.
func (a answer) why() string { return oneLine(strings.TrimPrefix(a.err.Error(), "inspect: ")) }

// look takes a snapshot, on a goroutine of its own as all commands of bubbletea, and cleans
// it: nothing that the process has said gets any further as it came.
func (s source) look() tea.Msg {
	began := time.Now()
	snapshot, err := s.fetch()
	a := answer{Snapshot: snapshot, took: time.Since(began), err: err}
	if err == nil {
		clean(snapshot)
	} else {
		a.gone = s.gone()
	}
	return a
}

// watch finds out whether the process is there.
func (s source) watch() tea.Msg { return answer{gone: s.gone()} }

// A tick is the message that it is time for the next look, if none of a later number has
// been asked for.
type tick int

// A clock is the message that a second has gone by, in which the process may not have
// answered. It has the number of the look.
type clock int

// startLook looks at once, and lets the screen tell how long it takes if it takes long.
func (m *model) startLook() tea.Cmd {
	if m.looking || m.paused {
		return nil
	}
	m.looking = true
	m.ticks++
	return tea.Batch(m.src.look, m.nextClock())
}

func (m *model) nextClock() tea.Cmd {
	n := m.ticks
	return tea.Tick(time.Second, func(time.Time) tea.Msg { return clock(n) })
}

// nextLook waits for the time between two looks.
func (m *model) nextLook() tea.Cmd {
	m.ticks++
	n := m.ticks
	return tea.Tick(m.every, func(time.Time) tea.Msg { return tick(n) })
}

// A process that is slow to answer stands still for that time; so it is looked at less
// often, and in between it is only seen whether it is there.
const (
	restful  = 10          // the time between two looks is so many times what a look takes
	mostRest = time.Minute // but not more
)

// pause is the time between two looks.
func (m *model) pause() time.Duration {
	rest := min(restful*m.took.Truncate(10*time.Millisecond), mostRest)
	return max(1, (rest+m.every-1)/m.every) * m.every
}

// takeTick looks, or rests.
func (m *model) takeTick() tea.Cmd {
	if m.paused {
		return nil
	}
	if m.rested += m.every; m.rested < m.pause() {
		m.looking = true
		return m.src.watch
	}
	return m.startLook()
}

// take takes an answer.
func (m *model) take(a answer) tea.Cmd {
	m.looking, m.silent = false, 0
	switch {
	case m.paused: // it came too late, and nothing is to be taken away from who reads
		return nil
	case a.gone:
		m.ended = true
		return tea.Quit
	case a.err != nil:
		m.trouble, m.rested = a.why(), 0
	case a.Snapshot != nil:
		m.last, m.took, m.trouble, m.rested = a.Snapshot, a.took, "", 0
		m.arrange()
	}
	return m.nextLook()
}

// intervals can be chosen by keys.
var intervals = []time.Duration{
	200 * time.Millisecond, 500 * time.Millisecond, time.Second, 2 * time.Second, 5 * time.Second,
	10 * time.Second, 30 * time.Second, time.Minute,
}

// slower chooses the next longer interval, faster the next shorter one, if there is one.
func (m *model) slower() {
	for _, d := range intervals {
		if d > m.every {
			m.every = d
			return
		}
	}
}

func (m *model) faster() {
	for i := len(intervals) - 1; i >= 0; i-- {
		if intervals[i] < m.every {
			m.every = intervals[i]
			return
		}
	}
}
