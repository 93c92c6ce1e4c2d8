package portal

import (
	"context"
	"errors"

	"github.com/anyio-go/anyio"
)

// A Provider shares one run among those who need a portal now and then: the
// first Acquire starts it, the last Release ends it, and afterwards it may begin
// anew. Its methods may be called from any goroutine.
type Provider struct {
	opts []anyio.RunOption

	mu     anyio.Lock // guards what follows, also while a run starts
	users  int
	portal *Portal
	dead   []*Portal // earlier ones of these users, which the last one closes
}

// NewProvider makes a provider of portals into runs with these options.
func NewProvider(opts ...anyio.RunOption) *Provider { return &Provider{opts: opts} }

// Acquire returns the portal, which is running: if it was stopped, or its run has
// died of a panic, a new run is started, which those who come later share. The
// values of the ctx of the caller who started it are those of the run's tasks; its
// cancellation does not reach them. Call Release for each Acquire that succeeded.
// Cancellation: nothing was acquired.
func (pp *Provider) Acquire(ctx context.Context) (*Portal, error) {
	if err := pp.mu.Acquire(ctx); err != nil {
		return nil, err
	}
	defer pp.mu.Release()
	if pp.portal == nil || !pp.portal.open() {
		p, err := New(context.WithoutCancel(ctx), pp.opts...)
		if err != nil {
			return nil, err
		}
		if pp.portal != nil {
			pp.bury(pp.portal)
		}
		pp.portal = p
	}
	pp.users++
	return pp.portal, nil
}

// bury keeps a dead portal for the last Release, unless it has nothing to tell. Of
// the runs that failed only the first is kept, so that a run that dies again and
// again takes no memory.
func (pp *Provider) bury(p *Portal) {
	var kept []*Portal
	failed := false
	for _, d := range append(pp.dead, p) {
		if d.run.over.IsOpen() {
			if failed || d.run.endedWell() {
				continue
			}
			failed = true
		}
		kept = append(kept, d)
	}
	pp.dead = kept
}

// Release gives the portal back. The last one waits for the tasks that are left, also
// those of runs that were replaced, and returns the errors of the runs; if one has
// panicked, that is raised here. Cancellation: the portal is given back all the same;
// the last Release cancels the tasks that are left, and still waits for them.
func (pp *Provider) Release(ctx context.Context) error {
	err := anyio.Shielded(ctx, anyio.Forever, pp.mu.Acquire)
	if err != nil {
		return err
	}
	if pp.users == 0 {
		pp.mu.Release()
		return misuse("portal.Provider.Release without Acquire: release once for each acquired portal")
	}
	var last []*Portal
	if pp.users--; pp.users == 0 {
		last = append(pp.dead, pp.portal)
		pp.dead, pp.portal = nil, nil
	}
	pp.mu.Release()
	return closeAll(ctx, last) // a task that is left may acquire meanwhile: it gets another run
}

// closeAll stops all, waits for all, and only then returns their errors or
// raises the panic of the first that has one.
func closeAll(ctx context.Context, portals []*Portal) error {
	for _, p := range portals {
		p.Stop()
	}
	var errs []error
	var over []*ownRun
	for _, p := range portals {
		if err := p.end(ctx); err != nil {
			errs = append(errs, err)
		} else {
			over = append(over, p.run)
		}
	}
	for _, r := range over {
		if err := r.outcome(); err != nil {
			errs = append(errs, err)
		}
	}
	if len(errs) == 1 {
		return errs[0]
	}
	return errors.Join(errs...)
}

// open reports whether the portal takes calls that may live.
func (p *Portal) open() bool {
	return !p.isStopped() && !p.group.Scope.CancelCalled()
}
