package loop

import (
	"testing"

	"github.com/anyio-go/anyio/internal/goid"
	"github.com/anyio-go/anyio/internal/kernel"
	"github.com/anyio-go/anyio/internal/locktest"
)

type dud struct{}

func (dud) Fire() {}

func TestTimersAreUsedUnderTheirLock(t *testing.T) {
	l := &Loop{}
	ts := &l.timers
	timer := &kernel.Timer{When: 5, Value: dud{}}
	locktest.Takes(t, "push", &ts.mu, func() { ts.push(timer) })
	locktest.Takes(t, "next", &ts.mu, func() { ts.next() })
	locktest.Takes(t, "HasTimerOf", &ts.mu, func() { l.HasTimerOf(1) })
	locktest.Takes(t, "due", &ts.mu, func() { ts.due(4) })
	locktest.Takes(t, "remove", &ts.mu, func() { ts.remove(timer) })
}

func TestTimersAreToldInTheirOrder(t *testing.T) {
	l := &Loop{}
	ts := &l.timers
	want := func(what string, when int64, armed bool, n int32) {
		t.Helper()
		if at, ok := ts.next(); at != when || ok != armed || ts.empty() == armed || ts.n.Load() != n || l.HasTimerOf(l.Armed()) != armed {
			t.Errorf("%s: %d timers, the first is due at %d, %v", what, ts.n.Load(), at, ok)
		}
	}
	at := func(when int64) *kernel.Timer { return &kernel.Timer{When: when, Value: dud{}} }
	three, five, four := at(3), at(5), at(4)
	want("none", 0, false, 0)
	for _, c := range []struct {
		timer *kernel.Timer
		first bool
	}{{five, true}, {three, true}, {four, false}} {
		if first := ts.push(c.timer); first != c.first {
			t.Errorf("the timer at %d is the first: %v", c.timer.When, first)
		}
	}
	want("three", 3, true, 3)
	if ts.due(2) != nil || ts.due(3) != three || ts.due(3) != nil {
		t.Error("not the one that is due at that very moment")
	}
	want("two", 4, true, 2)
	if !ts.remove(four) || ts.remove(four) || ts.remove(three) {
		t.Error("not the one that is armed was removed")
	}
	want("one", 5, true, 1)
	if ts.due(9) != five {
		t.Error("the last one is not due")
	}
	want("none is left", 0, false, 0)
}

// A wakeClock counts how often the loop is woken.
type wakeClock struct {
	Clock
	wakes int
}

func (c *wakeClock) Wake() { c.wakes++ }

// The loop is woken for a timer that is the first to be due, by those who do not run on
// it: it may be about to wait for longer.
func TestFirstTimerOfAnotherGoroutineWakesTheLoop(t *testing.T) {
	for name, c := range map[string]struct {
		own  func(l *Loop)
		want int
	}{
		"somebody else": {func(*Loop) {}, 1},
		"driver":        {func(l *Loop) { l.goid.Store(goid.Get()) }, 0},
		"running task":  {func(l *Loop) { l.current.Store(goid.Get()) }, 0},
	} {
		clock := &wakeClock{}
		l := &Loop{Params: Params{Clock: clock}}
		c.own(l)
		for _, when := range []int64{5, 6, 7} { // the later ones change nothing
			if l.Arm(&kernel.Timer{When: when, Value: dud{}}); clock.wakes != c.want {
				t.Errorf("%s: woken %d times by the timer at %d", name, clock.wakes, when)
			}
		}
		if l.Arm(&kernel.Timer{When: 4, Value: dud{}}); clock.wakes != 2*c.want {
			t.Errorf("%s: woken %d times after an earlier one", name, clock.wakes)
		}
	}
}
