package sim

import (
	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/schedule"
	"github.com/anyio-go/anyio/internal/simloop"
)

// Schedule returns the schedule of the last run, which has ended, as one word for
// Config.Replay; "" if neither Config.Strategy nor Config.Replay was set. It does not tell
// what the run was given by the rest of its Config. Equal words mean equal runs.
func (s *Sim) Schedule() string {
	if s.last == nil || s.record == nil {
		return ""
	}
	return s.told().String()
}

// guided sets how a run is chosen.
func (s *Sim) guided(c *simloop.Config, model *Model) error {
	if err := s.cfg.Strategy.check(); err != nil {
		return err
	}
	if s.cfg.Replay == "" {
		if err := s.cfg.Faults.plan(c.Seed, s.cfg.Profile, &c.Network); err != nil {
			return err
		}
	}
	s.record = nil
	var begin func(ts *schedule.Tasks) schedule.Chooser
	switch {
	case s.cfg.Replay != "":
		plan, err := schedule.Parse(s.cfg.Replay)
		if err != nil {
			return &anyio.MisuseError{Text: "sim.Config: Replay: " + err.Error()}
		}
		c.Seed, c.StepMin, c.StepMax, *model = plan.Seed, plan.StepMin, plan.StepMax, Model(plan.Model)
		c.Network.Faults = plan.Faults
		begin = schedule.NewScript(plan.Switches).Begin
	case s.cfg.Strategy.s != nil:
		seed := c.Seed // c itself would be on the heap then
		begin = func(*schedule.Tasks) schedule.Chooser {
			var p *schedule.Profile
			if s.cfg.Profile != nil {
				p = s.cfg.Profile.p
			}
			return s.cfg.Strategy.s.Begin(schedule.Mix(seed, 1), p)
		}
	default:
		c.Network.FaultSeed = c.Seed
		return nil
	}
	c.Network.FaultSeed, c.Network.NoteBusy = c.Seed, true
	s.plan = schedule.Plan{Seed: c.Seed, Model: uint8(*model), StepMin: c.StepMin, StepMax: c.StepMax}
	c.Begin = func(ts *schedule.Tasks) schedule.Chooser {
		s.record = schedule.Record(begin(ts), ts)
		return s.record
	}
	return nil
}

// Shrink looks for a simpler schedule on which the last run, which has failed, still does:
// with fewer and shorter faults, fewer switches between tasks, steps that take no time, the
// model EventLoop. It calls run at most so many times, with a schedule for Config.Replay;
// run returns the simulator of the run if that has failed in the same way, else nil. Shrink
// returns the simplest one it has found; "" if no schedule was kept of the last run.
func (s *Sim) Shrink(runs int, run func(schedule string) *Sim) string {
	if s.Schedule() == "" {
		return ""
	}
	least := schedule.Shrink(s.told(), s.last.Tasks(), runs, func(p *schedule.Plan) (*schedule.Plan, *schedule.Tasks, bool) {
		again := run(p.String())
		if again == nil || again.record == nil {
			return nil, nil, false
		}
		return again.told(), again.last.Tasks(), true
	})
	return least.String()
}

// told is the plan of the last run.
func (s *Sim) told() *schedule.Plan {
	plan := s.plan
	plan.Faults, plan.Switches, plan.Hash = s.last.Faults(), s.record.Switches(), s.last.Hash()
	if plan.Busy = s.last.Busy(); s.cfg.Profile != nil {
		plan.Usual = s.cfg.Profile.busy
	}
	return &plan
}
