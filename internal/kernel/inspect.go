package kernel

import "time"

// A TaskView is what can be told about a task at one instant.
type TaskView struct {
	Task    *Task
	Depth   int    // nesting of tasks, 0 for a first task
	Scope   *Scope // where it waits, else its own
	Waiting bool
	Op      Op
	Since   time.Time // zero unless the run records it
	Word    uint64    // changes with every wait
}

// Tasks lists the tasks of the run that have not finished, parents before
// children, siblings in order of their start.
func (r *Run) Tasks() []TaskView {
	var views []TaskView
	r.Root.walk(0, &views)
	return views
}

// walk appends the tasks below s. A waiter is found in the scope it waits in,
// which may be nested in the task's own.
func (s *Scope) walk(depth int, views *[]TaskView) {
	if s.state.Load()&stTask != 0 {
		*views = append(*views, TaskView{Task: s.task, Scope: s, Depth: depth})
		depth++
	}
	if s.task != nil {
		s.lookForWait(*views)
	}
	s.mu.Lock()
	var children []*Scope
	for c := s.firstTask(); c != nil; c = c.next {
		if c.state.Load()&stClosed == 0 {
			children = append(children, c)
		}
	}
	for c := s.child; c != nil; c = c.next {
		children = append(children, c)
	}
	s.mu.Unlock()
	for i := len(children) - 1; i >= 0; i-- { // the list has the newest first
		children[i].walk(depth, views)
	}
}

func (s *Scope) lookForWait(views []TaskView) {
	w := s.waiter.Load()
	if w == nil {
		return
	}
	op, word, waiting := w.describe()
	if !waiting || s.waiter.Load() != w {
		return
	}
	for i := len(views) - 1; i >= 0; i-- {
		if v := &views[i]; v.Task == s.task {
			v.Waiting, v.Op, v.Word, v.Scope = true, op, word, s
			if since := w.since.Load(); since != 0 {
				v.Since = s.run.Epoch().Add(time.Duration(since - 1))
			}
			return
		}
	}
}

// AllBlocked reports whether all tasks but one wait at this instant. Two looks
// that see the same waits prove that nothing ran in between.
func (r *Run) AllBlocked(except *Task) bool {
	first := r.Tasks()
	for _, v := range first {
		if !v.Waiting && v.Task != except {
			return false
		}
	}
	second := r.Tasks()
	if len(first) != len(second) {
		return false
	}
	for i, v := range second {
		if v.Task != first[i].Task || v.Task != except && (!v.Waiting || v.Word != first[i].Word) {
			return false
		}
	}
	return true
}

// A Stall is the end of a run that cannot go on.
type Stall struct {
	Kind  string // "deadlock" or "livelock"
	Tasks []StalledTask
	Steps uint64
	Now   time.Time
	Seed  uint64
}

// A StalledTask says where a task stands.
type StalledTask struct {
	ID     uint64
	Name   string
	Depth  int
	Op     string
	Since  time.Time
	Source string // file:line of the user's call
}

// NewStall makes the error of a stall. The root package sets it.
var NewStall func(*Stall) error

// Stalled describes all tasks of the run.
func (r *Run) Stalled(kind string) *Stall {
	st := &Stall{Kind: kind, Now: r.Epoch().Add(time.Duration(r.Now()))}
	stacks := Stacks()
	for _, v := range r.Tasks() {
		st.Tasks = append(st.Tasks, StalledTask{
			ID: v.Task.ID(), Name: v.Task.Name(), Depth: v.Depth, Op: v.Op.String(), Since: v.Since,
			Source: UserFrame(stacks[v.Task.GoroutineID()]),
		})
	}
	return st
}

// InnerScope is the innermost scope of the task that is known to the tree: a
// scope in which nothing has blocked yet is not.
func (t *Task) InnerScope() *Scope {
	s := &t.Scope
	for {
		in := s.ownChild()
		if in == nil {
			return s
		}
		s = in
	}
}

// ownChild is the newest scope opened in s by its own task, nil if there is none.
func (s *Scope) ownChild() *Scope {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := s.child; c != nil; c = c.next {
		if c.task == s.task && c.state.Load()&stTask == 0 {
			return c
		}
	}
	return nil
}
