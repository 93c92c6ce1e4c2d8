package simloop

import (
	"errors"
	"time"
)

// epoch is when every simulation begins.
var epoch = time.Date(2000, time.January, 1, 0, 0, 0, 0, time.UTC)

// clock is virtual: it stands still while a task is ready, unless steps take time,
// and jumps to the next timer when none is and nothing outside is waited for.
type clock struct {
	now int64
	sim *Sim
}

//go:norace
func (c *clock) Now() int64                   { return c.now }
func (c *clock) Today() time.Time             { return c.Time(c.Now()) }
func (c *clock) Time(instant int64) time.Time { return epoch.Add(time.Duration(instant)) }
func (c *clock) Instant(t time.Time) int64    { return int64(t.Sub(epoch)) }
func (c *clock) Poll()                        {}
func (c *clock) Wake()                        {}
func (c *clock) Close() error                 { return nil }

var errNothing = errors.New("every task waits and no timer is pending")

//go:norace
func (c *clock) Idle(next int64, hasTimer bool) error {
	switch {
	case c.sim.Pending():
	case c.sim.outside > 0:
		c.sim.awaitOutside()
	case hasTimer:
		c.now = max(c.now, next)
	case !c.sim.awaitForeign():
		return errNothing
	}
	return nil
}
