package look

import (
	"bytes"
	"fmt"
	"io"
	"strings"

	"github.com/anyio-go/anyio/cluster"
	"github.com/anyio-go/anyio/inspect"
	"github.com/anyio-go/anyio/internal/tasktree"
)

// WriteTo writes the tree as a person reads it: the processes, and in each the tasks of its
// runs. Tasks that do what others have called, or wait for as a job, are below these, marked
// with an arrow. A job for which several wait is below the first of them.
func (s *Snapshot) WriteTo(w io.Writer) (int64, error) {
	var b bytes.Buffer
	d := s.drawing()
	for i := range s.Processes {
		if i > 0 {
			b.WriteByte('\n')
		}
		d.process(&b, i)
	}
	for _, m := range s.Members {
		if m.Silent {
			fmt.Fprintf(&b, "\n%s is silent\n", tasktree.Printable(nameOf(&m)))
		}
	}
	return b.WriteTo(w)
}

// A place is a task of one of the processes.
type place struct {
	process int
	ref     inspect.Ref
}

// A callID tells a call from others, or a job, for which several tasks may wait.
type callID struct {
	caller string
	number uint64
	job    string
}

func idOf(call cluster.CallInfo) callID {
	if call.Job != "" {
		return callID{job: call.Job}
	}
	return callID{caller: call.Caller, number: call.Number}
}

// A waiter is a task that waits for a call.
type waiter struct {
	place
	member string // its ID
}

// A drawing is what a tree is drawn from.
type drawing struct {
	s        *Snapshot
	tasks    map[place]*inspect.Task
	parents  map[place]place
	children map[place][]place
	calls    map[place][]cluster.CallInfo // that a task waits for
	callers  map[callID]waiter            // the tasks that do, of a job the first one
	runs     map[callID]place             // the tasks that do what was called
	served   map[place]cluster.CallInfo   // what a task does for others
	drawn    map[place]bool
	rows     []row
}

type row struct {
	depth int
	text  string
}

func (s *Snapshot) drawing() *drawing {
	d := &drawing{
		s: s, tasks: map[place]*inspect.Task{}, parents: map[place]place{}, children: map[place][]place{}, calls: map[place][]cluster.CallInfo{},
		callers: map[callID]waiter{}, runs: map[callID]place{}, served: map[place]cluster.CallInfo{}, drawn: map[place]bool{},
	}
	for i, p := range s.Processes {
		if p.Tree != nil {
			d.index(i, p.Tree)
		}
	}
	for i, p := range s.Processes {
		for _, id := range p.Members {
			m := s.member(id)
			for _, call := range m.Calls {
				at := place{i, inspect.Ref(call.Task)}
				d.calls[at] = append(d.calls[at], call)
				if _, ok := d.callers[idOf(call)]; !ok && d.tasks[at] != nil {
					d.callers[idOf(call)] = waiter{at, m.ID}
				}
			}
			for _, call := range m.Running {
				at := place{i, inspect.Ref(call.Task)}
				d.served[at], d.runs[idOf(call)] = call, at
			}
		}
	}
	return d
}

// index finds the tasks of a process.
func (d *drawing) index(process int, tree *inspect.Snapshot) {
	for r := range tree.Runs {
		run := &tree.Runs[r]
		for n := range run.Tasks {
			t := &run.Tasks[n]
			at := place{process, inspect.Ref{Run: run.ID, Task: t.ID}}
			d.tasks[at] = t
			if t.Depth > 0 {
				parent := place{process, inspect.Ref{Run: run.ID, Task: t.Parent}}
				d.parents[at], d.children[parent] = parent, append(d.children[parent], at)
			}
		}
	}
}

// process draws one.
func (d *drawing) process(w io.Writer, i int) {
	p := &d.s.Processes[i]
	first := d.s.member(p.Members[0])
	var names []string
	for _, id := range p.Members {
		names = append(names, nameOf(d.s.member(id)))
	}
	fmt.Fprintln(w, tasktree.Printable(fmt.Sprintf("%s, process %d on %s: %s", first.Program, first.PID, first.Host, strings.Join(names, ", "))))
	if p.Tree == nil {
		fmt.Fprintln(w, tasktree.Printable("its tasks are not known: "+p.Unknown))
		d.callsAlone(w, p)
		return
	}
	if n := len(p.Tree.Deadlocks); n > 0 {
		fmt.Fprintf(w, "%d deadlocks, which anyio tree %d shows there\n", n, p.Tree.PID)
	}
	for r := range p.Tree.Runs {
		run := &p.Tree.Runs[r]
		fmt.Fprintln(w, tasktree.Printable(fmt.Sprintf("run %d on %s, tasks: %d", run.ID, run.Backend, len(run.Tasks))))
		d.rows = nil
		for n := range run.Tasks {
			if run.Tasks[n].Depth == 0 {
				d.task(place{i, inspect.Ref{Run: run.ID, Task: run.Tasks[n].ID}}, 0, "")
			}
		}
		d.write(w)
	}
}

func (d *drawing) write(w io.Writer) {
	for n, left := range tasktree.Branches(len(d.rows), func(n int) int { return d.rows[n].depth }) {
		fmt.Fprintf(w, "%s%s\n", left, tasktree.Printable(d.rows[n].text))
	}
}

// callsAlone draws the calls of a process of which no tasks are known.
func (d *drawing) callsAlone(w io.Writer, p *Process) {
	d.rows = nil
	for _, id := range p.Members {
		m := d.s.member(id)
		for _, call := range m.Calls {
			d.call(call, 0)
		}
		for _, call := range m.Running {
			d.row(0, "runs "+describe(call)+d.forWhom(call))
		}
	}
	d.write(w)
}

func (d *drawing) row(depth int, text string) { d.rows = append(d.rows, row{depth, text}) }

// task draws a task with what is below it, here and elsewhere. What runs for a task of the
// tree is drawn there, where, which is then not "".
func (d *drawing) task(at place, depth int, where string) {
	t, served := d.tasks[at], d.served[at]
	if t == nil {
		return
	}
	if where == "" && served.Function != "" {
		if caller, ok := d.callers[idOf(served)]; ok && (d.drawn[at] || !d.forItself(at)) {
			d.row(depth, fmt.Sprintf("%s #%d: see %s #%d of %s", t.Name, t.ID, d.tasks[caller.place].Name, caller.ref.Task, nameOf(d.s.member(caller.member))))
			return
		}
	}
	if d.drawn[at] {
		return
	}
	d.drawn[at] = true
	text := where + t.String()
	if where == "" && served.Function != "" {
		text += d.forWhom(served)
	}
	d.row(depth, text)
	for _, call := range d.calls[at] {
		d.call(call, depth+1)
	}
	for _, child := range d.children[at] {
		d.task(child, depth+1, "")
	}
}

// forItself reports whether what a task does for others is waited for by itself in the end,
// as jobs that wait for each other do. Then it is below no other task.
func (d *drawing) forItself(at place) bool {
	seen := map[place]bool{}
	for up, ok := at, true; ok; {
		if served := d.served[up]; served.Function != "" {
			if caller, waited := d.callers[idOf(served)]; waited {
				if up = caller.place; seen[up] {
					return true
				}
				seen[up] = true
				continue
			}
		}
		up, ok = d.parents[up]
	}
	return false
}

// call draws a call of a task.
func (d *drawing) call(call cluster.CallInfo, depth int) {
	at, ok := d.runs[idOf(call)]
	switch {
	case call.Waits:
		d.row(depth, "→ "+describe(call)+", waiting for a worker with room")
	case ok && d.tasks[at] != nil && !d.drawn[at]:
		d.task(at, depth, "→ "+call.WorkerName+": ")
	case call.Job != "" && call.Worker == "":
		d.row(depth, "→ "+describe(call)+", job "+call.Job+", which nobody is known to run")
	case call.Worker == "":
		d.row(depth, "→ "+describe(call)+", on its way")
	default:
		text := "→ " + call.WorkerName + ": " + describe(call)
		if m := d.s.member(call.Worker); m == nil || m.Silent {
			text += ", which is silent"
		}
		d.row(depth, text)
	}
}

// forWhom tells who has called what a task does.
func (d *drawing) forWhom(call cluster.CallInfo) string {
	switch m := d.s.member(call.Caller); {
	case call.Job != "":
		return fmt.Sprintf(", attempt %d of job %s", call.Attempt, call.Job)
	case m != nil:
		return ", called by " + nameOf(m)
	}
	return ", called by " + call.Caller
}

func describe(call cluster.CallInfo) string {
	text := fmt.Sprintf("%s, for %s", call.Function, tasktree.Rounded(call.For))
	if call.Deadline != nil {
		text += ", deadline in " + tasktree.Rounded(*call.Deadline)
	}
	if call.Ending != "" {
		text += ", " + call.Ending
	}
	return text
}

// nameOf is the name of a member, or its ID where that is not known.
func nameOf(m *cluster.Member) string {
	if m.Name == "" {
		return m.ID
	}
	return m.Name
}
