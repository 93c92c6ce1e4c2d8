package kernel

import (
	"context"
	"errors"

	"github.com/anyio-go/anyio/internal/quiet"
	"github.com/anyio-go/anyio/internal/race"
)

// Err of a context may be one of two errors only, and context.Cause, which tells more,
// knows but the causes of package context's own contexts: it asks Value for the nearest
// of them, with a key of its own. So a canceled scope answers that key with such a
// context that was canceled with the scope's error. Package context also asks in order
// to add a child to the parent's list, but then compares Done, which is another one.

// causeKey is the key that context.Cause asks Value with.
var causeKey = findCauseKey()

// findCauseKey lets context.Cause ask. Should it ask otherwise some day, the key is
// one that nobody asks with, and context.Cause of a scope is its Err.
//
//go:norace
func findCauseKey() any {
	p := &causeProbe{Context: context.Background()}
	context.Cause(p)
	if p.key != nil {
		p.answer = canceledBy(errProbe).Value(p.key)
		if context.Cause(p) == errProbe {
			return p.key
		}
	}
	return noKey{}
}

type noKey struct{}

var errProbe = errors.New("probe")

// A causeProbe is a canceled context that notes what it was asked last.
type causeProbe struct {
	context.Context
	key, answer any
}

//go:norace
func (p *causeProbe) Err() error { return context.Canceled }

//go:norace
func (p *causeProbe) Value(key any) any {
	p.key = key
	return p.answer
}

//go:norace
func canceledBy(err error) context.Context {
	ctx, cancel := context.WithCancelCause(context.Background())
	cancel(err)
	return ctx
}

// A causeContext is made at the first call of context.Cause.
type causeContext struct {
	once   quiet.Once
	answer any
}

// answer is what Value returns for causeKey in a scope that was canceled by c. Under
// -race each who asks has one for itself: package context's lock would order them.
//
//go:norace
func (c *Cause) answer() any {
	if race.Enabled {
		return canceledBy(c.Error()).Value(causeKey)
	}
	c.context.once.Do(func() { c.context.answer = canceledBy(c.Error()).Value(causeKey) })
	return c.context.answer
}
