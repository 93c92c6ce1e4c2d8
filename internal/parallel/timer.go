package parallel

import (
	"math/bits"
	"math/rand/v2"
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
type timers struct{ shards []shard }

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
	ts.shards = make([]shard, 1<<bits.Len(uint(runtime.GOMAXPROCS(0)-1)))
	for i := range ts.shards {
		s := &ts.shards[i]
		s.set = noAlarm
		s.alarm = time.AfterFunc(time.Hour, s.fire)
		s.alarm.Stop()
	}
}

// of is the shard of a timer that was armed before, nil of one that was not.
//
//go:norace
func (ts *timers) of(t *kernel.Timer) *shard {
	if t.Home == 0 {
		return nil
	}
	return &ts.shards[t.Home&uint32(len(ts.shards)-1)]
}

// choose is of for a timer that is to be armed. Whichever shard it gets the first time
// it keeps.
//
//go:norace
func (ts *timers) choose(t *kernel.Timer) *shard {
	if t.Home == 0 {
		t.Home = rand.Uint32() | 1<<31 // not 0
	}
	return ts.of(t)
}

//go:norace
func (b *Backend) Arm(t *kernel.Timer) {
	race.ReleaseMerge(unsafe.Pointer(t))
	if bubble.In() {
		b.bubbled.arm(t)
		return
	}
	s := b.timers.choose(t)
	s.mu.Lock()
	s.heap.Push(t)
	if t.When < s.set {
		s.setAlarm(t.When)
	}
	s.mu.Unlock()
}

//go:norace
func (b *Backend) Disarm(t *kernel.Timer) bool {
	if s := b.timers.of(t); s != nil {
		s.mu.Lock()
		ok := s.heap.Remove(t)
		s.mu.Unlock()
		if ok {
			return true
		}
	}
	return b.bubbled.disarm(t)
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
