package simloop

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"
	"unsafe"

	"github.com/anyio-go/anyio/internal/kernel"
	"github.com/anyio-go/anyio/internal/loop"
	"github.com/anyio-go/anyio/internal/race"
)

// A step that blocks its goroutine by other means than this library's stops the
// whole run, and nothing can end it. So the loop runs on a goroutine of its own, a driver,
// and the caller of Run waits: a timer looks, a few times in Config.StepTimeout, whether
// another step has begun, and if not, what the goroutine of the step does. One that
// is blocked is given up after StepTimeout; one that computes may just be slow, or
// starved by others, and one in a system call may wait for a slow disk.
//
// Looks are counted, not time: a process that was stopped, or got no processor, has
// not looked.
const (
	looks           = 5 // in StepTimeout
	blockedWeight   = 60
	syscallWeight   = 6
	computingWeight = 1
	enough          = looks * blockedWeight
)

// A watchdog looks at the runs of a driver. Its timer is armed for one run after the
// other: most of a search are over before it fires. The first look at a run only notes
// how far it is, so it does no harm that it may come early.
type watchdog struct {
	mu     sync.Mutex         // guards all
	sim    *Sim               // nil: there is no run
	ended  chan<- loop.Ending // tells the caller of Run to go on
	timer  *time.Timer
	every  time.Duration
	armed  bool      // the timer will fire
	gaveUp error     // the run was given up
	seen   uint64    // steps at the last look
	since  time.Time // of the first look that has seen them, zero before the first
	weight int       // of the looks since
}

// begin watches a run. If it is given up, that is told as the end.
func (w *watchdog) begin(s *Sim, ended chan<- loop.Ending) {
	every := max(s.cfg.StepTimeout/looks, time.Millisecond)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.sim, w.ended, w.since = s, ended, time.Time{}
	switch {
	case w.timer == nil:
		w.timer = time.AfterFunc(every, w.tick)
	case !w.armed || every != w.every:
		w.timer.Reset(every)
	}
	w.every, w.armed = every, true
}

// end is called when the run was told to have ended. It returns the error of one that was
// given up.
func (w *watchdog) end() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.sim = nil
	return w.gaveUp
}

// tick looks, and goes on to do so unless that was enough.
func (w *watchdog) tick() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.sim == nil {
		w.armed = false
		return
	}
	if w.gaveUp = w.look(); w.gaveUp == nil {
		w.timer.Reset(w.every)
		return
	}
	w.ended <- loop.Ending{} // there is room, or the caller just makes it
}

// look takes one look. It gives the run up if that is enough, and returns its error.
func (w *watchdog) look() error {
	if n, _ := w.sim.progress(); n != w.seen || w.since.IsZero() || w.sim.away.Load() {
		w.seen, w.since, w.weight = n, time.Now(), 0
		return nil
	}
	step := w.culprit(kernel.Stacks())
	if step == nil { // a switch is under way
		w.weight += computingWeight
		return nil
	}
	if w.weight += weightOf(step.State); w.weight < enough {
		return nil
	}
	if n, _ := w.sim.progress(); n != w.seen {
		return nil
	}
	step.After, step.Preempted = time.Since(w.since), w.sim.run.Preempt
	report := w.sim.run.Stalled("stuck")
	report.Stuck = step
	w.sim.run.GiveUp(step)
	err := w.sim.report(report, w.seen)
	if w.sim.trace.rec != nil {
		w.sim.traceStall(report, err)
	}
	if dead := w.sim.died.Load(); dead != nil { // a cleanup hangs: that is not what the run died of
		return errors.Join(*dead, err)
	}
	return err
}

// progress is how many steps have begun, and whose the last one is. The watchdog reads it
// while the steps go on: that it is old does no harm, and two atomic stores would be a
// tenth of a step.
//
//go:noinline
//go:norace
func (s *Sim) progress() (steps uint64, last *kernel.Task) { return s.steps, s.chosen }

// culprit finds the goroutine that does not come back: that of the task that was
// chosen last, or of the loop, or, as a task that waits may act for the loop, of any
// other task. All but one of them are suspended.
func (w *watchdog) culprit(stacks map[int64]string) *kernel.StuckStep {
	if _, t := w.sim.progress(); t != nil {
		race.Acquire(unsafe.Pointer(t)) // released by who has started it
		if step := stuckStep(t, t.GoroutineID(), stacks); step != nil {
			return step
		}
	}
	if step := stuckStep(nil, w.sim.driver.Load(), stacks); step != nil {
		return step
	}
	for _, v := range w.sim.run.Tasks() {
		if step := stuckStep(v.Task, v.Task.GoroutineID(), stacks); step != nil {
			return step
		}
	}
	return nil
}

// stuckStep describes the step of a goroutine, nil if it is suspended.
func stuckStep(t *kernel.Task, id int64, stacks map[int64]string) *kernel.StuckStep {
	deepest := active(id, stacks)
	if deepest == 0 {
		return nil
	}
	step := &kernel.StuckStep{Task: t, State: stateOf(stacks[deepest]), Stack: stacks[deepest]}
	if deepest != id {
		step.Stack += "\n\n" + stacks[id]
	}
	return step
}

const (
	switches = "github.com/anyio-go/anyio/internal/coro."
	isolate  = "github.com/anyio-go/anyio/internal/race.Isolate"
)

// active is the goroutine, or the one that it waits for, in an iterator of iter.Pull
// or under -race in a callback; 0 if it is suspended in a switch of coroutines: the
// first frame outside the runtime tells.
func active(id int64, stacks map[int64]string) (deepest int64) {
	stack, ok := stacks[id]
	lines := strings.Split(stack, "\n")
	top := 1
	for top < len(lines)-2 && (strings.HasPrefix(lines[top], "runtime.") || strings.HasPrefix(lines[top], "iter.")) {
		top += 2
	}
	switch {
	case !ok || top >= len(lines) || strings.HasPrefix(lines[top], switches):
		return 0
	case stateOf(stack) != "coroutine" && !strings.HasPrefix(lines[top], isolate):
		return id
	}
	suffix := fmt.Sprintf(" in goroutine %d\n", id)
	for i, other := range stacks {
		at := max(strings.LastIndex(other, "created by iter.Pull"), strings.LastIndex(other, "created by "+isolate))
		if at >= 0 && strings.Contains(other[at:], suffix) {
			deepest = max(deepest, active(i, stacks))
		}
	}
	return deepest
}

// stateOf is the state of a goroutine, without for how long it has been in it.
func stateOf(stack string) string {
	state, _, _ := strings.Cut(kernel.StateOf(stack), ",")
	return state
}

// weightOf is what a look counts that sees a step in a state.
func weightOf(state string) int {
	switch {
	case blocked(state):
		return blockedWeight
	case strings.HasPrefix(state, "syscall"):
		return syscallWeight
	}
	return computingWeight
}

// blocked reports whether a goroutine in a state waits for something that only
// another goroutine does, or for time.
func blocked(state string) bool {
	for _, s := range []string{"chan ", "select", "semacquire", "sync.", "sleep", "IO wait", "coroutine"} {
		if strings.HasPrefix(state, s) {
			return true
		}
	}
	return false
}
