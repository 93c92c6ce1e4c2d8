package anyio

import (
	"cmp"
	"maps"
	"slices"
	"unsafe"

	"github.com/anyio-go/anyio/internal/kernel"
	"github.com/anyio-go/anyio/internal/race"
)

// Who waits for a primitive is told who has it, for reports of deadlocks and for looks
// from outside. None of this is for callers outside, and the race detector does not see it.

// Owners tells who owns the lock.
//
//go:norace
func (h *lockHold) Owners() kernel.Owners {
	l := (*Lock)(h)
	o := kernel.Owners{What: "Lock"}
	race.Disable()
	defer race.Enable()
	word, by := l.word.Load(), l.hold.By()
	if word&^lockWaiters == 0 || word == lockBroken {
		return o
	}
	if l.word.Load()&^lockWaiters != word&^lockWaiters { // by may be another owner's
		by = kernel.Calls{}
	}
	o.Who = []kernel.Owner{{ID: int64(word >> 1), By: by}}
	return o
}

// rwLockOwners is an RWLock that tells who has it.
type rwLockOwners RWLock

// Owners tells who writes, or all who read.
//
//go:norace
func (l *rwLockOwners) Owners() kernel.Owners {
	o := kernel.Owners{What: "RWLock"}
	l.mu.Lock()
	defer l.mu.Unlock()
	if h := l.writer; h != nil {
		o.Who = append(o.Who, kernel.Owner{ID: h.id, By: h.By()})
	}
	for _, h := range l.readers {
		for ; h != nil; h = h.next {
			o.Who = append(o.Who, kernel.Owner{ID: h.id, By: h.By()})
		}
	}
	return o
}

// limiterOwners is a CapacityLimiter that tells who has its tokens.
type limiterOwners CapacityLimiter

// Owners tells who has tokens. Of borrowers that are neither tasks nor goroutines it is not
// known who acts for them.
//
//go:norace
func (l *limiterOwners) Owners() (o kernel.Owners) {
	var apart kernel.Owners
	race.Apart(unsafe.Pointer(l), func() { apart = l.owners() })
	o.What, o.Any = apart.What, apart.Any
	//lint:ignore S1011 the race detector would see append read all at once
	for _, who := range apart.Who {
		o.Who = append(o.Who, who)
	}
	return o
}

func (l *limiterOwners) owners() kernel.Owners {
	o := kernel.Owners{What: "CapacityLimiter", Any: true}
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, key := range slices.SortedFunc(maps.Keys(l.loans), func(a, b borrowerKey) int { return cmp.Compare(l.loans[a].number, l.loans[b].number) }) {
		if ln := l.loans[key]; ln.waiter == nil {
			o.Who = append(o.Who, kernel.Owner{ID: key.id, By: ln.hold.By()})
		}
	}
	for n := l.seats.Front(); n != nil; n = n.Next() {
		var who kernel.Owner
		if !n.Value.abandon { // else its caller may do something else by now
			who.Task = n.Value.task
		}
		o.Who = append(o.Who, who)
	}
	return o
}

var (
	_ kernel.Source = (*lockHold)(nil)
	_ kernel.Source = (*rwLockOwners)(nil)
	_ kernel.Source = (*limiterOwners)(nil)
)
