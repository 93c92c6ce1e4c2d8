package asyncio

import "context"

// A Semaphore counts slots for the tasks of a loop: Acquire takes one, waiting while there
// is none, and Release gives one back. Those who wait are served in the order of coming, and
// nobody overtakes.
//
// The zero value is a Semaphore without slots. A Semaphore must not be copied.
type Semaphore struct {
	waiters waitList
	value   int
	bound   int
	bounded bool
}

// NewSemaphore makes a semaphore with n slots. It panics with a *anyio.MisuseError if n is
// negative.
func NewSemaphore(n int) *Semaphore {
	if n < 0 {
		panic(misuse("the initial value of a Semaphore must be >= 0"))
	}
	return &Semaphore{value: n}
}

// NewBoundedSemaphore makes a semaphore as NewSemaphore does, that never has more than n
// free slots: one Release too many panics.
func NewBoundedSemaphore(n int) *Semaphore {
	s := NewSemaphore(n)
	s.bound, s.bounded = n, true
	return s
}

// Acquire takes a slot, waiting for one if need be. Cancellation: no slot is taken; one
// that was meant for the task passes to the next who waits.
func (s *Semaphore) Acquire(ctx context.Context) error {
	l, err := taskLoop(ctx, "Semaphore.Acquire")
	if err != nil {
		return err
	}
	if !s.Locked() {
		s.value--
		return nil
	}
	f, err := s.waiters.add(l)
	if err != nil {
		return err
	}
	woken, err := s.waiters.wait(ctx, f)
	if err != nil {
		if woken {
			s.value++
			s.wakeNext()
		}
		return err
	}
	if s.value > 0 {
		s.wakeNext()
	}
	return nil
}

// wakeNext gives a slot to the first who waits.
func (s *Semaphore) wakeNext() { s.value -= s.waiters.wake(1) }

// Release gives a slot to the first who waits, or frees it. It panics with a
// *anyio.MisuseError if the semaphore is bounded and all slots are free.
func (s *Semaphore) Release() {
	s.waiters.use("Semaphore.Release")
	if s.bounded && s.value >= s.bound {
		panic(misuse("a bounded semaphore was released too many times: release once for each successful Acquire"))
	}
	s.value++
	s.wakeNext()
}

// Locked reports whether Acquire would have to wait.
func (s *Semaphore) Locked() bool {
	touch()
	return s.value == 0 || s.waiters.claimed()
}

// Do runs f while holding a slot. The error is that of Acquire, in which case f did not
// run, or that of f. Cancellation: as for Acquire; in f, it is up to f.
func (s *Semaphore) Do(ctx context.Context, f func(ctx context.Context) error) error {
	if err := s.Acquire(ctx); err != nil {
		return err
	}
	defer s.Release()
	return f(ctx)
}
