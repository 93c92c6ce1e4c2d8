package cluster

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/anyio-go/anyio"
)

// ErrLeaseLost is matched by the error of one who holds a lock or a semaphore no more,
// although it was not released.
var ErrLeaseLost = errors.New("cluster: the lease is lost")

// A Permit is a slot of a Semaphore that is held. It is renewed in the background until it
// is released, or lost.
type Permit struct {
	s     *Semaphore
	id    string
	token uint64

	renewing anyio.Lock // while the store is asked

	mu      sync.Mutex
	over    bool
	lost    error
	until   time.Time // when the lease ends, unless it is renewed
	renewal func()    // stops the timer
	expiry  func()
	tell    func() // called when it is lost
}

// Token returns the fencing token: it is greater than those of all who have held the same
// slot before.
func (p *Permit) Token() uint64 { return p.token }

// begin has the lease renewed that was granted not before started.
func (p *Permit) begin(started time.Time) {
	p.mu.Lock()
	p.until = started.Add(p.s.lease)
	p.expiry = p.in(p.until.Sub(p.s.c.bus.now()), p.expire)
	p.renewal = p.in(p.s.lease/3, p.renewSoon)
	p.mu.Unlock()
	p.s.c.leases.enlist(p)
}

func (p *Permit) in(d time.Duration, f func()) (stop func()) { return p.s.c.bus.after(d, f) }

func (p *Permit) renewSoon() { p.s.c.bus.spawn(p.renew) }

func (p *Permit) renew(ctx context.Context) {
	_ = p.renewing.Do(ctx, func(ctx context.Context) error {
		p.mu.Lock()
		over, until := p.over, p.until
		p.mu.Unlock()
		if over {
			return nil
		}
		started, found := p.s.c.bus.now(), false
		late, err := anyio.MoveOnAt(ctx, until, func(ctx context.Context) error {
			_, err := p.s.c.leases.change(ctx, p.s.key, func(r *leaseRecord) bool {
				h := r.find(p.id)
				if found = h != nil; found {
					h.Beat++
				}
				return found
			})
			return err
		})
		if err == nil && !late && !found {
			p.lose("another member has found it expired")
			return nil
		}
		p.renewed(started, err == nil && !late)
		return err
	})
}

// renewed takes note of a renewal, and has the next one made.
func (p *Permit) renewed(started time.Time, well bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.over {
		return
	}
	again := p.s.lease / 10
	if well {
		again = p.s.lease / 3
		p.until = started.Add(p.s.lease)
		p.expiry()
		p.expiry = p.in(p.until.Sub(p.s.c.bus.now()), p.expire)
	}
	p.renewal = p.in(again, p.renewSoon)
}

func (p *Permit) expire() {
	p.mu.Lock()
	renewed := p.s.c.bus.now().Before(p.until)
	p.mu.Unlock()
	if !renewed {
		p.lose(fmt.Sprintf("it could not be renewed for %v", p.s.lease))
	}
}

func (p *Permit) lose(why string) {
	p.mu.Lock()
	tell := p.tell
	first := p.finish()
	if first {
		p.lost = fmt.Errorf("%w: %q: %s", ErrLeaseLost, p.s.name, why)
	}
	p.mu.Unlock()
	if first && tell != nil {
		tell()
	}
}

// finish ends the renewal, and reports whether it had not ended before. It needs mu.
func (p *Permit) finish() bool {
	if p.over {
		return false
	}
	p.over = true
	p.renewal()
	p.expiry()
	p.s.c.leases.forget(p)
	return true
}

// Release gives the slot back. If the lease was lost the error matches ErrLeaseLost; if the
// store could not be told, the slot is free when the lease ends.
// Cancellation: ignored; it waits for an answer of the store, for 5 s at most.
func (p *Permit) Release(ctx context.Context) error {
	p.mu.Lock()
	first, lost := p.finish(), p.lost
	p.mu.Unlock()
	if lost != nil {
		return lost
	}
	if !first {
		return misuse("Release of a permit of %q that was released before", p.s.name)
	}
	return p.remove(ctx)
}

// remove takes the holder out of the record.
func (p *Permit) remove(ctx context.Context) error {
	err := anyio.Shielded(ctx, anyio.Forever, func(ctx context.Context) error {
		return p.renewing.Do(ctx, func(ctx context.Context) error {
			return p.s.c.leases.ask(ctx, func(ctx context.Context) error {
				_, err := p.s.c.leases.change(ctx, p.s.key, func(r *leaseRecord) bool {
					n := len(r.Holders)
					r.Holders = slices.DeleteFunc(r.Holders, func(h leaseHolder) bool { return h.ID == p.id })
					return len(r.Holders) < n
				})
				return err
			})
		})
	})
	if err != nil {
		return fmt.Errorf("cluster: releasing %q: %w; it is free %v after it was renewed last", p.s.name, err, p.s.lease)
	}
	return nil
}

// do runs f while the permit is held, and releases it.
func (p *Permit) do(ctx context.Context, release func(ctx context.Context) error, f func(ctx context.Context, token uint64) error) (err error) {
	defer func() {
		if bad := release(ctx); err == nil {
			err = bad
		} else if bad != nil {
			err = errors.Join(err, bad)
		}
	}()
	return anyio.WithCancelScope(ctx, func(ctx context.Context, scope *anyio.CancelScope) error {
		p.onLost(func() { scope.Cancel(p.lost.Error()) })
		defer p.onLost(nil)
		return f(ctx, p.token)
	})
}

// onLost has f called when the permit is lost, at once if it is already.
func (p *Permit) onLost(f func()) {
	p.mu.Lock()
	p.tell = f
	lost := p.lost
	p.mu.Unlock()
	if lost != nil && f != nil {
		f()
	}
}
