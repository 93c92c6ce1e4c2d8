package anyiotest

import "github.com/anyio-go/anyio/sim"

// A third of the schedules of a search is guided by what others have reached, unless the
// test says which strategies there are. Those with faults are not: each is to have its own.
// They differ from search to search: on several processors in who learns first, and on one
// in where a task is seen to stop, which is in the coroutine that makes the next choice.

// guide has a run be guided if it is its turn.
func (s *search) guide(cfg *sim.Config, n int) {
	if n >= alone && n%3 == 2 && len(s.p.strategies) == 0 && cfg.Guide == nil && cfg.Faults.Max == 0 && cfg.Replay == "" {
		cfg.Guide = &s.guided
	}
}

// learn takes from a run what is of use to those that follow.
func (s *search) learn(n int, tr *trial) {
	if n < alone && tr.how.Model < alone {
		s.profiles[tr.how.Model] = tr.sim.Profile()
	}
	if tr.how.Guide == &s.guided {
		s.guided.Learn(tr.sim)
	}
}

// settle has a guided run be made in the same way again, whatever is learned meanwhile.
func (s *search) settle(tr *trial) {
	if tr.how.Guide == &s.guided {
		tr.how.Guide, tr.how.Replay = nil, tr.sim.Schedule()
	}
}
