package loop

import (
	"time"
	"unsafe"

	"github.com/anyio-go/anyio/internal/kernel"
	"github.com/anyio-go/anyio/internal/quiet"
	"github.com/anyio-go/anyio/internal/race"
)

// A watchdog reports tasks that hold their loop for long: that compute, or call what
// blocks the goroutine. It looks at the loop from a timer of the runtime, a few times
// in that time, and sleeps while the loop does. For the loop it is an atomic addition
// per look outside and per wait. Without a limit there is none, and it is nil.
type watchdog struct {
	state  quiet.Uint32 // odd while the loop runs; changes when it waits or looks outside
	asleep quiet.Bool
	timer  *time.Timer
	held   quiet.Pointer[hold] // the last turn that a look has found

	// What follows belongs to the timer's goroutine.
	every     time.Duration
	seen      uint32 // state and running goroutine at the last look
	goroutine int64
	same      int             // looks since then that saw the same
	reported  map[string]bool // the places
	quiet     time.Time       // no report before
}

// A hold is a turn that the watchdog has seen, and may have ended since.
type hold struct {
	state     uint32
	goroutine int64
	since     time.Time // it was first seen
}

const (
	// looksPerHold is how many looks in a row must see the same.
	looksPerHold = 2
	// quietFactor bounds the time that reports cost, for which the world stops, to one
	// part in so many.
	quietFactor = 100
)

// startWatch begins to watch, if the run says so.
func (l *Loop) startWatch() {
	if l.run.HoldLimit <= 0 {
		return
	}
	w := &watchdog{every: l.run.HoldLimit / looksPerHold, reported: make(map[string]bool)}
	w.state.Add(1)
	w.timer = time.AfterFunc(time.Hour, func() { w.tick(l) })
	l.watch = w
	w.timer.Reset(w.every) // now that it is known
}

func (w *watchdog) stop() {
	if w != nil {
		w.rest()
		w.timer.Stop()
	}
}

// turned is told that the loop looks outside.
func (w *watchdog) turned() {
	if w != nil {
		w.state.Add(2)
	}
}

// rest is told that the loop waits, or is given back to who waits.
func (w *watchdog) rest() {
	if w != nil {
		w.state.Add(1)
	}
}

// run is told that the loop goes on.
func (w *watchdog) run() {
	if w == nil {
		return
	}
	w.state.Add(1)
	if w.asleep.Load() && w.asleep.CompareAndSwap(true, false) {
		w.timer.Reset(w.every)
	}
}

// tick looks at the loop.
//
//go:norace
func (w *watchdog) tick(l *Loop) {
	state, goroutine := w.state.Load(), l.current.Load()
	switch running := state&1 != 0; {
	case state != w.seen || running && goroutine != w.goroutine:
		w.seen, w.goroutine, w.same = state, goroutine, 0
		if running {
			w.held.Store(&hold{state, goroutine, time.Now()})
		}
	case running:
		if w.same++; w.same == looksPerHold {
			w.report(l)
		}
	default:
		w.asleep.Store(true)
		if w.state.Load() == state || !w.asleep.CompareAndSwap(true, false) {
			return // run sets the timer, or has
		}
	}
	w.timer.Reset(w.every)
}

// report tells of the task that runs, once for each place.
//
//go:norace
func (w *watchdog) report(l *Loop) {
	race.Acquire(unsafe.Pointer(w)) // the last report, for the map
	defer race.ReleaseMerge(unsafe.Pointer(w))
	begin := time.Now()
	if begin.Before(w.quiet) {
		w.same-- // the next look tries again: this one may never end
		return
	}
	h := l.cur.Hog(w.goroutine) // if the task is another by now, so is what is compared below
	w.quiet = time.Now().Add(quietFactor * time.Since(begin))
	if w.state.Load() != w.seen || l.current.Load() != w.goroutine {
		return // it was over before the stacks were read
	}
	h.For = looksPerHold * w.every
	if h.Task == "" {
		h.Task = "a callback"
	}
	if key := h.Task + kernel.PlacesText(h.Places[:min(1, len(h.Places))]); !w.reported[key] {
		w.reported[key] = true
		l.run.OnHog(h)
	}
}

// Held returns the goroutine that holds the loop for longer than the limit, and since when, as
// far as the watchdog has seen it; zero if none does. Any goroutine may call it.
//
//go:norace
func (l *Loop) Held() (goroutine int64, since time.Time) {
	if l.watch == nil {
		return 0, time.Time{}
	}
	h := l.watch.held.Load()
	if h == nil || h.state != l.watch.state.Load() || h.goroutine != l.current.Load() || time.Since(h.since) < l.run.HoldLimit {
		return 0, time.Time{}
	}
	return h.goroutine, h.since
}
