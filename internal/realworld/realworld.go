// Package realworld is the world of the backends whose runs live in the real one, but for
// the sockets, which each of them has its own of.
package realworld

import (
	"context"
	"time"

	"github.com/anyio-go/anyio/internal/kernel"
	"github.com/anyio-go/anyio/internal/ossignal"
)

// A World has the methods of a kernel.World that ask the process and package time.
type World struct{}

// Signals are those of the process.
func (World) Signals() kernel.Signals { return ossignal.Process{} }

// Admit is nil: everybody comes and goes as they like.
func (World) Admit(kernel.Crossing) error { return nil }

// Outside does nothing: time passes anyway.
func (World) Outside(int) {}

// AfterDone is the function kernel.AfterDone.
func (World) AfterDone(ctx context.Context, f func()) (stop func() bool) {
	return kernel.AfterDone(ctx, f)
}

// DeadlineOf is the context's Deadline, as there is one clock.
func (World) DeadlineOf(ctx context.Context) (deadline time.Time, ok bool) { return ctx.Deadline() }
