package sim

import (
	"context"
	"fmt"

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

// Diverged returns how the last run, which has ended, was another one than that of the
// Config.Replay it was to follow: where it first did something else, as far as the schedule
// tells. It returns "" if it was the same one, or had none to follow.
func (s *Sim) Diverged() string {
	if s.last == nil || s.actor == nil || s.last.Hash() == s.wanted {
		return ""
	}
	m, made := s.actor.Missed()
	switch {
	case made:
		return "tasks went on in the same order wherever the schedule says so, but not elsewhere, or not at the same time"
	case m.After == nil && m.Step > 0:
		return fmt.Sprintf("it has not started a task that in the schedule makes %d steps and is then interrupted", m.Step)
	case m.After != nil && m.After.Steps < m.Step:
		return fmt.Sprintf("task %d has ended after %d steps, and has at least %d in the schedule", m.After.ID, m.After.Steps, m.Step)
	case m.Chosen > 0:
		return fmt.Sprintf("in step %d of %s a Select has more cases to choose from in the schedule, at least %d that are ready", m.Step, named(m.After), m.Chosen+1)
	case m.To == nil:
		return fmt.Sprintf("after step %d of %s a task goes on in the schedule that was not started", m.Step, named(m.After))
	}
	return fmt.Sprintf("after step %d of %s %s goes on in the schedule, and it was not ready", m.Step, named(m.After), named(m.To))
}

func named(t *schedule.Task) string {
	if t == nil {
		return "no task"
	}
	return fmt.Sprintf("task %d", t.ID)
}

// guided sets how a run is chosen.
func (s *Sim) guided(c *simloop.Config, model *Model) error {
	s.Reset(s.cfg)
	if err := s.cfg.Strategy.check(); err != nil {
		return err
	}
	if s.cfg.Replay == "" {
		if err := s.cfg.Faults.plan(c.Seed, s.cfg.Profile, &c.Network); err != nil {
			return err
		}
	}
	switch {
	case s.cfg.Replay != "":
		plan, err := schedule.Parse(s.cfg.Replay)
		if err != nil {
			return &anyio.MisuseError{Text: "sim.Config: Replay: " + err.Error()}
		}
		s.apply(plan, c, model)
		s.script, s.wanted = plan.Script(), plan.Hash
		c.NoteFailures = true
	case s.cfg.Strategy.explorer != nil:
		if c.StepMax > 0 {
			return &anyio.MisuseError{Text: "sim.Config: StepTime with the Strategy of an Explorer, which explores the order of tasks only: leave it 0"}
		}
	case s.cfg.Strategy.s != nil:
		s.lead(c, model)
	default:
		c.Network.FaultSeed = c.Seed
		return nil
	}
	c.Network.FaultSeed, c.Network.NoteBusy = c.Seed, true
	s.plan = schedule.Plan{Seed: c.Seed, Model: uint8(*model), StepMin: c.StepMin, StepMax: c.StepMax}
	if s.room == nil {
		s.room = &room{}
	}
	c.Begin, c.Room = s.begin, &s.room.Room
	return nil
}

// A room has what is noted of a run, for one run after the other.
type room struct {
	simloop.Room
	record schedule.Recorder
}

// apply sets what a plan says, other than who runs when.
func (s *Sim) apply(plan *schedule.Plan, c *simloop.Config, model *Model) {
	c.Seed, c.StepMin, c.StepMax, *model = plan.Seed, plan.StepMin, plan.StepMax, Model(plan.Model)
	c.Network.Faults = plan.Faults
}

// begin returns what makes the choices of a run, and records them.
func (s *Sim) begin(ts *schedule.Tasks) (schedule.Chooser, schedule.Watcher, schedule.Drawer) {
	var c schedule.Chooser
	switch {
	case s.script != nil:
		s.actor = s.script.Begin(ts)
		c = s.actor
	case s.cfg.Strategy.explorer != nil:
		c = s.cfg.Strategy.explorer.Begin(ts)
	default:
		var p *schedule.Profile
		if s.cfg.Profile != nil {
			p = s.cfg.Profile.p
		}
		c = s.cfg.Strategy.s.Begin(schedule.Mix(s.cfg.Seed, 1), p)
	}
	w, _ := c.(schedule.Watcher)
	d, draws := c.(schedule.Drawer)
	if s.script != nil && !s.script.Drawn() {
		d, draws = nil, false
	}
	if s.base != nil {
		c = schedule.Follow(s.base.Switches, s.choices, ts, c)
	}
	if s.watched {
		s.watcher = schedule.Watch(c, ts, place)
		c = s.watcher
	}
	s.record = &s.room.record
	s.record.Record(c, d, ts)
	if !draws {
		return s.record, w, nil
	}
	return s.record, w, s.record
}

// Shrink looks for a simpler schedule on which the last run, which has failed, still
// does: with fewer and shorter faults, fewer switches between tasks, fewer Selects that
// take another case than the first one that is ready (of a run of an Explorer), steps that
// take no time, the model EventLoop, fewer tasks that have run before it fails (see
// NoteFailure). It calls run at most so many times, with a schedule for Config.Replay; run
// returns the simulator of the run if that has failed in the same way, else nil. Shrink
// returns the simplest one it has found; "" if no schedule was kept of the last run.
// Cancellation: it ends, and returns what it has found by then.
func (s *Sim) Shrink(ctx context.Context, runs int, run func(schedule string) *Sim) string {
	if s.Schedule() == "" {
		return ""
	}
	least := schedule.Shrink(ctx, s.told(), s.last.Tasks(), max(runs, 0), func(p *schedule.Plan) (*schedule.Plan, *schedule.Tasks, bool) {
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
	plan.Draws, plan.Drawn = s.record.Draws()
	if plan.Ran = s.last.Tasks().Ran(); s.script != nil {
		plan.Late = s.script.Late()
	}
	if plan.Busy = s.last.Busy(); s.cfg.Profile != nil {
		plan.Usual = s.cfg.Profile.busy
	}
	return &plan
}
