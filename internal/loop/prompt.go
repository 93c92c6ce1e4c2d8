package loop

import (
	"time"

	"github.com/anyio-go/anyio/internal/quiet"
)

// promptTime is how long a loop may go on without a turn before it is prompted.
const promptTime = 5 * time.Millisecond

// A prompter makes a turn due when there was none for long. The pace finds that out by
// itself only after as many steps or operations as it lets pass between two looks at the
// clock, and these may be long where those before were short. The prompter looks from a
// timer of the runtime, which sleeps when there was no turn since the last look: the
// next turn wakes it. For the loop it is a load per step, operation and turn.
type prompter struct {
	late   quiet.Bool // a turn is due, whatever the pace says
	asleep quiet.Bool
	timer  *time.Timer // nil: nobody prompts
	seen   uint64      // turns at the last look; belongs to the timer's goroutine
}

// startPrompt begins to prompt, if the loop is to be.
func (l *Loop) startPrompt() {
	if !l.Prompts {
		return
	}
	p := &l.prompt
	p.timer = time.AfterFunc(time.Hour, func() { p.tick(l.stats.turns.Load()) })
	p.timer.Stop()
	p.asleep.Store(true)
}

func (p *prompter) stop() {
	if p.timer != nil {
		p.asleep.Store(false)
		p.timer.Stop()
	}
}

// tick is told how many turns there were so far.
//
//go:norace
func (p *prompter) tick(turns uint64) {
	if turns != p.seen {
		p.seen = turns
		p.timer.Reset(promptTime)
		return
	}
	// A turn that comes meanwhile may find it awake: then the look that is due now is
	// followed by one that does not.
	p.late.Store(true)
	p.asleep.Store(true)
}

// turned is told of a turn, and how many there were so far.
//
//go:norace
func (p *prompter) turned(turns uint64) {
	if p.late.Load() {
		p.late.Store(false)
	}
	if p.asleep.Load() && p.asleep.CompareAndSwap(true, false) {
		p.seen = turns
		p.timer.Reset(promptTime)
	}
}
