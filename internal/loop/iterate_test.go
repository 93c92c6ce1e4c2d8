//go:build !race

package loop

import (
	"strings"
	"testing"

	"github.com/anyio-go/anyio/internal/kernel"
)

// iterations runs two tasks that give way again and again, on a loop that iterates, and
// returns the order of what they note. The second one does act in its third turn.
func iterations(t *testing.T, act func(l *Loop, c *workClock, note func(string))) string {
	t.Helper()
	var order []string
	note := func(what string) { order = append(order, what) }
	runLoop(t, Params{Budget: 128, Stride: 16}, func(l *Loop, c *workClock) {
		l.Iterate(func() { note("halt") })
		for range 6 {
			note("a")
			l.Yield(true)
		}
	}, func(l *Loop, c *workClock) {
		for i := range 6 {
			note("b")
			if i == 2 {
				act(l, c, note)
			}
			l.Yield(true)
		}
	})
	return strings.Join(order, " ")
}

// A noteTimer notes when it fires.
type noteTimer func()

func (f noteTimer) Fire() { f() }

// Each iteration is a turn of b and one of a. When it ends the loop halts if it was asked
// to, fires timers, and queues what has come from outside behind those who are ready.
func TestIterationBeginsWithWhatHasCome(t *testing.T) {
	for name, c := range map[string]struct {
		act  func(l *Loop, c *workClock, note func(string))
		want string
	}{
		"halt": {
			func(l *Loop, c *workClock, note func(string)) { l.Halt() },
			"a b a b a b a halt b a b a b",
		},
		"call from outside": {
			func(l *Loop, c *workClock, note func(string)) {
				apart(func() { l.Call(callback(func() { note("call") })) })
			},
			"a b a b a b a b a call b a b",
		},
		"timer": {
			func(l *Loop, c *workClock, note func(string)) {
				timer := &kernel.Timer{When: c.now}
				timer.Value = noteTimer(func() { note("timer") })
				l.Arm(timer)
			},
			"a b a b a b a timer b a b a b",
		},
	} {
		if got := iterations(t, c.act); got != c.want {
			t.Errorf("%s:\ngot  %s\nwant %s", name, got, c.want)
		}
	}
}

// The next iteration begins on the stack of a task if there is nothing else to do, so that
// tasks which wake each other need no driver.
func TestIterationBeginsOnTheStackOfATask(t *testing.T) {
	hosted := 0
	var one, two *kernel.Task
	runLoop(t, Params{Budget: 128, Stride: 16}, func(l *Loop, c *workClock) {
		l.Iterate(func() {})
		one = l.Current()
		l.Yield(true)
		for range 10 {
			l.Unpark(two)
			l.Park(one)
		}
		l.Unpark(two)
	}, func(l *Loop, c *workClock) {
		two = l.Current()
		l.Park(two)
		for range 10 {
			if l.hosted {
				hosted++
			}
			l.Unpark(one)
			l.Park(two)
		}
	})
	if hosted == 0 {
		t.Error("each turn needed the driver")
	}
}
