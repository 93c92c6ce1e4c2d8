// Package realworld is the world of the backends whose runs live in the real one, but for
// the sockets, which each of them has its own of.
package realworld

import (
	"context"
	"time"

	"github.com/anyio-go/anyio/internal/kernel"
	"github.com/anyio-go/anyio/internal/realtime"
	"github.com/anyio-go/anyio/internal/signals"
)

// A World has the methods of a kernel.World that ask the process and package time.
type World struct{}

// Signals are those of the process.
func (World) Signals() kernel.Signals { return signals.Process{} }

// Processes is nil: they can be started.
func (World) Processes() error { return nil }

// Admit is nil: goroutines come and go as they like.
func (World) Admit(kernel.Crossing) error { return nil }

// Outside does nothing: time passes anyway.
func (World) Outside(int) {}

// AfterDone is the function kernel.AfterDone.
func (World) AfterDone(ctx context.Context, f func()) (stop func() bool) {
	return kernel.AfterDone(ctx, f)
}

// DeadlinePassed compares two instants of the one clock that there is.
func (World) DeadlinePassed(deadline time.Time, now int64) bool {
	return realtime.Clock{}.Instant(deadline) <= now
}
