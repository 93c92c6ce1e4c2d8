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
	loops := r.Loops()
	if loops == nil {
		loops = []*Run{r}
	}
	for _, l := range loops {
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
