package cluster

import (
	"context"
	"fmt"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/lowlevel"
)

// LockOptions are options of NewLock and NewSemaphore.
type LockOptions struct {
	// Lease is how long one who holds it keeps it without being heard of: its member
	// renews three times as often. The default is 10 s; it is 100 ms at least.
	Lease time.Duration
}

const (
	defaultLease = 10 * time.Second
	minLease     = 100 * time.Millisecond
)

// A Semaphore counts slots that are the same for all members that make one of its name:
// Acquire takes one, waiting while there is none. It is kept in the key-value store of
// JetStream; see the package about what that guarantees.
//
// Tasks that wait at the same Semaphore value are served in the order in which they came.
// Among several members the first whose request the store sees gets what has become free.
type Semaphore struct {
	c     *Conn
	name  string
	key   string
	size  int
	lease time.Duration

	turn *anyio.Semaphore    // one tries at a time
	seen map[string]sighting // of the last try
}

// A sighting is when a holder was seen first with its beat. Clocks of members are not
// compared: who waits takes for lost who has not changed for a whole lease as seen here.
type sighting struct {
	beat  uint64
	since time.Time
}

// NewSemaphore returns the semaphore of a name, with size slots. All members must give it
// the same size: Acquire fails while others hold slots of another number of them.
func NewSemaphore(c *Conn, name string, size int, o LockOptions) (*Semaphore, error) {
	if size < 1 {
		return nil, misuse("NewSemaphore %q with %d slots: want 1 at least", name, size)
	}
	return newSemaphore(c, "s."+tokenOf(name), name, size, o)
}

func newSemaphore(c *Conn, key, name string, size int, o LockOptions) (*Semaphore, error) {
	if o.Lease == 0 {
		o.Lease = defaultLease
	}
	if err := c.check("a Lock or Semaphore"); err != nil {
		return nil, err
	}
	switch {
	case name == "":
		return nil, misuse("a Lock or Semaphore without a name: members that share it need one")
	case o.Lease < minLease:
		return nil, misuse("LockOptions.Lease %v of %q: want %v at least, so that it can be renewed", o.Lease, name, minLease)
	}
	return &Semaphore{c: c, name: name, key: key, size: size, lease: o.Lease, turn: anyio.NewSemaphore(1)}, nil
}

// Acquire takes a slot, waiting for one if need be. Release it. An error of the store ends
// the wait.
// Cancellation: no slot is taken; one that was granted already is returned.
func (s *Semaphore) Acquire(ctx context.Context) (*Permit, error) {
	if err := s.turn.Acquire(ctx); err != nil {
		return nil, err
	}
	defer s.turn.Release()
	if err := s.c.leases.open(ctx); err != nil {
		return nil, err
	}
	p := &Permit{s: s, id: randomText(ctx)}
	var watch *keyWatch
	for {
		started := s.c.bus.now()
		granted, wait, err := s.try(ctx, p)
		switch {
		case granted:
			p.begin(started)
		case err != nil && !anyio.IsCancellation(err): // it may have been granted
			_ = p.remove(ctx)
			err = lowlevel.CanceledOr(ctx, err)
		case err == nil && watch == nil: // what changes before there is one, the next try sees
			watch, err = s.c.leases.watch(s.key)
		case err == nil:
			err = watch.wait(ctx, wait)
		}
		if granted || err != nil {
			if watch != nil {
				watch.stop()
			}
			if granted {
				return p, nil
			}
			return nil, err
		}
	}
}

// try takes a slot if one is free, or its holder lost. Else it says when that may be so.
func (s *Semaphore) try(ctx context.Context, p *Permit) (granted bool, wait time.Duration, err error) {
	wrong := 0
	take := func(r *leaseRecord) (write bool) {
		wait = s.sift(r)
		if r.Size != s.size && len(r.Holders) > 0 {
			wrong = r.Size
			return false
		}
		if granted = r.find(p.id) != nil; granted { // by a request whose answer was lost
			return false
		}
		if granted = len(r.Holders) < s.size; granted {
			r.Size = s.size
			r.Holders = append(r.Holders, leaseHolder{ID: p.id, Lease: s.lease})
		}
		return granted
	}
	err = s.c.leases.ask(ctx, func(ctx context.Context) (err error) {
		p.token, err = s.c.leases.change(ctx, s.key, take)
		return err
	})
	switch {
	case err != nil && !anyio.IsCancellation(err):
		err = fmt.Errorf("cluster: acquiring %q: %w", s.name, err)
	case wrong != 0:
		err = misuse("semaphore %q with %d slots: others hold it with %d", s.name, s.size, wrong)
	}
	return granted && err == nil, wait, err
}

// sift takes holders out that are lost, and returns when to look for others.
func (s *Semaphore) sift(r *leaseRecord) (wait time.Duration) {
	now, seen, kept := s.c.bus.now(), map[string]sighting{}, []leaseHolder{}
	wait = s.lease
	for _, h := range r.Holders {
		at, ok := s.seen[h.ID]
		if !ok || at.beat != h.Beat {
			at = sighting{h.Beat, now}
		}
		left := at.since.Add(h.Lease).Sub(now)
		seen[h.ID] = at
		if left > 0 {
			wait = min(wait, left)
			kept = append(kept, h)
		}
	}
	s.seen, r.Holders = seen, kept
	return wait
}

// Do runs f while it holds a slot, with its fencing token. If the lease is lost, f's ctx
// is canceled with that as the reason, and the error of Do matches ErrLeaseLost.
// Cancellation: while waiting, as for Acquire; in f, it is up to f.
func (s *Semaphore) Do(ctx context.Context, f func(ctx context.Context, token uint64) error) error {
	p, err := s.Acquire(ctx)
	if err != nil {
		return err
	}
	return p.do(ctx, p.Release, f)
}
