package kernel

import (
	"github.com/anyio-go/anyio/internal/goid"
	"github.com/anyio-go/anyio/internal/quiet"
	"github.com/anyio-go/anyio/internal/waitq"
)

// strays are what goroutines hold of which it is not known whether they are tasks:
// on the parallel backend only a context tells, and a Try function has none. Each
// bucket keeps the last few, so that goroutines that are no tasks, and end with what
// they hold, keep no memory.
var strays [64]struct {
	mu     waitq.QuietMutex // guards the lists
	first  quiet.Pointer[Hold]
	guests *guest // the innermost of a goroutine first
	_      [40]byte
}

const maxStrays = 64 // in a bucket

// anyStrays reports whether the goroutine may hold some.
//
//go:norace
func anyStrays(goid int64) bool { return strays[strayIndex(goid)].first.Load() != nil }

//go:norace
func strayIndex(goid int64) int { return int(uint64(goid) % uint64(len(strays))) }

//go:norace
func (h *Hold) takeStray(goid int64) {
	b := &strays[strayIndex(goid)]
	b.mu.Lock()
	defer b.mu.Unlock()
	h.stray, h.next = goid, b.first.Load()
	b.first.Store(h)
	n := 1
	for at := h; at.next != nil; at = at.next {
		if n++; n > maxStrays {
			at.next.stray, at.next = 0, nil
			return
		}
	}
}

//go:norace
func (h *Hold) dropStray() {
	b := &strays[strayIndex(goid.Get())]
	b.mu.Lock()
	defer b.mu.Unlock()
	if h.stray == 0 {
		return
	}
	h.stray = 0
	first := b.first.Load()
	if first == h {
		b.first.Store(h.next)
	} else {
		for at := first; at != nil; at = at.next {
			if at.next == h {
				at.next = h.next
				break
			}
		}
	}
	h.next = nil
}

// hasStrays reports whether the goroutine holds some.
//
//go:norace
func hasStrays(goid int64) bool { return anyStrays(goid) && len(straysOf(goid)) > 0 }

// takeStrays takes away what the calling goroutine holds, unless it is not the caller's
// own, but that of who waits for it there.
//
//go:norace
func takeStrays() (its []*Hold) {
	g := goid.Get()
	if Caller() != g {
		return nil
	}
	for _, h := range straysOf(g) {
		h.dropStray()
		its = append(its, h)
	}
	return its
}

//go:norace
func straysOf(goid int64) (its []*Hold) {
	b := &strays[strayIndex(goid)]
	b.mu.Lock()
	defer b.mu.Unlock()
	for at := b.first.Load(); at != nil; at = at.next {
		if at.stray == goid {
			its = append(its, at)
		}
	}
	return its
}
