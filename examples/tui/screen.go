package main

import (
	"fmt"
	"strings"
	"time"

	tea "github.com/charmbracelet/bubbletea"
)

// A call is a message that asks the loop for a call. Each step of a task is made in one.
type call func()

// A frame is the message at whose time a new picture is due.
type frame time.Time

const (
	framesEach = 50 * time.Millisecond
	rowLength  = 76
)

// A screen is the program's model. It belongs to the goroutine of bubbletea's loop, which
// all tasks run on, too; so they write into it as they like.
type screen struct {
	cells    []time.Time // when each task has made its last step
	steps    int
	address  string
	clients  int // connections of the server
	echoes   int // messages that it has sent back
	busy     int // tasks that compute
	sums     int // what they have computed
	ratio    float64
	err      error
	over     bool
	cancel   func()
	computes func(on bool) // set by the guest

	begin   time.Time
	typed   string
	due     time.Time     // the next frame
	late    time.Duration // how late a frame was at most, in this second
	lateMax time.Duration // in the second before
	frames  int
	rates   rates
	picture string
}

// rates are what was counted in the last second.
type rates struct {
	at                  time.Time
	steps, echoes, sums int // when the second began
	perSecond           [3]int
}

func newScreen(tasks int, cancel func()) *screen {
	now := time.Now()
	return &screen{cells: make([]time.Time, tasks), cancel: cancel, begin: now, due: now.Add(framesEach), rates: rates{at: now}}
}

// Init asks for the first frame.
func (s *screen) Init() tea.Cmd { return s.nextFrame() }

func (s *screen) nextFrame() tea.Cmd {
	return tea.Tick(time.Until(s.due), func(t time.Time) tea.Msg { return frame(t) })
}

// Update makes a call, or does what the user or the clock asks for.
func (s *screen) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	switch msg := msg.(type) {
	case call:
		if msg(); s.over {
			return s, tea.Quit
		}
		return s, nil // and the picture stays what it was until the next frame
	case frame:
		s.tick(time.Now())
		return s, s.nextFrame()
	case tea.KeyMsg:
		s.key(msg)
		s.paint(time.Now()) // at once
	}
	return s, nil
}

func (s *screen) key(k tea.KeyMsg) {
	switch k.Type {
	case tea.KeyEsc, tea.KeyCtrlC:
		s.cancel() // the guest ends, and then the program
	case tea.KeyF2:
		if s.computes != nil {
			s.computes(s.busy == 0)
		}
	case tea.KeyBackspace:
		s.typed = s.typed[:max(0, len(s.typed)-1)]
	case tea.KeyRunes, tea.KeySpace:
		s.typed += string(k.Runes)
	}
}

// tick is told of a frame, and how late it is.
func (s *screen) tick(now time.Time) {
	s.frames++
	s.late = max(s.late, now.Sub(s.due))
	if s.due = s.due.Add(framesEach); s.due.Before(now) {
		s.due = now.Add(framesEach)
	}
	if r := &s.rates; now.Sub(r.at) >= time.Second {
		for i, n := range []int{s.steps - r.steps, s.echoes - r.echoes, s.sums - r.sums} {
			r.perSecond[i] = int(float64(n) / now.Sub(r.at).Seconds())
		}
		r.at, r.steps, r.echoes, r.sums = now, s.steps, s.echoes, s.sums
		s.lateMax, s.late = s.late, 0
	}
	s.paint(now)
}

// paint makes a picture.
func (s *screen) paint(now time.Time) {
	var b strings.Builder
	fmt.Fprintf(&b, " %d tasks and a TCP server as the guest of a terminal's loop  %5.1f s", len(s.cells), now.Sub(s.begin).Seconds())
	for i, at := range s.cells {
		if i%rowLength == 0 {
			b.WriteString("\n ")
		}
		b.WriteByte(shade(now.Sub(at)))
	}
	fmt.Fprintf(&b, "\n\n tasks   %8d steps a second\n", s.rates.perSecond[0])
	fmt.Fprintf(&b, " server  %8d echoes a second, %d connections to %s\n", s.rates.perSecond[1], s.clients, s.address)
	fmt.Fprintf(&b, " compute %8d sums a second by %d tasks (F2)\n", s.rates.perSecond[2], s.busy)
	fmt.Fprintf(&b, " loop    a sleep takes %.2f times as long as asked for\n", s.ratio)
	fmt.Fprintf(&b, " screen  %8d frames, the latest of this second was %.1f ms late\n", s.frames, float64(s.lateMax.Microseconds())/1000)
	fmt.Fprintf(&b, "\n type here: %s_   (escape ends)", s.typed)
	s.picture = b.String()
}

// shade shows how long ago a step was.
func shade(ago time.Duration) byte {
	const shades = "#*+-:. "
	return shades[min(int(ago/(40*time.Millisecond)), len(shades)-1)]
}

// View returns the picture.
func (s *screen) View() string { return s.picture }
