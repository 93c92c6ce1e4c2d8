package kernel

import (
	"runtime"
	"strings"

	"github.com/anyio-go/anyio/internal/goid"
	"github.com/anyio-go/anyio/internal/quiet"
)

// A stranger is who waits in the scope of another: a task that uses the context of
// another one, or a goroutine that is no task.
type stranger struct {
	goid  quiet.Int64 // the goroutine that waits
	maker quiet.Int64 // of the coroutine that it is, see maker; else the same
}

// isOwn reports whether t, or if nil the calling goroutine, is the task of the
// scope that a wait is about to begin in. If not, it notes who that is.
//
//go:norace
func (w *Waiter) isOwn(t *Task, s *Scope) bool {
	switch {
	case t != nil:
		if s == nil || s.task == t {
			w.who.forget()
			return true
		}
		w.who.note(goid.Get(), goid.Get())
	case s != nil && s.task != nil:
		task, g := s.task.goroutine(), goid.Get()
		if g == task {
			w.who.forget()
			return true
		}
		m := maker(g)
		if m == 0 {
			m = g
		}
		w.who.note(g, m)
		return m == task
	}
	return false
}

// goroutine is the goroutine that runs the task, 0 if none does: that of a task which has
// ended may run another one.
//
//go:norace
func (t *Task) goroutine() int64 {
	if t.Finished() {
		return 0
	}
	return t.goid.Load()
}

// forget is for waiters that strangers have used before.
//
//go:norace
func (s *stranger) forget() {
	if s.goid.Load() != 0 {
		s.note(0, 0)
	}
}

//go:norace
func (s *stranger) note(goid, maker int64) {
	s.goid.Store(goid)
	s.maker.Store(maker)
}

// makers remembers of goroutines whether they are coroutines. An id is never used
// twice, so what is remembered stays true.
var makers [256]quiet.Pointer[makerOf]

type makerOf struct{ id, maker int64 }

// maker is the goroutine that made the calling one, whose id is g, by iter.Pull: the
// first that is no such coroutine itself. It is 0 if the calling goroutine is none.
//
//go:norace
func maker(g int64) int64 {
	known := &makers[uint64(g)%uint64(len(makers))]
	if e := known.Load(); e != nil && e.id == g {
		return e.maker
	}
	e := &makerOf{id: g}
	if isPulled() {
		stacks := Stacks()
		for at, ok := madeByPull(stacks[g]); ok; at, ok = madeByPull(stacks[at]) {
			e.maker = at
		}
	}
	known.Store(e)
	return e.maker
}

// isPulled reports whether the calling goroutine was made by iter.Pull or iter.Pull2.
//
//go:norace
func isPulled() bool {
	pcs := make([]uintptr, 64)
	n := runtime.Callers(1, pcs)
	for n == len(pcs) {
		pcs = make([]uintptr, 2*len(pcs))
		n = runtime.Callers(1, pcs)
	}
	// At the bottom are the runtime's own, then a closure of iter.Pull.
	for _, pc := range pcs[max(0, n-3):n] {
		if f := runtime.FuncForPC(pc - 1); f != nil && strings.HasPrefix(f.Name(), "iter.Pull") {
			return true
		}
	}
	return false
}
