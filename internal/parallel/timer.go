package parallel

import (
	"math/bits"
	"runtime"
	"time"
	"unsafe"

	"github.com/anyio-go/anyio/internal/bubble"
	"github.com/anyio-go/anyio/internal/kernel"
	"github.com/anyio-go/anyio/internal/race"
	"github.com/anyio-go/anyio/internal/realtime"
	"github.com/anyio-go/anyio/internal/timerq"
	"github.com/anyio-go/anyio/internal/waitq"
)

// timers are heaps, one for each processor so that arming does not serialize,
// each behind one timer of the runtime. Arming costs a fifth of time.AfterFunc
// and no allocation.
type timers struct {
	shards []shard
	shift  int
}

type shard struct {
	mu    waitq.QuietMutex
	heap  timerq.Heap[kernel.Firer]
	alarm *time.Timer // runs fire
	set   int64       // when alarm is due; noAlarm if it is not set
	_     [64]byte    // keeps shards on cache lines of their own
}

const noAlarm int64 = 1<<63 - 1

//go:norace
func (ts *timers) init() {
	n := 1 << bits.Len(uint(runtime.GOMAXPROCS(0)-1))
	ts.shards = make([]shard, n)
	ts.shift = 64 - bits.Len(uint(n-1))
	for i := range ts.shards {
		s := &ts.shards[i]
		s.set = noAlarm
		s.alarm = time.AfterFunc(time.Hour, s.fire)
		s.alarm.Stop()
	}
}

//go:norace
func (ts *timers) of(t *kernel.Timer) *shard {
	const golden = 0x9E3779B97F4A7C15 // spreads the low bits of the address
	return &ts.shards[uint64(uintptr(unsafe.Pointer(t)))*golden>>ts.shift]
}

//go:norace
func (b *Backend) Arm(t *kernel.Timer) {
	race.ReleaseMerge(unsafe.Pointer(t))
	if bubble.In() {
		b.bubbled.arm(t)
		return
	}
	s := b.timers.of(t)
	s.mu.Lock()
	s.heap.Push(t)
	if t.When < s.set {
		s.setAlarm(t.When)
	}
	s.mu.Unlock()
}

//go:norace
func (b *Backend) Disarm(t *kernel.Timer) bool {
	s := b.timers.of(t)
	s.mu.Lock()
	ok := s.heap.Remove(t)
	s.mu.Unlock()
	return ok || b.bubbled.disarm(t)
}

// Alarm is nil: no task holds up timers.
func (b *Backend) Alarm(time.Duration, func()) *time.Timer { return nil }

//go:norace
func (s *shard) setAlarm(when int64) {
	s.set = when
	race.Disable()
	s.alarm.Reset(realtime.Until(when))
	race.Enable()
}

// fire runs all timers that are due, without the lock.
//
//go:norace
func (s *shard) fire() {
	s.mu.Lock()
	s.set = noAlarm
	for {
		t := s.heap.Min()
		if t == nil {
			break
		}
		if t.When > realtime.Now() {
			if t.When < s.set {
				s.setAlarm(t.When)
			}
			break
		}
		s.heap.Remove(t)
		s.mu.Unlock()
		kernel.Fire(t)
		s.mu.Lock()
	}
	s.mu.Unlock()
}
