package portal

import (
	"sync/atomic"

	"github.com/anyio-go/anyio/internal/kernel"
)

// A handOver is a value that one task hands to another, once.
type handOver[V any] struct {
	state atomic.Uint32
	value V // written before done is open
	done  kernel.Latch
}

const (
	pending = iota
	handed
	givenUp
)

// hand gives the value, unless it was given up, and reports whether it is the first.
func (h *handOver[V]) hand(v V) (first bool) {
	kernel.Preempt()
	if !h.state.CompareAndSwap(pending, handed) {
		return h.state.Load() == givenUp
	}
	h.value = v
	h.done.Open()
	kernel.Preempt()
	return true
}

// giveUp tells that no value will come, if none has.
func (h *handOver[V]) giveUp() {
	kernel.Preempt()
	if h.state.CompareAndSwap(pending, givenUp) {
		h.done.Fail()
	}
	kernel.Preempt()
}

// get returns the value once done is open; false if there is none.
func (h *handOver[V]) get() (v V, ok bool) { return h.value, h.state.Load() == handed }
