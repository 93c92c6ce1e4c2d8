package anyio

import (
	"context"
	"errors"

	"github.com/anyio-go/anyio/internal/kernel"
)

// A portalRun is a run that exists for its portal.
type portalRun struct {
	begun    kernel.Latch // the portal is there, or the run is over
	portal   *Portal      // written before begun
	over     kernel.Latch
	panicked any   // this and what follows is written before over
	err      error // if it did not panic
}

// main is the life of the run.
func (r *portalRun) main(ctx context.Context, opts []RunOption) {
	r.err = errPortalExited // unless Run returns
	defer func() {
		r.panicked = recover()
		r.over.Open()
		r.begun.Open()
	}()
	r.err = Run(ctx, func(ctx context.Context) error {
		if err := kernel.Locate(ctx).Run().Admit(kernel.PortalRun); err != nil {
			return err
		}
		return WithPortal(ctx, func(ctx context.Context, p *Portal) error {
			p.run, r.portal = r, p
			r.begun.Open()
			return p.WaitStopped(ctx)
		})
	}, opts...)
}

// StartPortal starts a run on a goroutine of its own, for instance with
// On(EventLoop()), and returns a portal into it, so that plain Go code need not
// give up its own flow of control. Close it. The run is canceled with ctx; then the
// portal takes no calls any more. The simulator is refused, inside and outside:
// nobody would decide when its tasks are called. Cancellation: nothing was
// started.
func StartPortal(ctx context.Context, opts ...RunOption) (*Portal, error) {
	p, err := kernel.Enter(ctx)
	if err != nil {
		return nil, err
	}
	if err := p.Run().Admit(kernel.PortalRun); err != nil {
		return nil, err
	}
	r := &portalRun{}
	go r.main(ctx, opts)
	r.begun.WaitShielded(ctx, opStartPortal)
	switch {
	case r.portal != nil:
		return r.portal, nil
	case r.panicked != nil:
		panic(r.panicked)
	}
	return nil, r.err
}

var (
	opStartPortal = kernel.RegisterOp("StartPortal")
	opPortalClose = kernel.RegisterOp("Portal.Close")
)

var (
	errClosedInside = misuse("Portal.Close by code of the portal's own run, which would wait for itself: call Stop there, and Close outside")
	errPortalExited = errors.New("anyio: a task called runtime.Goexit, which has ended the run of the portal")
)

// Close stops the portal. If it was made by StartPortal, Close waits for the tasks
// that are left and returns the error of the run; a panic in a task is raised again
// here, each time. It may be called again and works in a canceled scope. Code of
// the portal's run gets a *MisuseError, since the run would wait for itself; the
// portal is stopped all the same. Cancellation: the tasks that are left are
// canceled, and still waited for.
func (p *Portal) Close(ctx context.Context) error {
	if err := p.end(ctx); err != nil || p.run == nil {
		return err
	}
	return p.run.outcome()
}

// end stops the portal and waits for the end of its run, if that is its own.
func (p *Portal) end(ctx context.Context) error {
	p.Stop(false)
	switch {
	case p.run == nil:
		return nil
	case kernel.Locate(ctx).Run() == p.tg.g.Run():
		return errClosedInside
	}
	if err := p.run.over.Wait(ctx, opPortalClose); err != nil {
		p.Stop(true)
		p.run.over.WaitShielded(ctx, opPortalClose)
	}
	return nil
}

// outcome is the error of a run that is over, or raises its panic.
func (r *portalRun) outcome() error {
	if r.panicked != nil {
		panic(r.panicked)
	}
	return r.err
}

// endedWell reports, of a run that is over, whether it has nothing to tell.
func (r *portalRun) endedWell() bool { return r.panicked == nil && r.err == nil }
