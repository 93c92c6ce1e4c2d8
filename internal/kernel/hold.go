package kernel

import (
	"errors"
	"math"
	"runtime"
	"strconv"
	"strings"

	"github.com/anyio-go/anyio/internal/goid"
	"github.com/anyio-go/anyio/internal/quiet"
)

// A Hold is a task's duty to give something back before it ends: a lock. It is part
// of what is held, and from Take to Drop the holder alone touches it.
type Hold struct {
	of    Held
	task  *Task // who holds; nil if that is not known to be a task
	next  *Hold // of the same task or, without one, in the same bucket of strays
	stray int64 // the goroutine, if it is among the strays
	pcs   Calls
}

// A Held is what a Hold is part of.
type Held interface {
	// Abandoned is told that who has ended without giving it back, having taken it at
	// a place, "" if unknown. The error says so.
	Abandoned(who, place string) error
}

// Calls are the innermost calls that led to something. There may be some of this module,
// as FailAfter(ctx, d, l.Acquire) is three, before the first that is not.
type Calls [5]uintptr

// Take notes that t, or if nil a goroutine, has got of, by a call of the caller's
// caller.
//
//go:norace
func (h *Hold) Take(of Held, t *Task, goid int64) {
	// A lock that the same task takes again and again costs but a few looks.
	if t != nil && h.task == t && h.next == t.held && h.of != nil {
		t.held = h
	} else {
		h.link(of, t, goid)
	}
	if places.Load() < maxPlaces || t != nil && t.run.Debug {
		h.record()
	} else if h.pcs[0] != 0 {
		h.pcs = Calls{}
	}
}

// Retake is Take of what was given up for a while, having been taken by those calls.
//
//go:norace
func (h *Hold) Retake(of Held, t *Task, goid int64, by Calls) {
	h.link(of, t, goid)
	h.pcs = by
}

//go:norace
func (h *Hold) link(of Held, t *Task, goid int64) {
	if h.of == nil {
		h.of = of
	}
	if h.task != t { // a look is much cheaper than a store
		h.task = t
	}
	if t == nil {
		h.takeStray(goid)
		return
	}
	if next := t.held; h.next != next {
		h.next = next
	}
	t.held = h
}

// By are the calls that led to Take.
//
//go:norace
func (h *Hold) By() Calls { return h.pcs }

// Drop undoes Take. What it leaves behind the next Take overwrites.
//
//go:norace
func (h *Hold) Drop() {
	if t := h.task; t != nil && t.held == h {
		t.held = h.next
		return
	}
	h.dropSlow()
}

//go:norace
func (h *Hold) dropSlow() {
	if h.task == nil {
		h.dropStray()
		return
	}
	at := &h.task.held
	for *at != h {
		at = &(*at).next
	}
	*at = h.next
}

// In runs without Debug (those of the simulator have it) only the first places are
// recorded, as that costs more than an uncontended lock does; all are, once a task has
// ended with something that it held.
const maxPlaces = 1 << 13

// places counts those recorded; it is far below 0 when all are to be.
var places quiet.Int64

// record notes the calls that led to Take.
//
//go:noinline
//go:norace
func (h *Hold) record() {
	places.Add(1)
	runtime.Callers(4, h.pcs[:])
}

// Abandon takes away what the task, which is about to end, still holds, and returns
// the error that names it, nil if there is nothing.
//
//go:norace
func (t *Task) Abandon() error {
	if t.held == nil && (t.run.Loop || !anyStrays(t.goid.Load())) {
		return nil
	}
	return t.abandon()
}

//go:norace
func (t *Task) abandon() error {
	var holds []*Hold
	for h := t.held; h != nil; h = t.held {
		h.Drop()
		holds = append(holds, h)
	}
	if !t.run.Loop {
		holds = append(holds, takeStrays()...)
	}
	if len(holds) == 0 { // others have strays in the bucket
		return nil
	}
	return abandon(holds, "task "+strconv.Quote(t.Name()))
}

// AbandonHere is Abandon of a function that has ended on a goroutine of its own, for
// which it is told who it is.
//
//go:norace
func AbandonHere(who func() string) error {
	if !anyStrays(goid.Get()) {
		return nil
	}
	holds := takeStrays()
	if len(holds) == 0 {
		return nil
	}
	return abandon(holds, who())
}

//go:norace
func abandon(holds []*Hold, who string) error {
	places.Store(math.MinInt64 / 2)
	var errs []error
	for _, h := range holds {
		errs = append(errs, h.of.Abandoned(who, h.pcs.Place()))
	}
	return errors.Join(errs...)
}

// Place is the first call by a program, as
// "folder/file.go:12"; "" if it was not recorded.
//
//go:norace
func (c Calls) Place() string {
	for _, pc := range c {
		if pc == 0 {
			break
		}
		f, _ := runtime.CallersFrames([]uintptr{pc}).Next()
		if strings.HasPrefix(f.Function, modulePath+".") || strings.HasPrefix(f.Function, modulePath+"/internal/") || f.Line <= 1 {
			continue // Do, FailAfter, or the start of a task
		}
		return FileLine(f.File, strconv.Itoa(f.Line))
	}
	return ""
}
