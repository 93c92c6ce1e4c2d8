package loop

import (
	"time"

	"github.com/anyio-go/anyio/internal/quiet"
)

// stats are what a loop tells of its turns to those who look from outside.
type stats struct {
	turns  quiet.Uint64
	until  quiet.Int64    // the end of the present span of time
	behind [2]quiet.Int64 // the worst delay of a timer in this span, and in the one before
}

const statsSpan = int64(10 * time.Second)

// fired notes by how much a timer was late. Only the loop's goroutine calls it.
func (s *stats) fired(now, behind int64) {
	if until := s.until.Load(); now >= until {
		before := s.behind[0].Load()
		if now >= until+statsSpan {
			before = 0
		}
		s.behind[1].Store(before)
		s.behind[0].Store(0)
		s.until.Store(now + statsSpan)
	}
	if behind > s.behind[0].Load() {
		s.behind[0].Store(behind)
	}
}

// worst is the worst delay of the last span of time, or of up to two.
func (s *stats) worst(now int64) (behind int64) {
	switch until := s.until.Load(); {
	case now >= until+statsSpan:
		return 0
	case now >= until:
		return s.behind[0].Load()
	default:
		return max(s.behind[0].Load(), s.behind[1].Load())
	}
}

// Turns is how many looks outside there were, and how much later than due a timer was fired
// at worst in the last seconds. Any goroutine may call it.
//
//go:norace
func (l *Loop) Turns() (n uint64, behind time.Duration) {
	return l.stats.turns.Load(), time.Duration(l.stats.worst(l.Clock.Now()))
}
