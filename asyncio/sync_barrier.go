package asyncio

import (
	"context"
	"errors"
)

// ErrBrokenBarrier is returned to those who wait at a barrier that is broken or reset.
var ErrBrokenBarrier = errors.New("asyncio: the barrier is broken")

// A Barrier lets a fixed number of tasks wait for each other, again and again. Those who
// come while a round leaves wait for the next one.
type Barrier struct {
	cond    Condition
	parties int
	inside  int
	state   barrierState
}

type barrierState uint8

const (
	filling barrierState = iota
	draining
	resetting
	broken
)

// NewBarrier makes a barrier for that many tasks. It panics with a *anyio.MisuseError if
// there is not one at least.
func NewBarrier(parties int) *Barrier {
	if parties < 1 {
		panic(misuse("a Barrier needs one party at least"))
	}
	return &Barrier{parties: parties}
}

// Wait waits until all parties have come, and returns which of them the caller was, from 0.
// The error is ErrBrokenBarrier if the barrier is broken, or is reset meanwhile.
//
// Cancellation: the task does not count any more; the others go on waiting.
func (b *Barrier) Wait(ctx context.Context) (index int, err error) {
	if b.parties < 1 {
		return 0, misuse("a Barrier that was not made by NewBarrier")
	}
	err = b.cond.Do(ctx, func(ctx context.Context) error {
		if err := b.enter(ctx); err != nil {
			return err
		}
		index = b.inside
		b.inside++
		defer b.leave()
		if b.inside == b.parties {
			b.change(draining)
			return nil
		}
		err := b.cond.WaitFor(ctx, func() bool { return b.state != filling })
		if err == nil && b.state != draining {
			return ErrBrokenBarrier
		}
		return err
	})
	if err != nil {
		return 0, err
	}
	return index, nil
}

// enter waits until the round before has left.
func (b *Barrier) enter(ctx context.Context) error {
	err := b.cond.WaitFor(ctx, func() bool { return b.state == filling || b.state == broken })
	if err == nil && b.state == broken {
		return ErrBrokenBarrier
	}
	return err
}

// leave is the end of Wait. The last to leave lets the next round begin.
func (b *Barrier) leave() {
	b.inside--
	if b.inside > 0 {
		return
	}
	if b.state == draining || b.state == resetting {
		b.state = filling
	}
	b.cond.NotifyAll()
}

func (b *Barrier) change(to barrierState) {
	b.state = to
	b.cond.NotifyAll()
}

// Reset makes the barrier as new. Those who wait get ErrBrokenBarrier. Cancellation: the
// barrier is as it was.
func (b *Barrier) Reset(ctx context.Context) error {
	return b.cond.Do(ctx, func(context.Context) error {
		if b.inside > 0 {
			b.change(resetting)
		} else {
			b.change(filling)
		}
		return nil
	})
}

// Abort breaks the barrier: those who wait, and all who come before Reset, get
// ErrBrokenBarrier. Cancellation: the barrier is as it was.
func (b *Barrier) Abort(ctx context.Context) error {
	return b.cond.Do(ctx, func(context.Context) error {
		b.change(broken)
		return nil
	})
}

// Parties returns how many tasks the barrier is for.
func (b *Barrier) Parties() int { return b.parties }

// Waiting returns how many tasks wait for others to come.
func (b *Barrier) Waiting() int {
	if b.state != filling {
		return 0
	}
	return b.inside
}

// Broken reports whether the barrier is broken.
func (b *Barrier) Broken() bool { return b.state == broken }
