package loop

import (
	"time"

	"github.com/anyio-go/anyio/internal/kernel"
)

// A loop looks at timers and outside events every turnLength tasks, and at the latest
// when turnTime has passed, so that tasks which work for long between two schedule points
// hold up no others. To know the time costs as much as to switch between two tasks, and
// needs more stack than a waiting task should have. So the clock is read every few tasks,
// the more seldom the shorter they have run, and whenever a task gives way of its own
// accord, as those do that work for long. What goes on for long after short steps is
// noticed from outside, see prompter.
const (
	turnLength = 61
	turnTime   = int64(100 * time.Microsecond)
)

// pace decides when it is time for a turn.
type pace struct {
	picks  int   // until the next look at the clock
	stride int   // from one look to the next
	left   int   // until a turn is due, counted at the looks
	ops    int   // operations of a task from one look to the next
	last   int64 // when the clock was read last
	turn   int64 // when the last turn was
	due    bool  // a turn is due
}

// turnDue counts a task that is about to run and reports whether a turn should come
// before it.
//
//go:norace
func (l *Loop) turnDue() bool {
	if l.pace.picks--; l.pace.picks > 0 && !l.prompt.late.Load() {
		return false
	}
	return l.pace.due || l.pace.look(l.Clock.Now(), l.Stride)
}

// look is told the time.
//
//go:norace
func (p *pace) look(now int64, most int) bool {
	if p.left -= p.stride; p.left <= 0 || now-p.turn >= turnTime {
		p.due = true
	}
	if now-p.last > turnTime/4 {
		p.stride = 1
	} else {
		p.stride = min(p.stride+1, most)
	}
	p.last, p.picks = now, p.stride
	if p.due {
		p.picks = 0 // until it is done
	}
	return p.due
}

// lookNext makes the next call of turnDue look at the clock.
//
//go:norace
func (p *pace) lookNext() {
	if p.picks > 1 {
		p.left += p.picks - 1 // as they were not run
		p.picks = 1
	}
}

// turned is told of a turn.
//
//go:norace
func (p *pace) turned(now int64, most int) {
	if p.stride == 0 {
		p.stride = most
	}
	p.last, p.turn, p.left, p.picks, p.due = now, now, turnLength, p.stride, false
}

// mostOps is how many operations a task may do between two looks at the clock, if they
// were short before.
const mostOps = 32

// begin makes t the current task. It has to give way after Budget operations that it
// need not wait for, or when turnTime has passed.
//
//go:norace
func (l *Loop) begin(t *kernel.Task) {
	l.cur = t
	l.granted = min(max(l.pace.ops, 1), l.Budget)
	l.budget = l.granted
}

// more lets the current task do more operations, unless it has to give way.
//
//go:norace
func (l *Loop) more() bool {
	left := l.Budget - l.granted
	if left == 0 {
		return false
	}
	n, ok := l.pace.grant(l.Clock.Now())
	l.budget = min(n, left)
	l.granted += l.budget
	return ok
}

// grant is told the time and says how many operations may be done until the next look.
//
//go:norace
func (p *pace) grant(now int64) (n int, ok bool) {
	if now-p.last > turnTime/4 {
		p.ops = 1
	} else {
		p.ops = min(max(2*p.ops, 1), mostOps)
	}
	p.last = now
	return p.ops, now-p.turn < turnTime
}
