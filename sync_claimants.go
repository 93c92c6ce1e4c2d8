package anyio

import (
	"github.com/anyio-go/anyio/internal/kernel"
	"github.com/anyio-go/anyio/internal/race"
)

// Claimants tells who waits for the lock, unseen by the race detector. It is not for
// callers outside.
//
//go:norace
func (h *lockHold) Claimants() (what string, ids []int64) {
	l := (*Lock)(h)
	race.Disable()
	defer race.Enable()
	l.mu.Lock()
	defer l.mu.Unlock()
	return "Lock", l.waiters.ids(false)
}

// Claimants tells who waits for the lock, unseen by the race detector. It is not for
// callers outside.
//
//go:norace
func (h *rwHold) Claimants() (what string, ids []int64) {
	l := h.lock
	l.mu.Lock()
	defer l.mu.Unlock()
	return "RWLock", l.waiters.ids(true)
}

// ids tells who the claimants are that still wait.
//
//go:norace
func (q *claims) ids(rw bool) (ids []int64) {
	for n := q.Front(); n != nil; n = n.Next() {
		switch c := n.Value; {
		case !c.Waiting():
		case rw:
			ids = append(ids, c.rw.id)
		default:
			ids = append(ids, c.id)
		}
	}
	return ids
}

var (
	_ kernel.Wanted = (*lockHold)(nil)
	_ kernel.Wanted = (*rwHold)(nil)
)
