package anyio

import (
	"context"
	"math"
	"sync/atomic"

	"github.com/anyio-go/anyio/internal/kernel"
	"github.com/anyio-go/anyio/internal/waitq"
)

// A Semaphore counts slots: Acquire takes one, waiting while there is none, and Release
// gives one back, in any task. Those who wait are served in the order of their coming,
// and a slot that is released while somebody waits is handed over at once: the value
// stays 0 and nobody can barge in.
//
// The zero value is a Semaphore without slots and without a maximum. It must not
// be copied.
//
// Release synchronizes before the return of the Acquire that gets the slot.
type Semaphore struct {
	word    atomic.Int64 // free slots; semWaiters stands for 0 with a queue
	bound   int64        // maximum + 1, 0 if there is none; constant
	mu      waitq.Mutex  // guards waiters, and word while it is semWaiters
	waiters kernel.Queue
}

const semWaiters = -1 // no slot is free and the queue may hold somebody

var opSemaphore = kernel.RegisterOp("Semaphore.Acquire")

// NewSemaphore makes a semaphore with that many free slots and no maximum. It
// panics with a *MisuseError if initial is negative.
func NewSemaphore(initial int) *Semaphore {
	if initial < 0 {
		panic(misuse("the initial value of a Semaphore must be >= 0"))
	}
	s := &Semaphore{}
	s.word.Store(int64(initial))
	return s
}

// NewBoundedSemaphore makes a semaphore whose value can never exceed maximum, so
// that one Release too many is noticed. It panics with a *MisuseError if initial
// is negative or above maximum.
func NewBoundedSemaphore(initial, maximum int) *Semaphore {
	s := NewSemaphore(initial)
	if maximum < initial {
		panic(misuse("the maximum of a Semaphore must be equal to or higher than its initial value"))
	}
	if int64(maximum) < math.MaxInt64 {
		s.bound = int64(maximum) + 1
	}
	return s
}

// Acquire takes a slot, waiting for one if need be. It is a checkpoint also if a
// slot is free. Cancellation: no slot is taken, the place in the queue is
// lost.
func (s *Semaphore) Acquire(ctx context.Context) error {
	p, err := kernel.Enter(ctx)
	if err != nil {
		return err
	}
	if s.take() {
		kernel.PreemptAfter(s, kernel.Changes)
		return nil
	}
	b := kernel.GetBlocker()
	defer kernel.PutBlocker(b)
	b.Prepare(p, opSemaphore)
	if !s.enqueue(b) {
		return nil
	}
	if err = b.Wait(p); err != nil {
		s.forget(b)
	}
	kernel.Touch(s, kernel.Looks)
	return err
}

// take takes a slot if one is free.
func (s *Semaphore) take() bool {
	for {
		free := s.word.Load()
		if free <= 0 {
			return false
		}
		if s.word.CompareAndSwap(free, free-1) {
			return true
		}
	}
}

// enqueue puts b into the queue. It returns false if it found a slot instead.
func (s *Semaphore) enqueue(b *kernel.Blocker) bool {
	kernel.Touch(s, kernel.Changes)
	s.mu.Lock()
	defer s.mu.Unlock()
	for !s.take() {
		if s.word.Load() == semWaiters || s.word.CompareAndSwap(0, semWaiters) {
			s.waiters.Push(&b.Node)
			return true
		}
	}
	return false
}

// forget takes a canceled wait out of the queue.
func (s *Semaphore) forget(b *kernel.Blocker) {
	kernel.Touch(s, kernel.Changes)
	s.mu.Lock()
	if s.waiters.Remove(&b.Node) && s.waiters.Len() == 0 {
		s.word.Store(0)
	}
	s.mu.Unlock()
}

// TryAcquire takes a slot if one is free, else it returns ErrWouldBlock.
func (s *Semaphore) TryAcquire() error {
	kernel.Preempt()
	taken := s.take()
	kernel.PreemptAfter(s, kernel.Changes)
	if taken {
		return nil
	}
	return ErrWouldBlock
}

// Release gives a slot to the first who waits, or frees it. Any task or goroutine
// may call it. It panics with a *MisuseError if the value is at the maximum. It
// never blocks and works in a canceled scope.
func (s *Semaphore) Release() {
	kernel.Preempt()
	s.release()
	kernel.PreemptAfter(s, kernel.Changes)
}

func (s *Semaphore) release() {
	kernel.Touch(s, kernel.Changes)
	for {
		free := s.word.Load()
		if max(free, 0) == s.limit() {
			panic(misuse("semaphore released too many times: its value is at the maximum; release once for each successful Acquire"))
		}
		if free == semWaiters {
			if s.handOver() {
				return
			}
		} else if s.word.CompareAndSwap(free, free+1) {
			return
		}
	}
}

// handOver gives a slot to the first who waits. It returns false if the queue was
// given up meanwhile, and nothing was done.
func (s *Semaphore) handOver() bool {
	s.mu.Lock()
	if s.word.Load() != semWaiters {
		s.mu.Unlock()
		return false
	}
	w := s.waiters.WakeFirst()
	if w == nil {
		s.word.Store(1)
	} else if s.waiters.Len() == 0 {
		s.word.Store(0)
	}
	s.mu.Unlock()
	if w != nil {
		w.Unpark()
	}
	return true
}

func (s *Semaphore) limit() int64 {
	if s.bound == 0 {
		return math.MaxInt64
	}
	return s.bound - 1
}

// Do runs f while holding a slot, and releases it also if f panics. The error is that
// of Acquire, in which case f did not run, or that of f. Cancellation: while waiting,
// as for Acquire; in f, it is up to f.
func (s *Semaphore) Do(ctx context.Context, f func(ctx context.Context) error) error {
	if err := s.Acquire(ctx); err != nil {
		return err
	}
	defer s.Release()
	return f(ctx)
}

// Value returns the number of free slots.
func (s *Semaphore) Value() int {
	kernel.Touch(s, kernel.Looks)
	return int(max(s.word.Load(), 0))
}

// MaxValue returns the maximum of the value, and whether there is one.
func (s *Semaphore) MaxValue() (maximum int, bounded bool) {
	if s.bound == 0 {
		return 0, false
	}
	return int(s.bound - 1), true
}

// TasksWaiting returns how many wait.
func (s *Semaphore) TasksWaiting() int {
	kernel.Touch(s, kernel.Looks)
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.waiters.Len()
}
