package parallel

import (
	"sync"
	"time"
	"unsafe"

	"github.com/anyio-go/anyio/internal/kernel"
	"github.com/anyio-go/anyio/internal/quiet"
	"github.com/anyio-go/anyio/internal/race"
	"github.com/anyio-go/anyio/internal/realtime"
)

// bubbled are the timers that were armed in bubbles of testing/synctest, each one a
// timer of package time: the shards' alarms belong to the world outside.
type bubbled struct {
	n  quiet.Int32
	mu sync.Mutex
	m  map[*kernel.Timer]*time.Timer
}

//go:norace
func (b *bubbled) arm(t *kernel.Timer) {
	due := t.When // which whoever arms it next writes
	race.Apart(unsafe.Pointer(b), func() { b.add(t, due) })
}

func (b *bubbled) add(t *kernel.Timer, due int64) {
	race.Acquire(unsafe.Pointer(t))
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.m == nil {
		b.m = make(map[*kernel.Timer]*time.Timer)
	}
	var alarm *time.Timer // as guarded by mu
	alarm = time.AfterFunc(realtime.Until(due), func() {
		b.mu.Lock()
		armed := b.m[t] == alarm // else disarmed, and perhaps armed again
		if armed {
			b.removeLocked(t)
		}
		b.mu.Unlock()
		if armed {
			kernel.Fire(t)
		}
	})
	b.m[t] = alarm
	b.n.Store(int32(len(b.m)))
}

//go:norace
func (b *bubbled) disarm(t *kernel.Timer) (ok bool) {
	if b.n.Load() > 0 {
		race.Apart(unsafe.Pointer(b), func() { ok = b.remove(t) })
	}
	return ok
}

func (b *bubbled) remove(t *kernel.Timer) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	alarm := b.m[t]
	if alarm == nil {
		return false
	}
	alarm.Stop()
	b.removeLocked(t)
	return true
}

func (b *bubbled) removeLocked(t *kernel.Timer) {
	delete(b.m, t)
	b.n.Store(int32(len(b.m)))
}
