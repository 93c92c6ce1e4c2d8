// Package slots counts how many more of something may go on at the same time, for those
// who start it.
package slots

import (
	"context"
	"sync"

	"github.com/anyio-go/anyio/internal/kernel"
)

// Slots are taken by those who start something, and given back, by anybody, when it has
// ended. The zero value has no limit.
type Slots struct {
	mu      sync.Mutex // guards what follows
	limited bool       // constant after Limit
	free    int
	closed  bool
	changed *kernel.Latch // nil if nobody waits for a change
}

// Limit sets how many there are. It is called before the others.
func (s *Slots) Limit(n int) { s.limited, s.free = true, n }

// Limited reports whether Limit was called.
func (s *Slots) Limited() bool { return s.limited }

// Take waits for a slot. It reports whether there is one: after Close there is none. The
// error is the cancellation. It is no schedule point if there is nothing to wait for.
func (s *Slots) Take(ctx context.Context, op kernel.Op) (ok bool, err error) {
	if !s.limited {
		return true, nil
	}
	for waited := false; ; waited = true {
		s.mu.Lock()
		switch {
		case s.closed:
			s.mu.Unlock()
			if waited { // Close has ended the wait, and knew whether it was canceled
				return false, nil
			}
			return false, kernel.Locate(ctx).CanceledOr(nil)
		case s.free > 0:
			s.free--
			s.mu.Unlock()
			return true, nil
		case s.changed == nil:
			s.changed = &kernel.Latch{}
		}
		l := s.changed
		s.mu.Unlock()
		if err := l.Wait(ctx, op); err != nil {
			return false, err
		}
	}
}

// Give gives a slot back.
func (s *Slots) Give() {
	if !s.limited {
		return
	}
	s.mu.Lock()
	s.free++
	l := s.takeLatchLocked()
	s.mu.Unlock()
	if l != nil {
		l.Open()
	}
}

// Close ends the waits.
func (s *Slots) Close() {
	s.mu.Lock()
	s.closed = true
	l := s.takeLatchLocked()
	s.mu.Unlock()
	if l != nil {
		l.Fail()
	}
}

func (s *Slots) takeLatchLocked() *kernel.Latch {
	l := s.changed
	s.changed = nil
	return l
}
