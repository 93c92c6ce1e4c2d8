package anyio

import (
	"context"

	"github.com/anyio-go/anyio/internal/kernel"
)

// A portalRun is a run that exists for its portal.
type portalRun struct {
	over     kernel.Latch
	err      error // this and what follows is written before over
	panicked any
}

// StartPortal starts a run on a goroutine of its own, for instance with
// On(EventLoop()), and returns a portal into it, so that plain Go code need not
// give up its own flow of control. Close it. ctx cancels the run; it does not end
// the call. The simulator is refused, inside and outside: nobody would decide when
// its tasks are called. [FT-04]
func StartPortal(ctx context.Context, opts ...RunOption) (*Portal, error) {
	if kernel.Locate(ctx).Run().Virtual {
		return nil, errVirtualPortal
	}
	r := &portalRun{}
	ready := make(chan *Portal, 1)
	go func() {
		defer func() {
			r.panicked = recover()
			r.over.Open()
			close(ready)
		}()
		r.err = Run(ctx, func(ctx context.Context) error {
			if kernel.Locate(ctx).Run().Virtual {
				return errVirtualPortal
			}
			return WithPortal(ctx, func(ctx context.Context, p *Portal) error {
				p.run = r
				ready <- p
				return p.WaitStopped(ctx)
			})
		}, opts...)
	}()
	if p := <-ready; p != nil {
		return p, nil
	}
	if r.panicked != nil {
		panic(r.panicked)
	}
	return nil, r.err
}

var errVirtualPortal = misuse("StartPortal on a simulated run, or in one: use WithPortal there, or another backend")

var opPortalClose = kernel.RegisterOp("Portal.Close")

// Close stops the portal. If it was made by StartPortal, Close waits for the tasks
// that are left and returns the error of the run; a panic in a task is raised again
// here, each time. It may be called again and works in a canceled scope.
// Cancellation: the tasks that are left are canceled, and still waited for. [FT-04]
func (p *Portal) Close(ctx context.Context) error {
	p.Stop(false)
	if p.run == nil {
		return nil
	}
	if err := p.run.over.Wait(ctx, opPortalClose); err != nil {
		p.Stop(true)
		p.run.over.WaitShielded(ctx, opPortalClose)
	}
	if p.run.panicked != nil {
		panic(p.run.panicked)
	}
	return p.run.err
}

// A PortalProvider shares one run among those who need a portal now and then: the
// first Acquire starts it, the last Release ends it, and afterwards it may begin
// anew. Its methods may be called from any goroutine. [FT-12]
type PortalProvider struct {
	opts []RunOption

	mu     Lock // guards what follows, also while a run starts
	users  int
	portal *Portal
}

// NewPortalProvider makes a provider of portals into runs with these options.
func NewPortalProvider(opts ...RunOption) *PortalProvider { return &PortalProvider{opts: opts} }

// Acquire returns the portal, which is running. The values of the first caller's
// ctx are those of the run's tasks; its cancellation does not reach them. Call
// Release for each Acquire that succeeded. Cancellation: nothing was acquired.
func (pp *PortalProvider) Acquire(ctx context.Context) (*Portal, error) {
	if err := pp.mu.Acquire(ctx); err != nil {
		return nil, err
	}
	defer pp.mu.Release()
	if pp.users == 0 {
		p, err := StartPortal(context.WithoutCancel(ctx), pp.opts...)
		if err != nil {
			return nil, err
		}
		pp.portal = p
	}
	pp.users++
	return pp.portal, nil
}

// Release gives the portal back. The last one waits for the tasks that are left
// and returns the error of the run. It works in a canceled scope, where it cancels
// them first, see Portal.Close.
func (pp *PortalProvider) Release(ctx context.Context) error {
	err := withScope(ctx, kernel.NoDeadline, true, func(ctx context.Context, _ *CancelScope) error {
		return pp.mu.Acquire(ctx)
	})
	if err != nil {
		return err
	}
	var last *Portal
	switch pp.users {
	case 0:
		err = misuse("PortalProvider.Release without Acquire: release once for each acquired portal")
	case 1:
		last, pp.portal = pp.portal, nil
		fallthrough
	default:
		pp.users--
	}
	pp.mu.Release()
	if last == nil {
		return err
	}
	return last.Close(ctx) // a task that is left may acquire meanwhile: it gets another run
}
