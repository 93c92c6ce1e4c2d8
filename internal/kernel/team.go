package kernel

import "github.com/anyio-go/anyio/internal/quiet"

// A run on several loops is a team: each loop has a Run, whose backend it is, and all have
// one tree of scopes, that of the first, which stands for the whole. A task belongs to one
// of them for its life, also in a group that was opened on another: Scope.run says to
// which. So what a task does is done by its own loop, and only waking a task of another
// one is not: Unpark may be called from anywhere. What a run has of its own, such as
// variables and the limiter of blocking calls, is the first one's.

// A team is what the runs of a team have in common.
type team struct {
	runs    []*Run
	scatter bool         // see Scatter
	turn    quiet.Uint64 // tasks that were scattered
}

// Where a task is to run, in TaskMeta.Where. Numbers above 0 are one more than the loop's.
const (
	ownLoop = 0  // that of its group
	AnyLoop = -1 // that with the fewest tasks
)

// NewTeam makes runs the parts of one. The first is the one that is given to users.
//
//go:norace
func NewTeam(runs []*Run) {
	t := &team{runs: runs}
	for i, r := range runs {
		r.team, r.index = t, i
	}
}

// Scatter lets each task that is not told where to run do so on the next loop. It is for
// tests, which so learn whether something relies on tasks that take turns.
//
//go:norace
func (r *Run) Scatter() { r.team.scatter = true }

// Whole is the run that stands for all loops of a team, else r itself.
//
//go:norace
func (r *Run) Whole() *Run {
	if r.team != nil {
		return r.team.runs[0]
	}
	return r
}

// Loops are the runs of a team, each of one loop; nil if there is no team.
//
//go:norace
func (r *Run) Loops() []*Run {
	if r.team == nil {
		return nil
	}
	return r.team.runs
}

// Index is the loop's number in its team, 0 without one.
//
//go:norace
func (r *Run) Index() int { return r.index }

// LeastBusy is the run of the loop with the fewest tasks; r itself without a team.
//
//go:norace
func (r *Run) LeastBusy() *Run {
	if r.team == nil {
		return r
	}
	best := r.team.runs[0]
	for _, other := range r.team.runs[1:] {
		if other.load.Load() < best.load.Load() {
			best = other
		}
	}
	return best
}

// place chooses the loop of a task that a team is given, which counts there until Exit.
//
//go:norace
func (t *Task) place() {
	where := ownLoop
	if t.meta != nil {
		where = t.meta.Where
	}
	tm := t.run.team
	switch {
	case where > 0:
		t.run = tm.runs[(where-1)%len(tm.runs)]
	case where == AnyLoop:
		t.run = t.run.LeastBusy()
	case tm.scatter:
		t.run = tm.runs[tm.turn.Add(1)%uint64(len(tm.runs))]
	}
	t.run.load.Add(1)
}

// HasTasks reports whether a task of the run has not finished; in a team, one of the
// loop's.
//
//go:norace
func (r *Run) HasTasks() bool {
	for _, v := range r.Tasks() {
		if v.Task.run == r {
			return true
		}
	}
	return false
}

// MoveTo makes a group that has just been opened one whose tasks run in another run of the
// same team.
//
//go:norace
func (g *Group) MoveTo(r *Run) { g.run = r }
