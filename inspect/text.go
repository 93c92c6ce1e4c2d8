package inspect

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/anyio-go/anyio/internal/tasktree"
)

// WriteTo writes the snapshot as a person reads it: the deadlocks first, then the tasks of
// each run as a tree.
func (s *Snapshot) WriteTo(w io.Writer) (int64, error) {
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s (%d) at %s\n", s.Program, s.PID, s.Taken.Format(time.DateTime))
	var tasks map[Ref]*Task
	for _, d := range s.Deadlocks {
		if tasks == nil {
			tasks = s.index()
		}
		b.WriteString("\n" + s.deadlockText(d, tasks))
	}
	for i := range s.Runs {
		r := &s.Runs[i]
		fmt.Fprintf(&b, "\n%s\n", r.title(s.Taken))
		for _, h := range r.Held {
			b.WriteString(r.heldText(h))
		}
		for n, left := range tasktree.Branches(len(r.Tasks), func(n int) int { return r.Tasks[n].Depth }) {
			b.WriteString(r.Tasks[n].line(left))
		}
	}
	return b.WriteTo(w)
}

// String returns what WriteTo writes.
func (s *Snapshot) String() string {
	var b strings.Builder
	_, _ = s.WriteTo(&b)
	return b.String()
}

func (r *Run) title(now time.Time) string {
	tasks := fmt.Sprintf("%d tasks", len(r.Tasks))
	if len(r.Tasks) == 1 {
		tasks = "1 task"
	}
	if r.ID == 0 {
		return "outside of all runs: " + tasks
	}
	backend := r.Backend
	if r.Loops > 1 {
		backend = fmt.Sprintf("%d %s", r.Loops, backend) // "eventloops"
	}
	return fmt.Sprintf("run %d on %s, for %s: %s", r.ID, backend, tasktree.Rounded(now.Sub(r.Began)), tasks)
}

// String describes the task in a line, as WriteTo of a Snapshot does.
func (t *Task) String() string { return strings.TrimSuffix(t.line(""), "\n") }

// line describes the task after the branches of the tree.
func (t *Task) line(branches string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s%s #%d %s", branches, t.Name, t.ID, t.State)
	switch {
	case t.WaitsFor != "":
		b.WriteString(" for " + t.WaitsFor)
	case t.Goroutine != "" && t.Goroutine != "coroutine" && t.Goroutine != "running" && t.Goroutine != "runnable":
		b.WriteString(" (" + t.Goroutine + ")")
	}
	if len(t.At) > 0 {
		b.WriteString(" at " + strings.Join(t.At, " from "))
	}
	if t.Waited != nil {
		b.WriteString(", for " + tasktree.Rounded(*t.Waited))
	}
	if t.Wants != nil {
		b.WriteString(", " + t.Wants.text())
	}
	if t.Deadline != nil {
		b.WriteString(", deadline in " + tasktree.Rounded(*t.Deadline))
	}
	if t.Shielded {
		b.WriteString(", shielded")
	}
	if t.Canceled != "" {
		b.WriteString(", " + strings.TrimPrefix(t.Canceled, "anyio: "))
	}
	b.WriteByte('\n')
	return b.String()
}

// mostNamed is how many owners are named in a line.
const mostNamed = 3

// text says what is wanted of whom, as "Lock held by x #3 since a/b.go:12".
func (w *Want) text() string {
	var who []string
	for _, o := range w.Owners[:min(len(w.Owners), mostNamed)] {
		text := o.Name
		if o.Task != 0 {
			text = fmt.Sprintf("%s #%d", o.Name, o.Task)
		}
		if o.Place != "" {
			text += " since " + o.Place
		}
		who = append(who, text)
	}
	if more := w.More + len(w.Owners) - len(who); more > 0 {
		who = append(who, fmt.Sprintf("%d more", more))
	}
	others := ""
	if w.Waiting > 1 {
		others = fmt.Sprintf(" (%d wait for it)", w.Waiting)
	}
	if w.What == "" {
		return "the end of " + strings.Join(who, ", ") + others
	}
	return w.What + " held by " + strings.Join(who, ", ") + others
}

func (s *Snapshot) deadlockText(d Deadlock, tasks map[Ref]*Task) string {
	var b strings.Builder
	fmt.Fprintf(&b, "deadlock: %d tasks wait for each other", len(d.Circle))
	if len(d.Circle) == 1 {
		b.Reset()
		b.WriteString("deadlock: a task waits for itself")
	}
	if len(d.Behind) > 0 {
		fmt.Fprintf(&b, ", and %d more for them", len(d.Behind))
	}
	b.WriteByte('\n')
	for i, l := range d.Circle {
		next := d.Circle[(i+1)%len(d.Circle)]
		fmt.Fprintf(&b, "  %s waits for ", s.name(l))
		if l.What == "" {
			fmt.Fprintf(&b, "the end of %s", s.name(next))
		} else {
			fmt.Fprintf(&b, "the %s that %s holds", l.What, s.name(next))
		}
		if l.Place != "" {
			b.WriteString(" since " + l.Place)
		}
		if t := tasks[l.Ref]; t != nil && len(t.At) > 0 {
			b.WriteString(", at " + t.At[0])
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// name is the task of a link, with the run if there are several.
func (s *Snapshot) name(l Link) string {
	if len(s.Runs) > 1 {
		return fmt.Sprintf("%s #%d of run %d", l.Name, l.Ref.Task, l.Run)
	}
	return fmt.Sprintf("%s #%d", l.Name, l.Ref.Task)
}

// Task returns the task that ref names, nil if there is none.
func (s *Snapshot) Task(ref Ref) *Task {
	if r := s.run(ref.Run); r != nil {
		return r.task(ref.Task)
	}
	return nil
}
