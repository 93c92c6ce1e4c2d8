package simloop

import (
	"time"

	"github.com/anyio-go/anyio/internal/kernel"
	"github.com/anyio-go/anyio/internal/schedule"
)

// What follows is asked when the run is over.

// Faults are those of Config.Network, with the hosts to which they have happened. There are
// none if the run had no two hosts.
func (s *Sim) Faults() []schedule.Fault {
	if s.net == nil {
		return nil
	}
	return s.net.Happened()
}

// Busy are times at which something was sent over the network, or arrived.
func (s *Sim) Busy() []time.Duration {
	if s.net == nil {
		return nil
	}
	return s.net.Busy()
}

// Lasted is the virtual time that the run took.
func (s *Sim) Lasted() time.Duration { return time.Duration(s.clock.now) }

// NoteFailure notes that the run fails, with an error or nil. A task of the run says so, or
// somebody when the run is over.
func (s *Sim) NoteFailure(err error) {
	switch g := s.order.guide; {
	case g == nil:
	case s.Loop.Current() == nil:
		g.tasks.Fail(err)
	default:
		g.unseen(func() { g.tasks.Fail(err) })
	}
}

// NoteStuck notes that the run fails since tasks wait for ever.
func (s *Sim) NoteStuck(ids []uint64) {
	if g := s.order.guide; g != nil {
		g.unseen(func() { g.tasks.Stuck(ids) })
	}
}

// noteEnd notes how a task that has made a step has ended, if it has with an error.
//
//go:norace
func (s *Sim) noteEnd(t *kernel.Task) {
	if how, err, over := t.Ended(); over && how == kernel.Failed && err != nil {
		g := s.order.guide
		g.unseen(func() { g.tasks.Ended(t.ID(), err) })
	}
}
