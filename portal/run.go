package portal

import (
	"context"
	"errors"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/kernel"
)

// A ownRun is a run that exists for its portal.
type ownRun struct {
	begun    kernel.Latch // the portal is there, or the run is over
	portal   *Portal      // written before begun
	over     kernel.Latch
	panicked any   // this and what follows is written before over
	err      error // if it did not panic
}

// main is the life of the run.
func (r *ownRun) main(ctx context.Context, opts []anyio.RunOption) {
	r.err = errExited // unless Run returns
	defer func() {
		r.panicked = recover()
		r.over.Open()
		r.begun.Open()
	}()
	r.err = anyio.Run(ctx, func(ctx context.Context) error {
		if err := kernel.Locate(ctx).Run().Admit(kernel.PortalRun); err != nil {
			return err
		}
		return With(ctx, func(ctx context.Context, p *Portal) error {
			p.run, r.portal = r, p
			r.begun.Open()
			return p.WaitStopped(ctx)
		})
	}, append([]anyio.RunOption{anyio.MainName("portal")}, opts...)...)
}

// New starts a run on a goroutine of its own, for instance with
// anyio.On(anyio.EventLoop()), named "portal" unless anyio.MainName says otherwise, and
// returns a portal into it, so that plain Go code need
// not give up its own flow of control. Close it. The run is canceled with ctx; then the
// portal takes no calls any more. A simulated run is refused with an *anyio.MisuseError,
// and so is a call from one: the seed would not decide when its tasks are called.
// Cancellation: nothing was started.
func New(ctx context.Context, opts ...anyio.RunOption) (*Portal, error) {
	p, err := kernel.Enter(ctx)
	if err != nil {
		return nil, err
	}
	if err := p.Run().Admit(kernel.PortalRun); err != nil {
		return nil, err
	}
	r := &ownRun{}
	go r.main(ctx, opts)
	r.begun.WaitShielded(ctx, opNew)
	switch {
	case r.portal != nil:
		return r.portal, nil
	case r.panicked != nil:
		panic(r.panicked)
	}
	return nil, r.err
}

var (
	opNew   = kernel.RegisterOp("portal.New")
	opClose = kernel.RegisterOp("Portal.Close")
)

var (
	errClosedInside = misuse("Portal.Close by code of the portal's own run, which would wait for itself: call Stop there, and Close outside")
	errExited       = errors.New("anyio: a task called runtime.Goexit, which has ended the run of the portal")
)

// Close stops the portal. If it was made by New, Close waits for the tasks
// that are left and returns the error of the run; a panic in a task is raised again
// here, each time. It may be called again and works in a canceled scope. Code of
// the portal's run gets an *anyio.MisuseError, since the run would wait for itself; the
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
	p.Stop()
	switch {
	case p.run == nil:
		return nil
	case kernel.Locate(ctx).Run().Whole() == p.group.Run().Whole():
		return errClosedInside
	}
	if err := p.run.over.Wait(ctx, opClose); err != nil {
		p.Cancel("the caller of Close was canceled")
		p.run.over.WaitShielded(ctx, opClose)
	}
	return nil
}

// outcome is the error of a run that is over, or raises its panic.
func (r *ownRun) outcome() error {
	if r.panicked != nil {
		panic(r.panicked)
	}
	return r.err
}

// endedWell reports, of a run that is over, whether it has nothing to tell.
func (r *ownRun) endedWell() bool { return r.panicked == nil && r.err == nil }
