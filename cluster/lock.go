package cluster

import (
	"context"
	"sync"

	"github.com/anyio-go/anyio"
)

// A Lock is held by one task of all members that make one of its name. It is a Semaphore
// with one slot, and promises the same.
type Lock struct {
	s    *Semaphore
	turn *anyio.Semaphore // from Acquire to Release

	mu   sync.Mutex
	held *Permit
}

// NewLock returns the lock of a name.
func NewLock(c *Conn, name string, o LockOptions) (*Lock, error) {
	s, err := newSemaphore(c, "l."+tokenOf(name), name, 1, o)
	if err != nil {
		return nil, err
	}
	return &Lock{s: s, turn: anyio.NewSemaphore(1)}, nil
}

// Acquire waits until the caller holds the lock, and returns the fencing token: it is
// greater than those of all who have held the lock before. It is not reentrant.
// Cancellation: the lock is not held; if it was granted already the call succeeds.
func (l *Lock) Acquire(ctx context.Context) (token uint64, err error) {
	//anyiovet:ignore heldlock it is held for as long as the lock is
	if err := l.turn.Acquire(ctx); err != nil {
		return 0, err
	}
	p, err := l.s.Acquire(ctx)
	if err != nil {
		l.turn.Release()
		return 0, err
	}
	l.mu.Lock()
	l.held = p
	l.mu.Unlock()
	return p.token, nil
}

// Release gives the lock back; any task may call it. If the lease was lost the error
// matches ErrLeaseLost; if the store could not be told, the lock is free when the lease
// ends. Who does not hold it gets a *MisuseError.
// Cancellation: ignored; it waits for an answer of the store, for 5 s at most.
func (l *Lock) Release(ctx context.Context) error {
	l.mu.Lock()
	p := l.held
	l.held = nil
	l.mu.Unlock()
	if p == nil {
		return misuse("Release of lock %q, which is not held by this Lock", l.s.name)
	}
	defer l.turn.Release()
	return p.Release(ctx)
}

// Do runs f while it holds the lock, with the fencing token. If the lease is lost, f's ctx
// is canceled with that as the reason, and the error of Do matches ErrLeaseLost.
// Cancellation: while waiting, as for Acquire; in f, it is up to f.
func (l *Lock) Do(ctx context.Context, f func(ctx context.Context, token uint64) error) error {
	if _, err := l.Acquire(ctx); err != nil {
		return err
	}
	l.mu.Lock()
	p := l.held
	l.mu.Unlock()
	return p.do(ctx, l.Release, f)
}
