package loop

import (
	"github.com/anyio-go/anyio/internal/kernel"
	"github.com/anyio-go/anyio/internal/race"
)

// beforeStep does what a simulated or a stalled run asks for.
//
//go:noinline
//go:norace
func (l *Loop) beforeStep() {
	if l.Director != nil {
		if l.Director.BeforeStep() {
			l.fireTimers(l.Clock.Now())
		}
		if race.Enabled {
			l.drainRemote()
		}
	}
	if l.stalled != nil {
		if l.patience--; l.patience < 0 {
			l.abandon()
		}
	}
}

// tellStep tells the strategy of a step that is about to be.
//
//go:noinline
//go:norace
func (l *Loop) tellStep(t *kernel.Task) {
	if kind := l.Director.OnStep(t); kind != "" {
		l.stall(kind)
	}
}
