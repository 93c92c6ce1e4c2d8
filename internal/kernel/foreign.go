package kernel

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"time"
	"unsafe"

	"github.com/anyio-go/anyio/internal/errgraph"
	"github.com/anyio-go/anyio/internal/quiet"
	"github.com/anyio-go/anyio/internal/race"
)

// foreignWatches are the foreign contexts that things of a virtual run hang on.
// Package context tells of their cancellation on a new goroutine, some time
// later; a simulation would neither wait for that nor repeat it. So the loop asks
// them itself between two steps.
type foreignWatches struct {
	wait quiet.Bool // AwaitForeign waits
	n    quiet.Int32
	mu   quiet.Mutex
	list []*foreignWatch
}

type foreignWatch struct {
	ctx context.Context
	f   func()
}

// foreignErr is why a context from elsewhere is canceled, nil if it is not. A context
// whose Done is closed is canceled, though its Err says nothing, as package context
// forbids: a wait that has ended by it did not get what it waited for.
//
//go:norace
func foreignErr(ctx context.Context) error {
	if err := ctx.Err(); err != nil || tells(ctx) {
		return err
	}
	select {
	case <-ctx.Done():
		return errMute
	default:
		return nil
	}
}

var errMute = fmt.Errorf("%w: Done of the context is closed, though its Err is nil", context.Canceled)

// CauseOf is the cause of a canceled context from elsewhere.
//
//go:norace
func CauseOf(ctx context.Context) *Cause {
	c := &Cause{Kind: ByContext, Err: context.Cause(ctx)}
	err := ctx.Err()
	if c.Err == nil {
		err = errMute
		if _, timed := ctx.Deadline(); timed { // which it has not noticed yet
			err = context.DeadlineExceeded
		}
		c.Err = err
	}
	c.Timeout = errgraph.Finite(err) && errors.Is(err, context.DeadlineExceeded)
	c.publish() // what the context has told
	return c
}

// A tellingContext is a context whose Err tells what foreignErr does. Package context
// panics on others.
type tellingContext struct{ context.Context }

//go:norace
func (c tellingContext) Err() error { return foreignErr(c.Context) }

// tells reports whether a context is a scope, or one of package context whose Done and
// Err are its own, and not those of what it was derived from.
//
//go:norace
func tells(ctx context.Context) bool {
	if _, ok := ctx.(*Scope); ok {
		return true
	}
	t := reflect.TypeOf(ctx)
	return t == telling[0] || t == telling[1] || t == telling[2]
}

var telling = func() [3]reflect.Type {
	ctx, cancel := context.WithCancel(context.Background())
	timed, cancelTimed := context.WithTimeout(ctx, time.Hour)
	cancelTimed()
	cancel()
	return [...]reflect.Type{reflect.TypeOf(ctx), reflect.TypeOf(timed), reflect.TypeOf(context.Background())}
}()

// AfterDone is context.AfterFunc of any context.
//
//go:norace
func AfterDone(ctx context.Context, f func()) (stop func() bool) {
	if !tells(ctx) {
		ctx = tellingContext{ctx}
	}
	return context.AfterFunc(ctx, f)
}

// watchForeign calls f once when ctx is canceled, unless stop is called first.
//
//go:norace
func (r *Run) watchForeign(ctx context.Context, f func()) (stop func() bool) {
	if !r.Virtual {
		return AfterDone(ctx, f)
	}
	ws, w := &r.foreign, &foreignWatch{ctx, f}
	race.ReleaseMerge(unsafe.Pointer(w))
	ws.mu.Lock()
	ws.list = append(ws.list, w)
	ws.n.Store(int32(len(ws.list)))
	ws.mu.Unlock()
	return func() bool { return ws.remove(w) }
}

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

// PollForeign tells those whose foreign context was canceled. The loop of a
// virtual run calls it before each step.
//
//go:norace
func (r *Run) PollForeign() {
	if r.foreign.n.Load() > 0 {
		race.Isolate(r.foreign.poll)
	}
}

//go:norace
func (ws *foreignWatches) poll() {
	ws.mu.Lock()
	all := append([]*foreignWatch(nil), ws.list...)
	ws.mu.Unlock()
	for _, w := range all {
		race.Acquire(unsafe.Pointer(w))
		if foreignErr(w.ctx) != nil && ws.remove(w) {
			w.f()
		}
	}
}

// AwaitForeign waits, in real time, for the earliest deadline of a foreign
// context, if there is one. The virtual clock does not know of it.
//
//go:norace
func (r *Run) AwaitForeign() (waited bool) {
	race.Isolate(func() {
		if first := r.foreign.first(); first != nil {
			r.foreign.wait.Store(true)
			<-first.Done()
			r.foreign.wait.Store(false)
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
		if s, _ := w.ctx.Value(scopeKey{}).(*Scope); s != nil {
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

// AwaitsForeign reports whether somebody waits in AwaitForeign.
//
//go:norace
func (r *Run) AwaitsForeign() bool { return r.foreign.wait.Load() }
