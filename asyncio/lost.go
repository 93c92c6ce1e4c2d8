package asyncio

import (
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"weak"

	"github.com/anyio-go/anyio/internal/kernel"
)

// A lostError is the error of a future that nobody has asked for yet. It keeps the future
// from nothing: when that is garbage, nobody can ask any more.
type lostError struct {
	loop    *Loop
	err     error
	message string
	task    string
	asked   atomic.Bool // or reported
	cleanup runtime.Cleanup
}

// lostErrors are those of a loop, in the order in which they came.
type lostErrors struct {
	mu       sync.Mutex
	all      []*lostError // guarded by mu
	sweeping bool         // see sweepAtCollection; guarded by mu
}

// add notes the error of a future.
func (ls *lostErrors) add(f *future, err error) {
	e := &lostError{loop: f.loop, err: err, message: "the error of a future was never retrieved"}
	if f.task != nil {
		e.message, e.task = "the error of task "+f.task.name+" was never retrieved", f.task.name
	}
	f.lost = e
	e.cleanup = runtime.AddCleanup(f, (*lostError).garbage, e)
	ls.mu.Lock()
	ls.all = append(ls.all, e)
	ls.sweepAtCollection(f.loop)
	ls.mu.Unlock()
}

// sweepAtCollection lets the loop's group forget the tasks that have ended when the
// collector has run: until others begin it keeps them, and they their errors, from being
// garbage. In a simulation that makes no difference. The caller holds mu.
func (ls *lostErrors) sweepAtCollection(l *Loop) {
	if ls.sweeping {
		return
	}
	ls.sweeping = true
	witness := &struct{ _ *Loop }{} // with a pointer it is alone in its block of memory
	runtime.AddCleanup(witness, func(loop weak.Pointer[Loop]) {
		if l := loop.Value(); l != nil {
			l.group.Sweep()
			ls.swept(l)
		}
	}, weak.Make(l))
}

// swept lets the next collection be followed by a sweep, too, while an error is left.
func (ls *lostErrors) swept(l *Loop) {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	ls.sweeping = false
	if len(ls.all) > 0 {
		ls.sweepAtCollection(l)
	}
}

// asked notes that somebody has asked for the outcome.
func (f *future) asked() {
	if e := f.lost; e != nil {
		f.lost = nil
		if !e.asked.Swap(true) {
			e.cleanup.Stop()
			f.loop.lost.drop(e)
		}
	}
}

func (ls *lostErrors) drop(e *lostError) {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	if i := slices.Index(ls.all, e); i >= 0 {
		ls.all = slices.Delete(ls.all, i, i+1)
	}
}

// garbage is called, on some goroutine, when the future is. In a simulation, which the
// collector must not change, it is told of at the end.
func (e *lostError) garbage() {
	if e.loop.run.Admit(kernel.CallIn) != nil || e.asked.Swap(true) {
		return
	}
	e.loop.lost.drop(e)
	_, _ = e.loop.CallSoonThreadsafe(e.tell) // else nobody is left to be told
}

func (e *lostError) tell() {
	e.loop.CallExceptionHandler(ErrorContext{Message: e.message, Err: e.err})
}

// report tells of all that are left.
func (ls *lostErrors) report() {
	ls.mu.Lock()
	all := ls.all
	ls.all = nil
	ls.mu.Unlock()
	tellAll(all)
}

// tellAll tells of all, also if the exception handler exits the goroutine.
func tellAll(all []*lostError) {
	next := 0
	defer func() {
		if next < len(all) {
			tellAll(all[next:])
		}
	}()
	for next < len(all) {
		e := all[next]
		next++
		if !e.asked.Swap(true) {
			e.tell()
		}
	}
}
