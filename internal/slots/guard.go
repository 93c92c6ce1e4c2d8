package slots

import (
	"sync/atomic"

	"github.com/anyio-go/anyio/internal/kernel"
)

// A Guard lets one in at a time, and others not at all. The zero value is free.
type Guard struct{ taken atomic.Uint32 }

// Enter reports whether the caller is in.
func (g *Guard) Enter() bool {
	kernel.Preempt()
	free := g.taken.CompareAndSwap(0, 1)
	kernel.PreemptAfter(g, kernel.Changes)
	return free
}

// Leave is called by who is in. It reports false if nobody is.
func (g *Guard) Leave() bool {
	kernel.Preempt()
	left := g.taken.CompareAndSwap(1, 0)
	if left {
		kernel.PreemptAfter(g, kernel.Changes)
	} else {
		kernel.Touch(g, kernel.Changes)
	}
	return left
}
