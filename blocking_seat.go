package anyio

import (
	"strconv"
	"unsafe"

	"github.com/anyio-go/anyio/internal/kernel"
	"github.com/anyio-go/anyio/internal/quiet"
	"github.com/anyio-go/anyio/internal/race"
	"github.com/anyio-go/anyio/internal/waitq"
)

// A blockingSeat holds a token of a limiter for one call of RunBlocking. Nobody
// else can ask for it, so the limiter keeps it in a list and needs no map, which
// would cost more than all the rest of the call.
type blockingSeat struct {
	kernel.Waiter
	node   waitq.Node[*blockingSeat] // in limiter.seats, guarded by its mu
	number uint64                    // in order of the grants, guarded by the same
	task   *kernel.Task              // of the caller, nil if it has none
	blockingOptions
}

type seatQueue struct{ waitq.Queue[*blockingSeat] }

var seats = quiet.NewPool(func() *blockingSeat {
	s := &blockingSeat{}
	s.node.Value = s
	return s
})

// A seatBorrower tells who holds a seat.
type seatBorrower struct{ task *kernel.Task }

func (b seatBorrower) name() string {
	if b.task == nil {
		return "no task"
	}
	return b.task.Name()
}

func (b seatBorrower) who() string {
	if b.task == nil {
		return b.name()
	}
	return "task " + strconv.Quote(b.task.Name())
}

// panicked wraps what the function panicked with.
func (s *blockingSeat) panicked(value any) *PanicError {
	return newPanicError(value, seatBorrower{s.task}.name())
}

// take gets a token for the seat, waiting for one if need be.
func (l *CapacityLimiter) take(p kernel.Place, s *blockingSeat) error {
	if err := l.sit(s, nil); err != ErrWouldBlock {
		return err
	}
	c := claimants.Get()
	defer putClaimant(c)
	c.seat = s
	c.For((*limiterOwners)(l))
	c.Prepare(p, opLimiter)
	if err := l.sit(s, c); err != ErrWouldBlock {
		return err
	}
	granted, err := c.wait(p, l)
	if !granted {
		l.mu.Lock()
		l.waiters.Remove(&c.node)
		l.mu.Unlock()
	}
	return err
}

// sit gives the seat a token if one is free. If not, it puts c, unless it is nil,
// into the queue, and returns ErrWouldBlock.
//
//go:norace
func (l *CapacityLimiter) sit(s *blockingSeat, c *claimant) (err error) {
	l.forSeat(s, func() { err = l.sitNow(s, c) })
	return err
}

// forSeat calls f, which takes or gives back the seat's token. All blocking calls of a
// run use its limiter. While that has as many tokens as it began with, nobody relies on
// it for an order, and the race detector must see none.
//
//go:norace
func (l *CapacityLimiter) forSeat(s *blockingSeat, f func()) {
	if !race.Enabled || !l.apart {
		f()
		return
	}
	race.ReleaseMerge(unsafe.Pointer(s))
	race.Apart(unsafe.Pointer(l), func() {
		race.Acquire(unsafe.Pointer(s))
		f()
	})
}

func (l *CapacityLimiter) sitNow(s *blockingSeat, c *claimant) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.broken != nil:
		return l.broken
	case l.borrowed < l.total && l.waiters.Len() == 0:
		l.seatLocked(s)
		return nil
	case c != nil:
		l.waiters.Push(&c.node)
	}
	return ErrWouldBlock
}

func (l *CapacityLimiter) seatLocked(s *blockingSeat) {
	l.borrowed++
	l.last++
	s.number = l.last
	l.seats.Push(&s.node)
}

// giveBack returns the seat's token, to the first who waits if there is one.
//
//go:norace
func (l *CapacityLimiter) giveBack(s *blockingSeat) {
	var c *claimant
	l.forSeat(s, func() { c = l.giveBackNow(s) })
	if c != nil {
		c.Unpark()
	}
}

// giveBackNow is giveBack that leaves it to the caller to unpark who has the token now.
func (l *CapacityLimiter) giveBackNow(s *blockingSeat) *claimant {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.seats.Remove(&s.node)
	l.borrowed--
	return l.grantLocked()
}
