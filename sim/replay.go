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
	plan := s.plan
	plan.Switches, plan.Hash = s.record.Switches(), s.last.Hash()
	return plan.String()
}

// guided sets how a run is chosen.
func (s *Sim) guided(c *simloop.Config, model *Model) error {
	if err := s.cfg.Strategy.check(); err != nil {
		return err
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
		return nil
	}
	s.plan = schedule.Plan{Seed: c.Seed, Model: uint8(*model), StepMin: c.StepMin, StepMax: c.StepMax}
	c.Begin = func(ts *schedule.Tasks) schedule.Chooser {
		s.record = schedule.Record(begin(ts), ts)
		return s.record
	}
	return nil
}
