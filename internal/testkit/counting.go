package testkit

import (
	"slices"

	"github.com/anyio-go/anyio/internal/schedule"
)

// A Counting makes all choices of a simulated program, one run after the other, by counting:
// what an exploration has seen is compared with what is seen so.
type Counting struct {
	digits []digit
	at     int // of them, in this run
	begun  bool
}

// A digit is a choice and out of how many it is.
type digit struct{ value, of int }

// Next prepares the next run, and reports whether there is one.
func (c *Counting) Next() bool {
	if c.at = 0; !c.begun {
		c.begun = true
		return true
	}
	for last := len(c.digits) - 1; last >= 0; last-- {
		if c.digits[last].value++; c.digits[last].value < c.digits[last].of {
			return true
		}
		c.digits = c.digits[:last]
	}
	return false
}

// Draw makes a choice out of n.
func (c *Counting) Draw(n int) int {
	if c.at == len(c.digits) {
		c.digits = append(c.digits, digit{0, n})
	}
	c.at++
	return c.digits[c.at-1].value
}

// Ready implements schedule.Chooser.
func (*Counting) Ready(*schedule.Task) {}

// Choose implements schedule.Chooser. Tasks are counted in the order of their starts.
func (c *Counting) Choose(ready []*schedule.Task) int {
	byID := slices.Clone(ready)
	slices.SortFunc(byID, func(a, b *schedule.Task) int { return int(a.ID) - int(b.ID) })
	return slices.Index(ready, byID[c.Draw(len(ready))])
}

var _ schedule.Drawer = (*Counting)(nil)
