//go:build !race

package loop

import (
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/anyio-go/anyio/internal/kernel"
)

// look makes the watchdog look n times, as its timer would.
func look(l *Loop, n int) (done chan struct{}) {
	done = make(chan struct{})
	go func() {
		defer close(done)
		for range n {
			l.watch.tick(l)
		}
	}()
	return done
}

// watched runs f as a task of a loop that is watched by hand, and returns the reports.
func watched(t *testing.T, f func(l *Loop, c *workClock)) (holds []kernel.Hog) {
	t.Helper()
	cfg := kernel.Config{HoldLimit: 10 * time.Hour, OnHog: func(h kernel.Hog) { holds = append(holds, h) }}
	runConfigured(t, Params{Budget: 128, Stride: 16}, cfg, func(l *Loop, c *workClock) {
		f(l, c)
		l.watch.quiet = time.Time{}
	})
	return holds
}

func TestWatchdogReportsAHoldOnce(t *testing.T) {
	holds := watched(t, func(l *Loop, c *workClock) { <-look(l, 10*looksPerHold) })
	if len(holds) != 1 {
		t.Fatalf("%d reports", len(holds))
	}
	if h := holds[0]; h.For != 10*time.Hour || !strings.Contains(h.Stack, "watchdog_test.go") {
		t.Errorf("reported: %+v", h)
	}
}

func TestWatchdogNeedsTheWholeTime(t *testing.T) {
	holds := watched(t, func(l *Loop, c *workClock) {
		for range 10 {
			<-look(l, looksPerHold) // the first one has only seen where it is
			c.work(time.Millisecond)
			l.Yield(true)
		}
	})
	if len(holds) > 0 {
		t.Errorf("reported: %+v", holds)
	}
}

func TestWatchdogReportsEachPlaceOnce(t *testing.T) {
	next := func(l *Loop, c *workClock) {
		c.work(time.Millisecond)
		l.Yield(true)
		l.watch.quiet = time.Time{}
	}
	holds := watched(t, func(l *Loop, c *workClock) {
		for range 5 {
			<-look(l, looksPerHold+1)
			next(l, c)
		}
		<-look(l, looksPerHold+1)
	})
	if len(holds) != 2 {
		t.Fatalf("%d reports of two places", len(holds))
	}
}

// Reports stop the world, so that there are few of them.
func TestWatchdogIsQuietAfterAReport(t *testing.T) {
	holds := watched(t, func(l *Loop, c *workClock) {
		<-look(l, looksPerHold+1)
		c.work(time.Millisecond)
		l.Yield(true)
		l.watch.quiet = time.Now().Add(time.Hour)
		<-look(l, looksPerHold+1)
	})
	if len(holds) != 1 {
		t.Fatalf("%d reports", len(holds))
	}
}

// A task that blocks for good just after a report is still told, when that time is over.
func TestWatchdogReportsAHoldThatOutlivesTheQuiet(t *testing.T) {
	holds := watched(t, func(l *Loop, c *workClock) {
		l.watch.quiet = time.Now().Add(time.Hour)
		<-look(l, 3*looksPerHold)
		l.watch.quiet = time.Time{}
		<-look(l, 3*looksPerHold)
	})
	if len(holds) != 1 {
		t.Fatalf("%d reports", len(holds))
	}
}

func TestWatchdogSleepsWhileTheLoopWaits(t *testing.T) {
	holds := watched(t, func(l *Loop, c *workClock) {
		l.watch.rest()
		<-look(l, 1)
		if l.watch.asleep.Load() {
			t.Error("it sleeps when it sees the loop wait for the first time")
		}
		<-look(l, 1)
		if !l.watch.asleep.Load() {
			t.Error("it does not sleep though the loop waits")
		}
		l.watch.timer.Stop()
		l.watch.run()
		if l.watch.asleep.Load() || !l.watch.timer.Stop() {
			t.Error("it sleeps though the loop runs")
		}
	})
	if len(holds) > 0 {
		t.Errorf("reported: %+v", holds)
	}
}

func TestWatchdogReportsAHoldAfterTheLoopWaited(t *testing.T) {
	holds := watched(t, func(l *Loop, c *workClock) {
		for range 3 {
			c.idle = func(int64, bool) { <-look(l, 3*looksPerHold) }
			sleep(l, c, time.Hour)
		}
		c.idle = nil
		<-look(l, looksPerHold+1)
	})
	if len(holds) != 1 || !strings.Contains(holds[0].Stack, "watchdog_test.go") {
		t.Errorf("reported: %+v", holds)
	}
}

func TestWatchdogEndsWithItsLoop(t *testing.T) {
	l, _ := runConfigured(t, Params{Budget: 128, Stride: 16}, kernel.Config{HoldLimit: time.Hour, OnHog: func(kernel.Hog) {}},
		func(l *Loop, c *workClock) { l.Yield(true) })
	if l.watch.timer.Stop() {
		t.Error("its timer was set")
	}
}

// What is over before the stacks are read is another's doing.
func TestWatchdogReportsOnlyWhatStillGoesOn(t *testing.T) {
	for what, change := range map[string]func(w *watchdog){
		"nothing":        func(w *watchdog) {},
		"the step":       func(w *watchdog) { w.seen-- },
		"the goroutine":  func(w *watchdog) { w.goroutine++ },
		"one that waits": func(w *watchdog) { w.seen--; w.goroutine++ },
	} {
		holds := watched(t, func(l *Loop, c *workClock) {
			w := l.watch
			w.seen, w.goroutine = w.state.Load(), l.current.Load()
			change(w)
			w.report(l)
		})
		if got, want := len(holds) == 1, what == "nothing"; got != want {
			t.Errorf("%s has changed: %d reports", what, len(holds))
		}
	}
}

func TestHeldTellsOfTheTurnThatIsTooLong(t *testing.T) {
	watched(t, func(l *Loop, c *workClock) {
		me := l.current.Load()
		none := func(when string) {
			t.Helper()
			if g, since := l.Held(); g != 0 || !since.IsZero() {
				t.Errorf("%s: held by %d since %v", when, g, since)
			}
		}
		none("before a look")
		<-look(l, 1)
		none("within the limit")
		l.run.HoldLimit = time.Nanosecond
		first := time.Now()
		<-look(l, 1)
		for time.Since(first) == 0 { // the clock may be coarse
			runtime.Gosched()
		}
		if g, since := l.Held(); g != me || since.After(first) {
			t.Errorf("held by %d since %v, want %d before %v", g, since, me, first)
		}
		c.work(time.Millisecond)
		l.Yield(true)
		none("in the next turn")
		l.run.HoldLimit = 10 * time.Hour
	})
}
