package kernel

import (
	"github.com/anyio-go/anyio/internal/goid"
	"github.com/anyio-go/anyio/internal/quiet"
)

// On the parallel backend a task may run on the goroutine of its caller, who waits for
// it: by Group.RunHere, and the first task of a run. If the caller holds something, the
// two must be told apart: what the one has taken is not for the other to give back.

// A guest is such a task.
type guest struct {
	task *Task
	goid int64
	id   int64 // see Caller
	next *guest
}

var (
	guests   quiet.Int32 // that there are: mostly none
	guestIDs quiet.Int64

	guestPool = quiet.NewPool(func() *guest { return &guest{} })
)

// guestBit is set in the ids of guests. No goroutine's is as large, and twice an id still
// leaves a bit free.
const guestBit = 1 << 61

// Caller identifies who calls, for what belongs to somebody: the goroutine or, if a guest
// runs on it, that one.
//
//go:norace
func Caller() int64 {
	id := goid.Get()
	if guests.Load() != 0 {
		if g := guestOn(id); g != nil {
			return g.id
		}
	}
	return id
}

// guestOn is the innermost guest on a goroutine, nil if there is none.
//
//go:norace
func guestOn(goid int64) *guest {
	b := &strays[strayIndex(goid)]
	b.mu.Lock()
	g := b.guests
	for g != nil && g.goid != goid {
		g = g.next
	}
	b.mu.Unlock()
	return g
}

// CallerTask is the task that Caller, which has returned id, identifies, as far as the
// place tells; nil for a goroutine that is no task, or if it does not tell.
//
//go:norace
func (p Place) CallerTask(id int64) *Task {
	if id&guestBit != 0 {
		return guestOn(goid.Get()).task
	}
	if p.S != nil && p.S.task != nil {
		if p.S.task.goid.Load() == id && p.S.task.state.Load()&(stClosed|stHost) == 0 {
			return p.S.task
		}
	}
	return p.RunningTask()
}

// Caller is Caller together with CallerTask.
//
//go:norace
func (p Place) Caller() (id int64, t *Task) {
	id = Caller()
	if p.S != nil {
		if t = p.S.task; t != nil && t.goid.Load() == id && t.state.Load()&(stClosed|stHost) == 0 {
			return id, t
		}
	}
	return id, p.CallerTask(id)
}

// SomeHost reports whether is holds for what Caller has returned to one of those who wait,
// on the calling goroutine, for the caller to end.
//
//go:norace
func SomeHost(is func(id int64) bool) bool {
	if guests.Load() == 0 {
		return false
	}
	here := goid.Get()
	b := &strays[strayIndex(here)]
	b.mu.Lock()
	defer b.mu.Unlock()
	inner := true
	for g := b.guests; g != nil; g = g.next {
		if g.goid != here {
			continue
		}
		if !inner && is(g.id) {
			return true
		}
		inner = false
	}
	return !inner && is(here)
}

// HolderID is what Caller returns to the task.
//
//go:norace
func (t *Task) HolderID() int64 {
	id := t.goid.Load()
	if guests.Load() == 0 {
		return id
	}
	b := &strays[strayIndex(id)]
	b.mu.Lock()
	defer b.mu.Unlock()
	for g := b.guests; g != nil; g = g.next {
		if g.task == t {
			return g.id
		}
	}
	return id
}

// A visit is a task that runs on the goroutine of its caller.
type visit struct {
	host  *Task  // the caller, if that is known to be a task
	guest *guest // nil if there is nothing to tell apart
}

// visit begins when t is about to run on the calling goroutine. The place is that of the
// caller, who is a host if it is a task that is told by the place. Another may be a task
// that holds something; unless known says that it is none.
//
//go:norace
func (p Place) visit(t *Task, known bool) (v visit) {
	here := goid.Get()
	if p.S != nil && p.S.task != nil && p.S.task.goroutine() == here {
		v.host, known = p.S.task, true
		v.host.state.Or(stHost)
	}
	if !known || v.host != nil && v.host.held != nil || hasStrays(here) || Caller() != here {
		v.guest = guestPool.Get()
		v.guest.task, v.guest.goid, v.guest.id = t, here, guestBit|guestIDs.Add(1)
		v.guest.enter()
	}
	return v
}

// end is called on the same goroutine.
//
//go:norace
func (v visit) end() {
	if v.guest != nil {
		v.guest.leave()
	}
	if v.host != nil {
		v.host.state.And(^uint32(stHost))
	}
}

//go:norace
func (g *guest) enter() {
	b := &strays[strayIndex(g.goid)]
	b.mu.Lock()
	g.next, b.guests = b.guests, g
	b.mu.Unlock()
	guests.Add(1)
}

//go:norace
func (g *guest) leave() {
	guests.Add(-1)
	b := &strays[strayIndex(g.goid)]
	b.mu.Lock()
	at := &b.guests
	for *at != g {
		at = &(*at).next
	}
	*at = g.next
	b.mu.Unlock()
	g.task, g.next = nil, nil
	guestPool.Put(g)
}
