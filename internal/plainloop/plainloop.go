// Package plainloop is the least that a backend can be: an event loop of the parts that
// the others are made of, with no poller, whose sockets are those of package net. It is
// an example for who writes a backend, see docs/backends.md, and for tests.
package plainloop

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/anyio-go/anyio/internal/kernel"
	"github.com/anyio-go/anyio/internal/loop"
	"github.com/anyio-go/anyio/internal/netconn"
	"github.com/anyio-go/anyio/internal/realtime"
	"github.com/anyio-go/anyio/internal/realworld"
)

// A Choice is what is given to anyio.On.
type Choice struct{}

// Name is not that of one of the backends that users have.
func (Choice) Name() string { return "plainloop" }

// NewRun makes Choice a kernel.Maker.
func (Choice) NewRun(ctx context.Context, cfg kernel.Config) (*kernel.Run, error) {
	return kernel.NewRun(newBackend(), kernel.Traits{Loop: true}, ctx, cfg), nil
}

func init() {
	kernel.RegisterOffer(kernel.Offer{
		Name: Choice{}.Name(),
		Make: func() any { return Choice{} },
		Of:   func(any) kernel.Maker { return nil }, // a Choice is one itself
	})
}

// A backend is the loop of one run, which runs, parks and wakes its tasks, and the world
// round them.
type backend struct {
	*loop.Loop
	realworld.World
}

func newBackend() *backend {
	return &backend{Loop: loop.New(loop.Params{
		Name:   Choice{}.Name(),
		Order:  &kernel.ReadyQueue{}, // first come, first served
		Clock:  &clock{wake: make(chan struct{}, 1)},
		Budget: 128,
		Stride: 16,
		Rand:   rand.IntN,
	})}
}

// Network is package net's: its calls are made on other goroutines.
func (b *backend) Network() kernel.Network { return netconn.Network{} }

// InPlace is false: what blocks would hold up the loop.
func (b *backend) InPlace(detach bool) bool { return false }

// Alarm is time.AfterFunc: a task can hold up the loop's timers.
func (b *backend) Alarm(after time.Duration, f func()) *time.Timer { return time.AfterFunc(after, f) }

var _ kernel.Backend = (*backend)(nil)

// clock is real time. Nothing happens outside that it would not be woken for.
type clock struct {
	realtime.Clock
	wake chan struct{} // has an element if Idle is to end
}

// Idle waits for the next timer, or Wake.
func (c *clock) Idle(next int64, hasTimer bool) error {
	var due <-chan time.Time
	if hasTimer {
		due = time.After(realtime.Until(next))
	}
	select {
	case <-due:
	case <-c.wake:
	}
	return nil
}

// Wake never waits.
func (c *clock) Wake() {
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// Poll has nobody to ask.
func (c *clock) Poll() {}

// Close has nothing to give back.
func (c *clock) Close() error { return nil }
