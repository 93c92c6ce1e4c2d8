package simloop

import (
	"time"

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
