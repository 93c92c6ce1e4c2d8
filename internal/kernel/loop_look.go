package kernel

import "time"

// A HeldLoop is an event loop that somebody keeps from all others for longer than HoldLimit.
type HeldLoop struct {
	Loop      int // its number
	Goroutine int64
	Since     time.Time
}

// HeldLoops are the loops of the run that are held.
//
//go:norace
func (r *Run) HeldLoops() (held []HeldLoop) {
	for _, l := range r.singly() {
		b, ok := l.Backend.(interface {
			Held() (goroutine int64, since time.Time)
		})
		if !ok {
			continue
		}
		if g, since := b.Held(); !since.IsZero() {
			held = append(held, HeldLoop{l.Index(), g, since})
		}
	}
	return held
}

// A LoopLook is how an event loop does.
type LoopLook struct {
	Loop   int    // its number
	Turns  uint64 // looks outside
	Behind time.Duration
}

// LoopLooks are how the loops of the run do; there are none if it has no loops.
//
//go:norace
func (r *Run) LoopLooks() (all []LoopLook) {
	for _, l := range r.singly() {
		if b, ok := l.Backend.(interface {
			Turns() (n uint64, behind time.Duration)
		}); ok {
			n, behind := b.Turns()
			all = append(all, LoopLook{l.Index(), n, behind})
		}
	}
	return all
}

// singly are the run's loops, or the run itself.
//
//go:norace
func (r *Run) singly() []*Run {
	if loops := r.Loops(); loops != nil {
		return loops
	}
	return []*Run{r}
}
