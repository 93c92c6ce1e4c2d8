package kernel

import (
	"context"
	"unsafe"

	"github.com/anyio-go/anyio/internal/race"
)

// A valuesContext is the context of a task while its values are extended, and for those who
// look at them from outside: it is the task's scope in all but that its values are those of
// an origin, which a context that is derived from it may become in turn.
type valuesContext struct {
	*Scope
	values *origin
}

// Value answers for the scope what is its own.
//
//go:norace
func (c *valuesContext) Value(key any) any {
	switch key {
	case scopeKey{}, causeKey:
		return c.Scope.Value(key)
	}
	return c.values.Value(key)
}

// Context has the values that the task's context has now. Any goroutine may use it: it
// comes after who has made the values.
//
//go:norace
func (t *Task) Context() context.Context {
	if t.goid.Load() != 0 { // its values stay what they are
		race.Acquire(unsafe.Pointer(t.origin))
		return &t.Scope
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	race.Acquire(unsafe.Pointer(t.origin))
	return &valuesContext{&t.Scope, t.origin}
}

// Caller is the context of the call that has started the task and waits for it, nil if it is
// not known.
//
//go:norace
func (t *Task) Caller() context.Context {
	if t.meta == nil {
		return nil
	}
	return t.meta.Caller
}

// addValues lets the task's context, and with it those of its tasks, have the values of the
// one that f derives from it. The task's scope remains its context: what waits in it pays
// nothing for them. The task has no goroutine yet, so nobody but Context looks at its values.
//
//go:norace
func (t *Task) addValues(f func(ctx context.Context, t *Task) context.Context) {
	was := &valuesContext{&t.Scope, t.origin}
	ctx := f(was, t)
	if ctx == context.Context(was) {
		return
	}
	o := &origin{Context: ctx}
	race.ReleaseMerge(unsafe.Pointer(o))
	t.mu.Lock()
	t.origin = o
	t.mu.Unlock()
}
