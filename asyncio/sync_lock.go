package asyncio

import (
	"context"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/kernel"
)

// A Lock is a mutual exclusion lock for the tasks of a loop. It has no owner: any task or
// callback may release it. Those who wait get it in the order of coming, each in its turn;
// nobody overtakes. Unlike anyio.Lock, Acquire of a free lock never gives way.
//
// The zero value is ready. A Lock must not be copied.
type Lock struct {
	waiters waitList
	locked  bool
	more    int // that have it, too, in a run that is killed: see regain
}

// Acquire waits until the lock is free, and locks it. Cancellation: the lock is not locked;
// if it was the task's turn, it passes to the next who waits.
func (k *Lock) Acquire(ctx context.Context) error {
	l, err := taskLoop(ctx, "Lock.Acquire")
	if err != nil || k.take() {
		return err
	}
	f, err := k.waiters.add(l)
	if err != nil {
		return err
	}
	if _, err := k.waiters.wait(ctx, f); err != nil {
		k.passOn()
		return err
	}
	k.locked = true
	return nil
}

// take locks the lock if it is free and promised to nobody.
func (k *Lock) take() bool {
	if k.locked || k.waiters.claimed() {
		return false
	}
	k.locked = true
	return true
}

// regain locks the lock, whatever cancels the task meanwhile. A request to end costs the
// place in the queue, and the last one is returned.
func (k *Lock) regain(ctx context.Context) (asked error) {
	if k.take() {
		return nil
	}
	_ = anyio.Shielded(ctx, anyio.Forever, func(ctx context.Context) error {
		for {
			err := k.Acquire(ctx)
			if err == nil {
				return nil
			}
			asked = err
			if kernel.Locate(ctx).Run().Killed() != nil {
				if k.locked { // by who may never release it
					k.more++
				}
				k.locked = true
				return nil
			}
		}
	})
	return asked
}

// Release unlocks the lock and wakes the first who waits. It panics with a
// *anyio.MisuseError if the lock is not locked.
func (k *Lock) Release() {
	k.waiters.use("Lock.Release")
	if !k.locked {
		panic(misuse("release of a lock that is not locked"))
	}
	if k.more > 0 {
		k.more--
		return
	}
	k.locked = false
	k.passOn()
}

// passOn wakes the first who waits, if the lock is free. If that one is about to have its
// turn, it gets the lock, or passes it on.
func (k *Lock) passOn() {
	if !k.locked && len(k.waiters.all) > 0 {
		k.waiters.all[0].finish(struct{}{})
	}
}

// Locked reports whether the lock is locked.
func (k *Lock) Locked() bool { return k.locked }

// Do runs f while the lock is locked. The error is that of Acquire, in which case f did not
// run, or that of f. Cancellation: as for Acquire; in f, it is up to f.
func (k *Lock) Do(ctx context.Context, f func(ctx context.Context) error) error {
	if err := k.Acquire(ctx); err != nil {
		return err
	}
	defer k.Release()
	return f(ctx)
}
