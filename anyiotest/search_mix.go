package anyiotest

import (
	"slices"
	"time"

	"github.com/anyio-go/anyio/sim"
)

// defaultStrategies take turns. Each finds soon what others find late: docs/search.md has the
// figures. All orders with the same probability find most, then turns, for what many tasks
// do alike, then what several tasks use in all orders; the others are for what none of these
// finds.
var defaultStrategies = []sim.Strategy{
	sim.URW(), sim.Rounds(), sim.SURW(), sim.Kinds(),
	sim.URW(), sim.Rounds(), sim.PCT(1), sim.Sticky(),
	sim.URW(), sim.Rounds(), sim.SURW(), sim.Kinds(),
	sim.URW(), sim.Rounds(), sim.PCT(2), sim.Kinds(),
}

// inOrder are strategies in the order in which they take turns. One that has the first runs
// watched, to tell the others what steps touch, comes first; not if there are no others.
func inOrder(strategies []sim.Strategy, schedules int) []sim.Strategy {
	i := slices.IndexFunc(strategies, func(s sim.Strategy) bool { return s == sim.SURW() || s == sim.POS() })
	if i <= 0 || schedules <= alone {
		return strategies
	}
	strategies = slices.Clone(strategies)
	strategies[0], strategies[i] = strategies[i], strategies[0]
	return strategies
}

// alone are so many schedules from the first on that are tried before others begin, which
// make use of their profiles: one for each model.
const alone = 2

// config is how a schedule is chosen, by its number.
func (s *search) config(cfg *sim.Config, n int) {
	turn := n / alone
	model := sim.Model(n % alone)
	known := s.known(model)
	*cfg = sim.Config{Seed: uint64(n), Profile: known, Model: model, Strategy: s.strategies[turn%len(s.strategies)]}
	turn /= len(s.strategies)
	if turn%2 == 1 { // from a microsecond to a tenth of a second, long times among the first
		cfg.StepTime.Max = time.Microsecond << (turn / 2 * 7 % 18)
	}
	if n >= alone && (n+n/64)%4 != 0 { // with each strategy, in each model
		cfg.Faults = s.p.faults
	}
	for _, change := range s.p.sim {
		change(cfg)
	}
	if cfg.Strategy == (sim.Strategy{}) { // of which no schedule is kept
		cfg.Strategy = sim.Random()
	}
	if cfg.Profile == known {
		cfg.Profile = s.known(cfg.Model)
	}
	s.guide(cfg, n)
}

// known is the profile of runs in a model, or else in the other one.
func (s *search) known(m sim.Model) *sim.Profile {
	if m < alone && s.profiles[m] != nil {
		return s.profiles[m]
	}
	return s.profiles[sim.EventLoop]
}
