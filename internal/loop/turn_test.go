//go:build !race

package loop

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/anyio-go/anyio/internal/goid"
	"github.com/anyio-go/anyio/internal/kernel"
)

// A callback is a function that the loop calls.
type callback func()

func (f callback) Called() { f() }

// apart runs f on another goroutine while the calling task has its turn.
func apart(f func()) {
	done := make(chan struct{})
	go func() { defer close(done); f() }()
	<-done
}

// Tasks and calls that other goroutines make ready have their turns in the order in which
// that was done.
func TestWhatComesFromOutsideKeepsItsOrder(t *testing.T) {
	var order []string
	var tasks [2]*kernel.Task
	waits := func(i int) func(l *Loop, c *workClock) {
		return func(l *Loop, c *workClock) {
			tasks[i] = l.Current()
			l.Park(tasks[i])
			order = append(order, fmt.Sprint("task ", i))
		}
	}
	call := func(l *Loop, name string) {
		l.Call(callback(func() { order = append(order, name) }))
	}
	runLoop(t, Params{Budget: 128, Stride: 16}, waits(0), waits(1), func(l *Loop, c *workClock) {
		l.Yield(true)
		apart(func() {
			call(l, "first call")
			l.Unpark(tasks[1])
			call(l, "second call")
			l.Unpark(tasks[0])
			call(l, "third call")
		})
	})
	if got, want := strings.Join(order, ", "), "first call, task 1, second call, task 0, third call"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// An onStep is a Director that is told of the steps of tasks.
type onStep func(t *kernel.Task) string

func (f onStep) OnStep(t *kernel.Task) string { return f(t) }
func (onStep) BeforeStep() bool               { return false }
func (onStep) CallFirst(int) bool             { return false }
func (onStep) OnCall() string                 { return "" }
func (onStep) OnStall(*kernel.Stall) error    { return nil }

// What acts between two steps makes tasks ready.
func TestIntruderMakesTasksReady(t *testing.T) {
	var l *Loop
	var waiting *kernel.Task
	steps := 0
	p := Params{Budget: 128, Stride: 16, Director: onStep(func(*kernel.Task) string {
		if steps++; steps == 20 {
			l.Intrude(func() { l.Unpark(waiting) })
		}
		return ""
	})}
	over := false
	runLoop(t, p, func(lp *Loop, c *workClock) {
		l, waiting = lp, lp.Current()
		l.Park(waiting)
		over = true
	}, func(l *Loop, c *workClock) {
		for steps < 25 {
			l.Yield(true)
		}
		if !over {
			t.Error("the task waits still")
			l.Unpark(waiting)
		}
	})
}

// A loop whose Idle looks outside does so itself only after that, unless a task waits for
// all to be blocked.
func TestIdleLooksOutside(t *testing.T) {
	for _, looks := range []bool{false, true} {
		var before []int // how often the loop had looked, at each Idle
		runLoop(t, Params{Budget: 128, Stride: 16, Looks: looks}, func(l *Loop, c *workClock) {
			c.idle = func(int64, bool) { before = append(before, len(c.polls)) }
			c.polls = nil
			for range 3 {
				sleep(l, c, 1)
			}
			l.watchers = &watcher{} // of a wait that is over
			l.watchers.w.Prepare(kernel.Place{}, opWaitAllBlocked)
			l.watchers.w.Wake()
			sleep(l, c, 1)
		})
		if want := map[bool][]int{false: {1, 3, 5, 7}, true: {0, 1, 2, 4}}[looks]; !slices.Equal(before, want) {
			t.Errorf("looks=%v: the loop had looked %v times, want %v", looks, before, want)
		}
	}
}

// Others may ask on which goroutine a step is.
func TestLoopTellsWhoHasItsTurn(t *testing.T) {
	ask := func(l *Loop, what string, want int64) {
		apart(func() {
			if got := l.Stepping(); got != want {
				t.Errorf("%s: goroutine %d, want %d", what, got, want)
			}
		})
	}
	runLoop(t, Params{Budget: 128, Stride: 16}, func(l *Loop, c *workClock) {
		ask(l, "task", goid.Get())
		l.Call(callback(func() { ask(l, "call", goid.Get()) }))
		c.idle = func(int64, bool) { ask(l, "loop that waits", 0) }
		sleep(l, c, 1)
		ask(l, "task that has waited", goid.Get())
	})
}

// Nor does it look because a task has ended.
func TestEndOfATaskIsNoLookOutside(t *testing.T) {
	var before []int // how often the loop had looked, at each Idle
	runLoop(t, Params{Budget: 128, Stride: 16, Looks: true}, func(l *Loop, c *workClock) {
		sleep(l, c, 1)
	}, func(l *Loop, c *workClock) {
		c.polls = nil
		c.idle = func(int64, bool) { before = append(before, len(c.polls)) }
	})
	if !slices.Equal(before, []int{0}) {
		t.Errorf("the loop had looked %v times before it waited", before)
	}
}
