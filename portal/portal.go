// Package portal opens doors into a run: plain Go code, callbacks of a C library and
// handlers of other frameworks start tasks in it and wait for them.
//
// # Limitations
//
// In a simulation only the run's own tasks may use a portal: what happens outside is
// not decided by the seed.
package portal

import (
	"context"
	"errors"
	"unsafe"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/inside"
	"github.com/anyio-go/anyio/internal/kernel"
	"github.com/anyio-go/anyio/internal/quiet"
	"github.com/anyio-go/anyio/internal/race"
)

// ErrStopped is returned by calls through a portal that was stopped.
var ErrStopped = errors.New("anyio: this portal is not running")

// A Portal is a door into a run: goroutines outside of the run start tasks in it and
// wait for them. So plain Go code, with callbacks from a C library or handlers of
// another framework, uses what lives on an event loop.
//
// The functions that take a portal may be called from any goroutine, also from tasks, of
// this run or another. In the simulator only tasks of the run may use its portals, and
// they may use no others: the seed does not decide what happens outside, or when. Other
// calls get an *anyio.MisuseError.
type Portal struct {
	group *kernel.Group

	mu      quiet.Mutex // guards stopped; a portal orders nobody who uses it
	stopped bool
	stop    kernel.Latch // stopped is set
	run     *ownRun
}

// With runs body with a portal into the run of ctx. The tasks started through the
// portal belong to a task group of it: after body has returned, the portal is stopped
// and the tasks are waited for; if body fails they are canceled. An error of such a
// task is returned to the caller who started it and does not affect the others; a panic
// cancels all, and is raised again here. Cancellation: as for anyio.WithTaskGroup.
func With(ctx context.Context, body func(ctx context.Context, p *Portal) error) error {
	return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
		p := &Portal{group: inside.Group(tg)}
		defer p.Stop()
		return body(ctx, p)
	})
}

// Stop shuts the portal: further calls through it get ErrStopped, and WaitStopped
// returns. The tasks that are left go on to their end. It does not wait and may be
// called again.
func (p *Portal) Stop() {
	kernel.Preempt()
	p.shut()
	p.stop.Open()
	kernel.Preempt()
}

// Cancel stops the portal and cancels the tasks that are left. It does not wait and may
// be called again.
func (p *Portal) Cancel(reason string) {
	kernel.Preempt()
	p.shut()
	// First, so that who waits for the stop finds them canceled.
	p.group.Scope.Cancel(&kernel.Cause{Reason: reason, PC: kernel.CallerPC(1)})
	p.stop.Open()
	kernel.Preempt()
}

// shut refuses the calls that come from now on.
//
//go:norace
func (p *Portal) shut() {
	race.ReleaseMerge(unsafe.Pointer(p))
	kernel.Touch(p, kernel.Changes)
	p.mu.Lock()
	p.stopped = true
	p.mu.Unlock()
}

//go:norace
func (p *Portal) isStopped() bool {
	kernel.Touch(p, kernel.Changes)
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.stoppedLocked()
}

//go:norace
func (p *Portal) stoppedLocked() bool {
	if p.stopped {
		race.Acquire(unsafe.Pointer(p))
	}
	return p.stopped
}

// spawn starts a task, which after Stop has returned it does not do any more.
//
//go:norace
func (p *Portal) spawn(t *kernel.Task) bool {
	kernel.Touch(p, kernel.Changes)
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.stoppedLocked():
		return false
	case t.IsService():
		return p.group.SpawnService(t)
	}
	return p.group.Spawn(t)
}

// WaitStopped waits until Stop is called: at the end of the body of With, it keeps the
// portal open. Cancellation: nothing is lost.
func (p *Portal) WaitStopped(ctx context.Context) error { return p.stop.Wait(ctx, opStopped) }

var opStopped = kernel.RegisterOp("Portal.WaitStopped")
