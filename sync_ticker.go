package anyio

import (
	"context"
	"iter"
	"time"

	"github.com/anyio-go/anyio/internal/kernel"
	"github.com/anyio-go/anyio/internal/quiet"
)

// A Ticker ticks at fixed intervals of a run's clock, which is virtual in the
// simulator. As with a time.Ticker, a task that is late gets one tick at once, those
// it has missed are dropped, and the rhythm stays that of the beginning. Nothing runs
// between the calls of Wait: a Ticker need not be stopped.
//
// Several tasks may wait; all of them get the tick.
type Ticker struct {
	run *kernel.Run
	mu  quiet.Mutex // guards what follows; time orders nobody
	d   time.Duration
	due int64 // the next tick
}

var opTicker = kernel.RegisterPassiveOp("Ticker.Wait")

// NewTicker returns a Ticker on the clock of ctx, whose first tick comes after d. It
// panics with a *MisuseError if d is zero or less.
func NewTicker(ctx context.Context, d time.Duration) *Ticker {
	t := &Ticker{run: kernel.Locate(ctx).Run()}
	t.Reset(d)
	return t
}

// Reset begins anew: the next tick comes after d, further ones at intervals of d. A
// task that waits already waits for the earlier tick. It panics with a *MisuseError
// if d is zero or less.
func (t *Ticker) Reset(d time.Duration) {
	if d <= 0 {
		panic(misuse("the interval of a Ticker must be above zero, it is " + d.String()))
	}
	t.begin(d)
}

//go:norace
func (t *Ticker) begin(d time.Duration) {
	kernel.Touch(t, kernel.Changes)
	t.mu.Lock()
	t.d, t.due = d, t.run.After(d)
	t.mu.Unlock()
}

// next is the next tick.
//
//go:norace
func (t *Ticker) next() int64 {
	kernel.Touch(t, kernel.Changes)
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.due
}

// Wait waits for the next tick and returns the time for which it was due. It is a
// checkpoint. Cancellation: the tick is not lost for a later Wait.
func (t *Ticker) Wait(ctx context.Context) (time.Time, error) {
	p, err := kernel.Enter(ctx)
	if err != nil {
		return time.Time{}, err
	}
	due := t.next()
	if err := p.PauseUntil(due, opTicker); err != nil {
		return time.Time{}, err
	}
	t.advance(due)
	return t.run.Time(due), nil
}

// advance moves on to the first tick that has not passed, unless another task, or
// Reset, has moved on from this one already.
//
//go:norace
func (t *Ticker) advance(due int64) {
	kernel.Touch(t, kernel.Changes)
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.due == due {
		passed := (t.run.Now() - due) / int64(t.d)
		t.due = kernel.Later(due+passed*int64(t.d), t.d)
	}
}

// All yields the ticks, each when it comes, until the loop is left. Cancellation: it is
// yielded once and ends the sequence; the tick is not lost for a later Wait.
func (t *Ticker) All(ctx context.Context) iter.Seq2[time.Time, error] {
	return func(yield func(time.Time, error) bool) {
		for {
			at, err := t.Wait(ctx)
			if !yield(at, err) || err != nil {
				return
			}
		}
	}
}

// OnTick returns the case of the next tick of t.
func OnTick(t *Ticker) Case {
	c := &tickCase{t: t}
	c.timer.Value = c
	return newCase(c)
}

// A tickCase is the case of a time that is asked anew for each Select.
type tickCase struct {
	timerCase
	t *Ticker
}

func (c *tickCase) Begin(kernel.Place) {
	kernel.Touch(nil, kernel.Changes)
	due := c.t.next()
	kernel.Touch(c, kernel.Changes)
	c.mu.Lock()
	c.run, c.due = c.t.run, due
	c.mu.Unlock()
}

func (c *tickCase) Try() (done bool, _ error) {
	if done = c.Ready(); done {
		c.t.advance(c.due)
	}
	return done, nil
}

func (c *tickCase) Result() error {
	c.t.advance(c.due)
	return nil
}
