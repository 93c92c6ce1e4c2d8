package inspect

import (
	"os"
	"path/filepath"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/kernel"
	"github.com/anyio-go/anyio/internal/tasktree"
)

// A Snapshot is what the runs of a process did when it was taken.
type Snapshot struct {
	Taken     time.Time  `json:"taken"`
	Program   string     `json:"program"` // the file's name
	PID       int        `json:"pid"`
	Runs      []Run      `json:"runs"`      // in the order of their begin
	Deadlocks []Deadlock `json:"deadlocks"` // tasks that wait for each other
}

// A Run is one run, with all its tasks that are not over.
type Run struct {
	ID         uint64           `json:"id"` // unique in the process; 0 for the groups that were opened outside of all runs
	Backend    string           `json:"backend"`
	Began      time.Time        `json:"began"`                // zero for the run 0
	Loops      int              `json:"loops"`                // how many event loops, see anyio.Loops
	Statistics []LoopStatistics `json:"statistics,omitempty"` // how each event loop does
	Held       []HeldLoop       `json:"held,omitempty"`       // loops whose other tasks get no turn
	Tasks      []Task           `json:"tasks"`                // parents before their children
}

// LoopStatistics tell how an event loop does, which by turns looks at what makes tasks ready,
// and lets those go on that are.
type LoopStatistics struct {
	Loop  int    `json:"loop"`
	Turns uint64 `json:"turns"` // since the run began
	Ready int    `json:"ready"` // tasks that were ready
	// Behind is how much later than due a timer was fired at worst in the last ten to twenty
	// seconds: what a task waits for its turn.
	Behind time.Duration `json:"behindNs"`
}

// A HeldLoop is an event loop that a task, or a callback, keeps from all others for longer
// than anyio.HoldLimit: it computes, or blocks in what is no call of this library.
type HeldLoop struct {
	Loop int           `json:"loop"`
	Task uint64        `json:"task"`  // its ID; 0 for a callback
	For  time.Duration `json:"forNs"` // at least
}

// A Task is what one task did.
type Task struct {
	ID       uint64             `json:"id"`     // unique in the run
	Parent   uint64             `json:"parent"` // whose group it is in, 0 if none
	Depth    int                `json:"depth"`  // 0 without a parent
	Name     string             `json:"name"`
	Loop     int                `json:"loop"` // the number of its event loop
	State    anyio.TaskActivity `json:"state"`
	WaitsFor string             `json:"waitsFor,omitempty"` // "Event.Wait"
	At       []string           `json:"at,omitempty"`       // "folder/file.go:12" of the program's calls, the innermost first
	// Goroutine is the state of the task's goroutine in the words of package runtime, such
	// as "chan receive, 2 minutes". It tells what a task waits for that is ready.
	Goroutine string         `json:"goroutine,omitempty"`
	Waited    *time.Duration `json:"waitedNs,omitempty"` // by the run's clock; nil if it does not wait, or that is not known
	// Deadline is the time that is left until the earliest deadline where the task stands,
	// by the run's clock; nil if there is none.
	Deadline *time.Duration `json:"deadlineNs,omitempty"`
	Shielded bool           `json:"shielded,omitempty"` // no cancellation from outside of the task reaches where it stands
	// Canceled says why the task's next call will be canceled, or the one in which it waits
	// was; "" if it was not.
	Canceled string `json:"canceled,omitempty"`
	Wants    *Want  `json:"wants,omitempty"` // nil if it is not known who can end its wait
}

// A Want is what a task waits for, and from whom.
type Want struct {
	What    string  `json:"what"`           // "Lock"; "" if it waits for the ends of tasks
	Any     bool    `json:"any,omitempty"`  // it is enough if one of the owners gives it back
	Owners  []Owner `json:"owners"`         // 10 at most; those first that wait themselves, if there are more
	More    int     `json:"more,omitempty"` // how many more owners there are
	Waiting int     `json:"waiting"`        // how many tasks wait for it
}

// An Owner is who has what another one waits for.
type Owner struct {
	Ref
	Name  string `json:"name"`            // of the task, or "goroutine 12"
	Place string `json:"place,omitempty"` // "folder/file.go:12" where it got it, "" if unknown
}

// A Ref names a task of a process. It is zero for a goroutine that is no task.
type Ref struct {
	Run  uint64 `json:"run"`
	Task uint64 `json:"task"`
}

// Take looks at all runs of this process. Any goroutine may do so.
func Take() *Snapshot { return take(kernel.LookAt) }

func take(lookAt func([]*kernel.Run) [][]kernel.Standing) *Snapshot {
	runs := kernel.LiveRuns()
	if a := kernel.Ambient(); a != nil {
		runs = append([]*kernel.Run{a}, runs...)
	}
	s := &Snapshot{PID: os.Getpid(), Runs: []Run{}, Deadlocks: []Deadlock{}} // [] in JSON, not null
	if name, err := os.Executable(); err == nil {
		s.Program = filepath.Base(name)
	}
	held, looks := make([][]kernel.HeldLoop, len(runs)), make([][]kernel.LoopLook, len(runs))
	for i, r := range runs {
		held[i], looks[i] = r.HeldLoops(), r.LoopLooks() // what comes later is the fault of the look
	}
	tasks := lookAt(runs)
	s.Taken = time.Now()
	wants := make(map[*kernel.Owner]*Want)
	for i, standing := range tasks {
		r := Run{ID: runs[i].Birth().Number, Backend: runs[i].Backend.Name(), Began: runs[i].Birth().At, Loops: max(1, len(runs[i].Loops()))}
		if r.ID == 0 && len(standing) == 0 {
			continue
		}
		now := runs[i].Today()
		for _, t := range standing {
			if !t.Task.Finished() {
				r.Tasks = append(r.Tasks, describe(t, now, wants))
			}
		}
		r.hold(stillHeld(held[i], runs[i].HeldLoops()), standing, s.Taken)
		r.turn(looks[i])
		r.Tasks = inTreeOrder(r.Tasks)
		s.Runs = append(s.Runs, r)
	}
	s.Deadlocks = deadlocks(s.Runs)
	s.shorten(wants)
	return s
}

// turn tells how the loops do.
func (r *Run) turn(looks []kernel.LoopLook) {
	for _, l := range looks {
		ready := 0
		for _, t := range r.Tasks {
			if t.Loop == l.Loop && t.State == anyio.TaskReady {
				ready++
			}
		}
		r.Statistics = append(r.Statistics, LoopStatistics{l.Loop, l.Turns, ready, l.Behind})
	}
}

// describe tells of one task; now is the time of its run, wants are for wantOf.
func describe(s kernel.Standing, now time.Time, wants map[*kernel.Owner]*Want) Task {
	t := Task{
		ID: s.Task.ID(), Name: s.Task.Name(), Loop: s.Task.Scope.Run().Index(), State: anyio.TaskReady,
		At: s.Places, Goroutine: s.State,
	}
	if host := s.Task.Host(); host != nil {
		t.Parent = host.ID()
	}
	at := s.Task.InnerScope()
	if s.Waiting {
		at = s.Scope
		t.State, t.WaitsFor = anyio.TaskWaiting, s.Op.String()
		if !s.Since.IsZero() {
			waited := now.Sub(s.Since)
			t.Waited = &waited
		}
		t.Wants = wantOf(s.Owners, wants)
	}
	if d, ok := at.EffectiveDeadline(); ok {
		left := d.Sub(now)
		t.Deadline = &left
	}
	if !s.Waiting && s.Task.RunsHere() {
		t.State = anyio.TaskRunning
	}
	t.Shielded = s.Task.ShieldedAt(at)
	if at.Canceled() {
		t.Canceled = kernel.Place{S: at}.Check().Error()
	}
	return t
}

// inTreeOrder sorts tasks by their parents, and tells how deep they are. One whose parent is
// not among them gets none.
func inTreeOrder(tasks []Task) []Task {
	return tasktree.Order(tasks, func(t *Task) uint64 { return t.ID }, func(t *Task) uint64 { return t.Parent }, func(t *Task, depth int) {
		if t.Depth = depth; depth == 0 {
			t.Parent = 0
		}
	})
}
