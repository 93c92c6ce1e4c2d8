package simloop

import (
	"context"
	"time"
	"unsafe"

	"github.com/anyio-go/anyio/internal/kernel"
	"github.com/anyio-go/anyio/internal/quiet"
	"github.com/anyio-go/anyio/internal/race"
)

// foreignWatches are the foreign contexts that things of a simulated run hang on. Package
// context tells of their cancellation on a new goroutine, some time later; a
// simulation would neither wait for that nor repeat it. So they are asked between two
// steps.
type foreignWatches struct {
	n    quiet.Int32
	mu   quiet.Mutex
	list []*foreignWatch
	ever bool // there was one
}

type foreignWatch struct {
	ctx context.Context
	f   func()
}

// AfterDone calls f, between two steps, when ctx is canceled.
//
//go:norace
func (s *Sim) AfterDone(ctx context.Context, f func()) (stop func() bool) {
	ws, w := &s.foreign, &foreignWatch{ctx, f}
	race.ReleaseMerge(unsafe.Pointer(w))
	ws.mu.Lock()
	ws.list, ws.ever = append(ws.list, w), true
	ws.n.Store(int32(len(ws.list)))
	ws.mu.Unlock()
	return func() bool { return ws.remove(w) }
}

// DeadlineOf is none: such deadlines are of another clock.
func (s *Sim) DeadlineOf(context.Context) (deadline time.Time, ok bool) { return }

//go:norace
func (ws *foreignWatches) remove(w *foreignWatch) bool {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	for i, other := range ws.list {
		if other == w {
			last := len(ws.list) - 1
			for ; i < last; i++ { // copying would be seen by the race detector
				ws.list[i] = ws.list[i+1]
			}
			ws.list[last] = nil
			ws.list = ws.list[:last]
			ws.n.Store(int32(len(ws.list)))
			return true
		}
	}
	return false
}

// look tells those whose foreign context was canceled.
//
//go:norace
func (ws *foreignWatches) look() {
	if ws.n.Load() > 0 {
		race.Isolate(ws.lookAtAll)
	}
}

//go:norace
func (ws *foreignWatches) lookAtAll() {
	ws.mu.Lock()
	all := append([]*foreignWatch(nil), ws.list...)
	ws.mu.Unlock()
	for _, w := range all {
		race.Acquire(unsafe.Pointer(w))
		if kernel.ForeignErr(w.ctx) != nil && ws.remove(w) {
			w.f()
		}
	}
}

// awaitForeign waits, in real time, for the earliest deadline of a foreign context, if
// there is one. The virtual clock does not know of it.
//
//go:norace
func (s *Sim) awaitForeign() (waited bool) {
	race.Isolate(func() {
		if first := s.foreign.first(); first != nil {
			s.away.Store(true)
			<-first.Done()
			waited = true
		}
	})
	return waited
}

// first is the context with the earliest deadline, nil if none has one.
//
//go:norace
func (ws *foreignWatches) first() (first context.Context) {
	var least time.Time
	ws.mu.Lock()
	defer ws.mu.Unlock()
	for _, w := range ws.list {
		race.Acquire(unsafe.Pointer(w))
		d, ok := w.ctx.Deadline()
		if !ok {
			continue
		}
		if s := kernel.ScopeIn(w.ctx); s != nil {
			if own, has := s.EffectiveDeadline(); has && own.Equal(d) {
				continue // one of ours
			}
		}
		if first == nil || d.Before(least) {
			first, least = w.ctx, d
		}
	}
	return first
}
