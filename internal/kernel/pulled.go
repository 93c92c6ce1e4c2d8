package kernel

import (
	"runtime"
	"slices"
	"strings"
)

// iter.Pull runs a sequence on a coroutine, a goroutine of its own that its caller
// waits for. If the caller is a task of a loop and the sequence waits, the loop would
// stand still forever: it waits for the task, which waits for the coroutine, which
// waits for what only the loop could bring. The coroutine cannot know for sure who
// has resumed it, so it cannot wait in the task's name. But stream.Pull tells, by
// Task.Continue, and to all others the wait is refused.

// Continue lets the running task of a loop go on on the calling goroutine, which the
// task's own has resumed and waits for, until Return, which is given what Continue
// has returned. Both do nothing if t is nil.
//
//go:norace
func (t *Task) Continue() (from int64) {
	if t == nil {
		return 0
	}
	from = t.goid.Load()
	t.Return(GoroutineID())
	return from
}

// Return ends what Continue began, on the same goroutine.
//
//go:norace
func (t *Task) Return(from int64) {
	if t != nil {
		t.goid.Store(from)
		t.run.Move(t, from)
	}
}

// mayBePulled reports whether pulledByLoop is worth asking: not on a task's own
// goroutine, nor where no loop runs.
//
//go:norace
func (p Place) mayBePulled() bool {
	return loops.Load() != nil && (p.S == nil || p.S.task == nil || p.S.task.goroutine() != GoroutineID())
}

// refusePulled ends a wait that must not be, see pulledByLoop. Where the wait could
// not fail it panics.
//
//go:noinline
//go:norace
func (w *Waiter) refusePulled(p Place) error {
	if !p.mayBePulled() {
		return nil
	}
	err := pulledByLoop()
	switch {
	case err == nil:
		return nil
	case w.abortSelf():
		return err
	case w.Wake():
		panic(err)
	}
	return nil // it is over already
}

// pulledByLoop is an error if the calling goroutine is a coroutine of iter.Pull that
// a loop's task waits for at this moment, or a loop's own in a call. Only coroutines pay
// for a look at all stacks.
//
//go:norace
func pulledByLoop() error {
	here := GoroutineID()
	if slices.Contains(stepping(), here) {
		return Misuse("a blocking call in a callback of an event loop, which it would hold up forever; start a task in the callback that makes it")
	}
	m := maker(here)
	if m == 0 {
		return nil
	}
	before := stepping()
	if len(before) == 0 || !awaited(m, before) {
		return nil
	}
	runtime.Gosched() // a task may just have been about to wait
	if again := stepping(); !awaited(m, again) {
		return nil
	}
	return Misuse("a sequence that waits was given to iter.Pull in a task of a loop, which it would hold up forever; use stream.Pull in its place")
}

// stepping are the goroutines of the tasks that run on loops.
//
//go:norace
func stepping() []int64 {
	var all []int64
	for r := loops.Load(); r != nil; r = r.nextLoop.Load() {
		if g := r.Stepping(); g != 0 {
			all = append(all, g)
		}
	}
	return all
}

// awaited reports whether one of the tasks waits for the calling coroutine, which was
// made by goroutine m: it waits for some coroutine, and there is nobody else who
// waits for this one. That is the maker, mostly.
//
//go:norace
func awaited(m int64, tasks []int64) bool {
	stacks := Stacks()
	for _, g := range tasks {
		if !inCoroutine(stacks[g]) {
			continue
		}
		if m == g || !inCoroutine(stacks[m]) || strings.Contains(stacks[m], "\n"+coroutineBody+"(") {
			return true
		}
	}
	return false
}

// inCoroutine reports whether a goroutine waits for a coroutine, or is one that is
// suspended.
//
//go:norace
func inCoroutine(stack string) bool {
	head, _, _ := strings.Cut(stack, "\n")
	return strings.Contains(head, "[coroutine")
}
