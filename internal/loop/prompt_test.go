//go:build !race

package loop

import (
	"runtime"
	"testing"
	"time"

	"github.com/anyio-go/anyio/internal/kernel"
)

// prompted gives the loop a prompter whose timer the test is.
func prompted(l *Loop) {
	l.prompt.timer = time.NewTimer(time.Hour)
	l.prompt.asleep.Store(true)
}

// tick makes the prompter look, as its timer would.
func tick(l *Loop) { l.prompt.tick(l.stats.turns.Load()) }

// Whatever was before, a timer that is due when the loop is prompted is fired next.
func TestPromptedLoopLooksOutsideNext(t *testing.T) {
	const short, most = 10_000, 128
	for name, next := range map[string]func(l *Loop){
		"gives way":                    func(l *Loop) { l.Yield(true) },
		"operation that need not wait": func(l *Loop) { l.Yield(false) },
	} {
		a := &alert{}
		runLoop(t, Params{Budget: most, Stride: 16}, func(l *Loop, c *workClock) {
			prompted(l)
			for range short {
				next(l)
			}
			a.arm(l, c, 0)
			tick(l) // there were turns
			c.work(promptTime)
			tick(l)
			for range most {
				next(l)
				c.work(promptTime)
			}
		})
		if late := time.Duration(a.at); late != promptTime {
			t.Errorf("%s: the timer was late by %v", name, late)
		}
	}
}

// So it is where tasks wake each other, and between calls.
func TestPromptedLoopLooksOutsideBetweenThoseWhoWait(t *testing.T) {
	a := &alert{}
	var one, two *kernel.Task
	first := func(l *Loop, c *workClock) {
		one = l.Current()
		l.Yield(true)
		for i := range 10_000 {
			if i == 5000 {
				a.arm(l, c, 0)
				tick(l)
				c.work(promptTime)
				tick(l)
			}
			if i >= 5000 && i < 5020 {
				c.work(promptTime)
			}
			l.Unpark(two)
			l.Park(one)
		}
		l.Unpark(two)
	}
	second := func(l *Loop, c *workClock) {
		prompted(l)
		two = l.Current()
		l.Park(two)
		for range 10_000 {
			l.Unpark(one)
			l.Park(two)
		}
	}
	runLoop(t, Params{Budget: 128, Stride: 16}, first, second)
	if late := time.Duration(a.at); late != 2*promptTime {
		t.Errorf("the timer was late by %v", late)
	}
}

func TestPromptedLoopLooksOutsideBetweenCalls(t *testing.T) {
	a := &alert{}
	runLoop(t, Params{Budget: 128, Stride: 16}, func(l *Loop, c *workClock) {
		prompted(l)
		for range 10_000 {
			l.Yield(true)
		}
		l.Call(callback(func() {
			a.arm(l, c, 0)
			tick(l)
			c.work(promptTime)
			tick(l)
		}))
		for range 50 {
			l.Call(callback(func() { c.work(promptTime) }))
		}
		l.Yield(true)
	})
	if late := time.Duration(a.at); late != promptTime {
		t.Errorf("the timer was late by %v", late)
	}
}

// The prompter sleeps when there was no turn, and the next turn wakes it.
func TestPrompterSleepsUntilTheNextTurn(t *testing.T) {
	p := prompter{timer: time.NewTimer(time.Hour)}
	p.timer.Stop()
	p.asleep.Store(true)
	state := func(what string, late, asleep, looks bool) {
		t.Helper()
		if p.late.Load() != late || p.asleep.Load() != asleep || p.timer.Stop() != looks {
			t.Errorf("%s: late %v, asleep %v, or looks %v", what, p.late.Load(), p.asleep.Load(), !looks)
		}
	}
	p.turned(1)
	state("after a turn", false, false, true)
	p.tick(2)
	state("after a look that sees another one", false, false, true)
	p.tick(2)
	state("after a look that sees none", true, true, false)
	p.turned(3)
	state("after the turn that was due", false, false, true)
	p.tick(3)
	state("after a look since which there was none", true, true, false)
	p.stop()
	p.turned(4)
	state("after the end", false, false, false)
}

// Each time that a task computes for long, the loop is prompted, and nobody prompts after
// its end.
func TestLoopIsPromptedWhileATaskComputes(t *testing.T) {
	l, _ := runLoop(t, Params{Budget: 128, Stride: 16, Prompts: true}, func(l *Loop, c *workClock) {
		for range 3 {
			for begin := time.Now(); !l.prompt.late.Load(); runtime.Gosched() {
				if time.Since(begin) > time.Minute {
					t.Error("nobody prompts the loop")
					return
				}
			}
			c.work(promptTime)
			l.Yield(true) // to a turn
		}
	})
	if l.prompt.asleep.Load() {
		t.Error("the next turn would wake the prompter")
	}
}
