// Package waitq holds the two parts of which every primitive is made: a lock for
// critical sections of a few instructions, and an intrusive FIFO queue.
package waitq

import (
	"runtime"
	"sync/atomic"
	"time"

	"github.com/anyio-go/anyio/internal/bubble"
)

// A Mutex guards a handful of memory accesses. It spins shortly and then yields
// the processor; it never parks, so it has no convoy: with eight senders and
// eight receivers on two cores a stream guarded by sync.Mutex is twice as slow.
// Code that holds it must not block, allocate much, or call unknown functions.
type Mutex struct{ held atomic.Uint32 }

// Lock acquires the mutex.
func (m *Mutex) Lock() {
	if !m.held.CompareAndSwap(0, 1) {
		m.lockSlow()
	}
}

const (
	spins  = 30  // looks at the word before giving way
	yields = 200 // times of giving way before really sleeping
)

func (m *Mutex) lockSlow() {
	for round := 0; ; round++ {
		for range spins {
			if m.held.Load() == 0 && m.held.CompareAndSwap(0, 1) {
				return
			}
		}
		if round < yields || bubble.In() { // where a sleep would move the clock
			runtime.Gosched()
		} else {
			// The holder was descheduled by the system: let it come back.
			time.Sleep(20 * time.Microsecond)
		}
	}
}
